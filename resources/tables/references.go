package tables

import (
	"maps"
	"slices"
	"strings"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// Reference says that the values of a column are those of a column of another table, or of the same one.
type Reference struct {
	From   *table.Table
	Column table.Column
	To     *table.Table
	Of     table.Column
}

// Required reports whether each row has a value in the referring column.
func (r Reference) Required() bool {
	return r.Column.Key || r.From.Parent != nil && r.From.Parent.Column == r.Column.Name
}

// IsList reports whether the referring column has a list of values.
func (r Reference) IsList() bool { return r.Column.Type == table.JSON }

// terms are the names of referring columns that do not follow from the name of a table, as deal_id follows from deals.
var terms = map[string]string{
	"board_id":   "project_boards.id",
	"creator_id": "users.id",
	"manager_id": "users.id",
	"currency":   "currencies.code",
	"org_id":     "organizations.id",
	"owner_id":   "users.id",
	"phase_id":   "project_phases.id",
}

// References are the references of all tables. A column refers to the column that it declares; otherwise its name
// decides. It is, or ends with, the singular of a table's name and _id, or one of the terms. A list's name ends with
// _ids.
func References() []Reference {
	all := All()
	names := targets(all)
	var references []Reference
	for _, t := range all {
		for _, c := range t.Columns {
			records, of, _ := strings.Cut(names[longest(names, c)], ".")
			if c.Refers != "" {
				records, of, _ = strings.Cut(c.Refers, ".")
			}
			i := slices.IndexFunc(all, func(to *table.Table) bool { return to.Records == records })
			if i < 0 {
				continue
			}
			r := Reference{From: t, Column: c, To: all[i], Of: all[i].Columns[all[i].Column(of)]}
			if r.IsList() || c.Type == r.Of.Type {
				references = append(references, r)
			}
		}
	}
	return references
}

// targets are the columns that referring columns refer to, by name.
func targets(all []*table.Table) map[string]string {
	names := map[string]string{}
	for _, t := range all {
		if key := t.Key(); len(key) == 1 && t.Columns[key[0]].Name == "id" {
			names[singular(t.Records)+"_id"] = t.Records + ".id"
		}
	}
	maps.Copy(names, terms)
	return names
}

// longest is the longest of the names that a column's name is or ends with; empty for none, and for a table's own key.
func longest(names map[string]string, c table.Column) (found string) {
	own := "_" + c.Name
	if c.Type == table.JSON {
		own = strings.TrimSuffix(own, "s")
	}
	for name := range names {
		if strings.HasSuffix(own, "_"+name) && len(name) > len(found) {
			found = name
		}
	}
	return found
}

// singular is the name of one of some records.
func singular(records string) string {
	if stem, ok := strings.CutSuffix(records, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(records, "s")
}
