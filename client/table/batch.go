package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/cloudquery/plugin-sdk/v4/scalar"
	"github.com/cloudquery/plugin-sdk/v4/schema"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/google/uuid"
)

// valueBytes is the size of a value without its text, in bytes: a number or an offset, and the validity bit.
const valueBytes = 9

// Batch builds Arrow record batches from the rows of one account's table. It is not safe for concurrent use.
type Batch struct {
	Rows  int // in the current record batch
	Bytes int // approximately, in that batch

	account string
	ids     *derivedIDs // nil if the values of _cq_id are random
	builder *array.RecordBuilder
	cqIDs   *types.UUIDBuilder
	parents array.Builder // of _cq_parent_id, which is always NULL
	owners  *array.StringBuilder
	values  []array.Builder // of the record's columns
	texts   []*texts        // the text columns among them
	before  int             // rows of the previous record batch
}

// texts is a text column in the current record batch.
type texts struct {
	*array.BinaryBuilder
	before int // bytes in the previous record batch
}

// NewBatch returns an empty batch for a table with its schema. With derived, a row's _cq_id is derived from its
// key.
func NewBatch(t *Table, s *schema.Table, account string, derived bool) *Batch {
	b := &Batch{account: account, builder: array.NewRecordBuilder(memory.DefaultAllocator, s.ToArrowSchema())}
	column := func(name string) array.Builder { return b.builder.Field(s.Columns.Index(name)) }
	b.cqIDs, _ = column(schema.CqIDColumn.Name).(*types.UUIDBuilder)
	b.parents = column(schema.CqParentIDColumn.Name)
	b.owners, _ = column(AccountColumn).(*array.StringBuilder)
	for _, c := range t.Columns {
		values := column(c.Name)
		b.values = append(b.values, values)
		if builder := binaryBuilder(values); builder != nil {
			b.texts = append(b.texts, &texts{BinaryBuilder: builder})
		}
	}
	if derived {
		b.ids = newDerivedIDs(t, account)
	}
	return b
}

// binaryBuilder returns the builder of a text column, nil for other columns.
func binaryBuilder(column array.Builder) *array.BinaryBuilder {
	switch b := column.(type) {
	case *array.StringBuilder:
		return b.BinaryBuilder
	case *types.JSONBuilder:
		return binaryBuilder(b.Builder)
	case *array.BinaryBuilder:
		return b
	}
	return nil
}

// reserve makes room for as many values as the previous record batch had, and for a little more text. Otherwise each
// column would be reallocated several times while it grows, and once more, to twice its size, for the last few texts.
func (b *Batch) reserve() {
	b.builder.Reserve(b.before)
	for _, t := range b.texts {
		t.ReserveData(t.before + t.before/8)
	}
}

// Append adds a row, given its [Row.Bytes].
func (b *Batch) Append(row *Row, size int) error {
	if b.Rows == 0 {
		b.reserve()
	}
	id, err := b.cqID(row)
	if err != nil {
		return err
	}
	b.cqIDs.Append(id)
	b.parents.AppendNull()
	b.owners.Append(b.account)
	for i := range row.states {
		row.Value(i).AppendTo(b.values[i])
	}
	b.Rows, b.Bytes = b.Rows+1, b.Bytes+size
	return nil
}

func (b *Batch) cqID(row *Row) (uuid.UUID, error) {
	if b.ids == nil {
		return uuid.NewRandom()
	}
	return b.ids.of(row)
}

// Record returns the added rows, and starts another batch.
func (b *Batch) Record() arrow.RecordBatch {
	b.before, b.Rows, b.Bytes = b.Rows, 0, 0
	for _, t := range b.texts {
		t.before = t.DataLen()
	}
	return b.builder.NewRecordBatch()
}

// derivedIDs derives the values of _cq_id from keys, as the SDK does.
type derivedIDs struct {
	row *schema.Resource
	key []int
}

func newDerivedIDs(t *Table, account string) *derivedIDs {
	s := &schema.Table{Name: t.Name(), Columns: schema.ColumnList{schema.CqIDColumn, accountIDColumn}}
	ids := &derivedIDs{key: t.Key()}
	for _, i := range ids.key {
		s.Columns = append(s.Columns, t.Columns[i].schemaColumn())
	}
	ids.row = schema.NewResourceData(s, nil, nil)
	TextValue(account).put(ids.row.GetValues()[1])
	return ids
}

func (d *derivedIDs) of(row *Row) (uuid.UUID, error) {
	scalars := d.row.GetValues()
	for i, column := range d.key {
		row.Value(column).put(scalars[2+i])
	}
	if err := d.row.CalculateCQID(true); err != nil {
		return uuid.UUID{}, fmt.Errorf("a row's _cq_id can't be made of its key: %w", err)
	}
	id, _ := scalars[0].(*scalar.UUID)
	return id.Value, nil
}
