package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// A Product is a product of one account with the deals won in the shown months that have it. Its value is Pipedrive's
// sum: after the product's discount, without a discount on the whole deal.
type Product struct {
	Sums
	Account  string
	ID       int64 // 0: products that were deleted so long ago that Pipedrive no longer names them
	Name     string
	Code     string
	Quantity map[string]float64 // by currency
}

// Title returns the product's name, or a substitute if there is none.
func (p *Product) Title() string {
	if p.ID == 0 {
		return cmp.Or(p.Name, "Removed products")
	}
	return title(p.Name, "product", p.ID)
}

// A Holding counts deals that have enabled products.
type Holding struct{ Open, WonLately int }

// A productRow is a product of a deal. If a deal has a product twice, it is both.
type productRow struct {
	deal
	product         int64
	name            string
	quantity, value float64
}

func (p *productRow) fields() []any {
	return []any{
		&p.account, &p.id, &p.status, &p.wonAt, &p.closedAt, &p.wonOn, &p.closedOn,
		&p.product, &p.name, &p.currency, &p.quantity, &p.value,
	}
}

// products files the products of open deals and of deals that were won in the shown months.
func (t *tally) products(r *reader) {
	statement, ok := r.statement("pipedrive_deal_products", "pipedrive_deals")
	if !ok {
		return
	}
	products := map[recordKey]*Product{}
	var before recordKey
	each(r, statement, (*productRow).fields, func(row productRow) {
		won := row.status == "won"
		if won && t.month(row.closed()) == nil {
			return
		}
		if key := (recordKey{row.account, row.id}); key != before {
			before = key
			if won {
				t.Holding.WonLately++
			} else {
				t.Holding.Open++
			}
		}
		if won {
			t.sold(products, row)
		}
	})
	t.nameProducts(r, products)
	for _, p := range products {
		t.Products = append(t.Products, *p)
	}
	slices.SortFunc(t.Products, func(a, b Product) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.ID, b.ID)) })
}

// sold files a product of a won deal.
func (t *tally) sold(products map[recordKey]*Product, row productRow) {
	key := recordKey{row.account, row.product}
	p := products[key]
	if p == nil {
		p = &Product{Account: row.account, ID: row.product, Quantity: map[string]float64{}}
		products[key] = p
	}
	if row.product != 0 {
		p.Name = row.name
	}
	p.add(row.currency, Money{Deals: 1, Value: row.value})
	p.Quantity[row.currency] += row.quantity
	t.currencies[row.currency] += 0 // includes currencies that no deal has
}

// nameProducts gives the products their present names and codes, if these are known.
func (t *tally) nameProducts(r *reader, products map[recordKey]*Product) {
	statement, ok := r.statement("pipedrive_products")
	if !ok {
		return
	}
	type row struct {
		recordKey
		name, code string
	}
	each(r, statement, func(p *row) []any { return []any{&p.account, &p.id, &p.name, &p.code} }, func(p row) {
		if sold := products[p.recordKey]; sold != nil {
			sold.Name, sold.Code = cmp.Or(p.name, sold.Name), p.code
		}
	})
}

var (
	soldQuantity = measure{"Quantity", false, func(l part, c string) float64 { return l.Quantity[c] }}
	revenue      = measure{"Revenue", true, wonValue.of}
)

// byProduct returns the breakdown of the products with the greatest revenue in each currency.
func (f *Figures) byProduct() (b breakdown, err error) {
	b.Title = "Products sold"
	sold := f.productParts()
	slices.SortStableFunc(sold, func(a, b part) int { return cmp.Compare(b.Won.Deals, a.Won.Deals) })
	inAll := measure{of: func(l part, _ string) float64 { return float64(l.Won.Deals) }}
	if b.Charts, err = barChart("Won deals", deals, sold[:min(len(sold), barsShown)], inAll, ""); err != nil {
		return b, err
	}
	for _, c := range f.Currencies {
		first, others := topProducts(sold, c)
		drawn, err := barChart("Revenue, "+currency(c), won, first, revenue, c)
		if err != nil {
			return b, err
		}
		b.show(drawn...)
		b.Tables = append(b.Tables, ledgers([]string{c}, append(first, others...), soldQuantity, revenue)...)
	}
	return b, nil
}

// productParts names the products so that no two have the same name: by their code or id, and by their account.
func (f *Figures) productParts() (parts []part) {
	called := map[string]int{}
	for _, p := range f.Products {
		called[p.Account+" "+p.Title()]++
	}
	for _, p := range f.Products {
		name := p.Title()
		if called[p.Account+" "+name] > 1 {
			name += " · " + cmp.Or(p.Code, strconv.FormatInt(p.ID, 10))
		}
		if len(f.Accounts) > 1 {
			name += " · " + p.Account
		}
		parts = append(parts, part{Name: name, Won: p.Sums, Quantity: p.Quantity})
	}
	return parts
}

// topProducts returns the products with the greatest revenue in a currency, and one part for all others.
func topProducts(sold []part, currency string) (first, others []part) {
	first = slices.DeleteFunc(slices.Clone(sold), func(p part) bool { return p.Won.In(currency).Deals == 0 })
	slices.SortStableFunc(first, func(a, b part) int { return cmp.Compare(b.Won.In(currency).Value, a.Won.In(currency).Value) })
	if len(first) <= barsShown+1 { // a single other product has a name
		return first, nil
	}
	rest := part{Name: fmt.Sprintf("%d other products", len(first)-barsShown), Quantity: map[string]float64{}}
	for _, p := range first[barsShown:] {
		rest.Won.add(currency, p.Won.In(currency))
		rest.Quantity[currency] += p.Quantity[currency]
	}
	return first[:barsShown:barsShown], []part{rest}
}
