package customfields

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
)

// field is a custom field of account "a" unless its hash begins with the letter of another.
func field(hash, kind, name string) *Field {
	return &Field{Account: hash[:1], Hash: hash + strings.Repeat("0", table.HashLength-len(hash)), Kind: kind, Name: name}
}

func TestNameColumns(t *testing.T) {
	for name, test := range map[string]struct {
		kept, fresh []*Field
		want        map[string]string // columns by the beginnings of hashes
	}{
		"a name": {fresh: []*Field{field("a1", "text", "Lead  Source (2026)")}, want: map[string]string{"a1": "cf_lead_source_2026"}},
		"two of one name": {
			fresh: []*Field{field("a1", "text", "Budget"), field("a2", "double", "BUDGET"), field("a3", "text", "Other")},
			want:  map[string]string{"a1": "cf_budget_a1000000", "a2": "cf_budget_a2000000", "a3": "cf_other"},
		},
		"no letter left": {
			fresh: []*Field{field("a1", "text", "🚀"), field("a2", "text", "--"), field("a3", "text", "")},
			want:  map[string]string{"a1": "cf_a1000000", "a2": "cf_a2000000", "a3": "cf_a3000000"},
		},
		"accounts share a name": {
			fresh: []*Field{field("a1", "double", "Budget"), field("b1", "double", "budget")},
			want:  map[string]string{"a1": "cf_budget", "b1": "cf_budget"},
		},
		"accounts differ in kind": {
			fresh: []*Field{field("a1", "double", "Budget"), field("b1", "text", "Budget"), field("c1", "double", "Budget")},
			want:  map[string]string{"a1": "cf_budget_double", "b1": "cf_budget_text", "c1": "cf_budget_double"},
		},
		"an account has two of another's name": {
			fresh: []*Field{field("a1", "double", "Budget"), field("a2", "text", "Budget"), field("b1", "double", "Budget")},
			want:  map[string]string{"a1": "cf_budget_a1000000", "a2": "cf_budget_a2000000", "b1": "cf_budget"},
		},
		"a part has the name of a field": {
			fresh: []*Field{field("a1", "monetary", "Price"), field("a2", "text", "Price currency")},
			want:  map[string]string{"a1": "cf_price_a1000000", "a2": "cf_price_currency_a2000000"},
		},
		"a part has the name of another account's field": {
			fresh: []*Field{field("a1", "monetary", "Price"), field("b2", "text", "Price currency")},
			want:  map[string]string{"a1": "cf_price_a1000000", "b2": "cf_price_currency_b2000000"},
		},
		"a new field has a name that is taken": {
			kept:  []*Field{{Account: "a", Hash: "a1", Kind: "double", Column: "cf_budget", Name: "Costs"}},
			fresh: []*Field{field("a2", "double", "Budget"), field("a3", "double", "Costs")},
			want:  map[string]string{"a2": "cf_budget_a2000000", "a3": "cf_costs"},
		},
		"a field changes its kind": {
			kept:  []*Field{{Account: "a", Hash: "a1" + strings.Repeat("0", 38), Kind: "double", Column: "cf_budget", Name: "Budget"}},
			fresh: []*Field{field("a1", "text", "Budget")},
			want:  map[string]string{"a1": "cf_budget_text"},
		},
		"a new account joins a column": {
			kept:  []*Field{{Account: "a", Hash: "a1", Kind: "double", Column: "cf_budget", Name: "Budget"}},
			fresh: []*Field{field("b1", "double", "Budget"), field("c1", "text", "Budget")},
			want:  map[string]string{"b1": "cf_budget", "c1": "cf_budget_text"},
		},
		"hashes that begin alike": {
			fresh: []*Field{field("a1234567892", "text", "X"), field("a1234567891", "text", "X")},
			want:  map[string]string{"a1234567892": "cf_x_text_a12345678920000000000000", "a1234567891": "cf_x_text_a12345678910000000000000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				rand.Shuffle(len(test.fresh), func(i, j int) { test.fresh[i], test.fresh[j] = test.fresh[j], test.fresh[i] })
				for _, f := range test.fresh {
					f.precision = byName
				}
				nameColumns(test.kept, test.fresh)
				for _, f := range test.fresh {
					require.Equal(t, test.want[strings.TrimRight(f.Hash, "0")], f.Column, "%s %s", f.Hash, f.Name)
				}
			}
		})
	}
}

// TestNameColumns_neverTwice: whatever the names of fields, no column stands for two fields of an account or for two
// kinds, and no name is too long for a database.
func TestNameColumns_neverTwice(t *testing.T) {
	words := []string{"Budget", "budget!", "Price", "Price currency", "Price until", "currency", "🚀", "", strings.Repeat("long name ", 30), strings.Repeat("long name ", 31)}
	names := []string{"text", "double", "monetary", "daterange", "timerange", "address", "json"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var kept, fresh []*Field
		for i := range 1 + r.IntN(25) {
			f := field(fmt.Sprintf("%c%x", 'a'+r.IntN(3), i+1), names[r.IntN(len(names))], words[r.IntN(len(words))])
			fresh = append(fresh, f)
			if r.IntN(4) == 0 {
				nameColumns(kept, fresh)
				kept, fresh = append(kept, fresh...), nil
			}
		}
		nameColumns(kept, fresh)
		owners := map[string]string{}    // account and name of a physical column → hash
		kindOfOne := map[string]string{} // physical column → column and kind
		for _, f := range append(kept, fresh...) {
			for _, p := range kindOf(f.Kind).columns {
				name := p.columnOf(f.Column)
				require.LessOrEqual(t, len(name), maxName)
				require.Regexp(t, `^cf_[a-z0-9_]+$`, name)
				if hash := owners[f.Account+name]; hash != "" {
					require.Equal(t, hash, f.Hash, "%s of account %s", name, f.Account)
				}
				owners[f.Account+name] = f.Hash
				if of := kindOfOne[name]; of != "" {
					require.Equal(t, of, f.Column+" "+f.Kind, name)
				}
				kindOfOne[name] = f.Column + " " + f.Kind
			}
		}
	}
}
