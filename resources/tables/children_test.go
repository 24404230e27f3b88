package tables

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// TestChildren_fitTheirParents: all columns of the parents that a declaration names exist and have the type that
// their use needs.
func TestChildren_fitTheirParents(t *testing.T) {
	var found int
	for _, of := range All() {
		if of.Parent == nil {
			continue
		}
		found++
		parent := of.Parent.Table
		typeOf := func(column string) table.Type {
			i := parent.Column(column)
			require.GreaterOrEqual(t, i, 0, "%s: the parents have no column %s", of.Records, column)
			return parent.Columns[i].Type
		}
		require.GreaterOrEqual(t, of.Column(of.Parent.Column), 0, of.Records)
		if of.Parent.Count != "" {
			require.Equal(t, table.Int, typeOf(of.Parent.Count), of.Records)
		}
		if of.Parent.Own != "" {
			require.NotEmpty(t, of.Parent.Count, of.Records)
			require.Equal(t, table.Int, typeOf(of.Parent.Own), of.Records)
			require.Equal(t, table.Int, of.Columns[of.Column(of.Parent.Own)].Type, of.Records)
		}
		if of.Parent.Skip != "" {
			require.Equal(t, table.Bool, typeOf(of.Parent.Skip), of.Records)
		}
		for _, column := range []string{of.Parent.Moved, of.Parent.Created} {
			if column != "" {
				require.Equal(t, table.Timestamp, typeOf(column), of.Records)
			}
		}
		require.NotEqual(t, of.Parent.Rows != "", len(of.Listings(table.V2)) > 0, "%s: either a parent's column or a list has the records", of.Records)
		if of.Parent.Rows != "" {
			require.Equal(t, table.JSON, typeOf(of.Parent.Rows), of.Records)
		}
		for _, l := range of.Listings(table.V2) {
			require.Positive(t, l.Parent.Batch, l.Path)
		}
		require.True(t, of.Incremental || !parent.Incremental, of.Records)
		require.Equal(t, of.Incremental, of.Time() >= 0, of.Records)
		for _, c := range of.Columns {
			column := c.V2.OfParent()
			require.Equal(t, column, c.V1.OfParent(), "%s.%s", of.Records, c.Name)
			if column != "" {
				require.Equal(t, c.Type, typeOf(column), "%s.%s", of.Records, c.Name)
			}
			if c.IncrementalKey {
				require.Equal(t, parent.Incremental, parent.Columns[parent.Column(column)].IncrementalKey, of.Records)
			}
		}
	}
	require.Positive(t, found)
}
