package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Zoo is an account with a custom field of every type that the vendor has, with typical names and options, and 300
// fields on organizations. The tests spell out the expected columns.
//
// Deal 1 has a value for each field, deal 2 no custom fields at all, deal 3 removed options, and deal 4 values of
// other types than their fields.
func Zoo() *Company {
	c := NewCompany(90)
	c.AddPipeline(Pipeline{Name: "the only one"})
	for _, f := range zooFields {
		f.Entity = "deal"
		c.AddField(f)
	}
	changed := c.Now().Add(-time.Hour)
	deal := func(title string, values map[string]any) {
		c.AddDeal(Deal{Title: title, Status: "open", Currency: "EUR", AddTime: changed, UpdateTime: &changed, CustomFields: values})
	}
	values := map[string]any{}
	for i, f := range zooFields {
		values[f.Key] = zooValues[i]
	}
	deal("everything", values)
	deal("nothing", nil)
	deal("options that were removed", map[string]any{
		zooKey("c1"): int64(99), zooKey("c2"): []int64{2, 98, 1}, zooKey("c3"): int64(7),
	})
	deal("values of other kinds", map[string]any{
		zooKey("a1"): json.RawMessage(`"a lot"`), zooKey("a3"): json.RawMessage(`{"value":"much","currency":"EUR"}`),
		zooKey("b1"): json.RawMessage(`"tomorrow"`), zooKey("c1"): json.RawMessage(`{"no":"option"}`),
		zooKey("c2"): json.RawMessage(`"1,2"`), zooKey("d1"): json.RawMessage(`[1]`), zooKey("e1"): json.RawMessage(`{"un":"expected"}`),
	})
	for i := range 300 {
		c.AddField(Field{Entity: "organization", Key: zooKey(fmt.Sprintf("f%03d", i)), Name: fmt.Sprintf("Field No. %d", i), Type: "varchar"})
	}
	c.AddOrganization(Organization{Name: "wide", AddTime: changed, UpdateTime: &changed, CustomFields: map[string]any{
		zooKey("f000"): "first", zooKey("f299"): "last",
	}})
	c.AddField(Field{Entity: "person", Key: zooKey("b9"), Name: "Budget", Type: "varchar"})
	c.AddPerson(Person{Name: "someone", AddTime: changed, UpdateTime: &changed, CustomFields: map[string]any{zooKey("b9"): "small"}})
	return c
}

// zooKey is a hash that begins with prefix.
func zooKey(prefix string) string { return prefix + strings.Repeat("0", 40-len(prefix)) }

var zooOptions = []Choice{{int64(1), "red, \"dark\"", "red"}, {int64(2), "grün; {hell}", "green"}, {int64(3), "", "blue"}}

// zooFields are the custom fields of deals; zooValues are their values in deal 1.
var zooFields = []Field{
	{Key: zooKey("a1"), Name: "Budget", Type: "double"},
	{Key: zooKey("a2"), Name: "budget!", Type: "monetary"},
	{Key: zooKey("a3"), Name: "Price", Type: "monetary"},
	{Key: zooKey("a4"), Name: "Price currency", Type: "varchar"},
	{Key: zooKey("a5"), Name: "Title", Type: "varchar"},
	{Key: zooKey("a6"), Name: "ID", Type: "int"},
	{Key: zooKey("a7"), Name: "🚀💶", Type: "varchar"},
	{Key: zooKey("a8"), Name: "Бюджет проекта", Type: "text"},
	{Key: zooKey("a9"), Name: "预算", Type: "varchar_auto"},
	{Key: zooKey("aa"), Name: strings.Repeat("Very long ", 20), Type: "address"},
	{Key: zooKey("ab"), Name: strings.Repeat("Very long ", 19) + "different", Type: "address"},
	{Key: zooKey("ac"), Name: `Crème "brûlée", <b>100 %</b> & more`, Type: "phone"},
	{Key: zooKey("b1"), Name: "Deadline", Type: "date"},
	{Key: zooKey("b2"), Name: "Campaign", Type: "daterange"},
	{Key: zooKey("b3"), Name: "Call at", Type: "time"},
	{Key: zooKey("b4"), Name: "Open hours", Type: "timerange"},
	{Key: zooKey("b5"), Name: "Agreed", Type: "boolean"},
	{Key: zooKey("c1"), Name: "Colour", Type: "enum", Options: zooOptions},
	{Key: zooKey("c2"), Name: "Colours", Type: "set", Options: zooOptions},
	{Key: zooKey("c3"), Name: "No options", Type: "enum"},
	{Key: zooKey("d1"), Name: "Manager", Type: "user"},
	{Key: zooKey("d2"), Name: "Partner", Type: "org"},
	{Key: zooKey("d3"), Name: "Contact", Type: "people"},
	{Key: zooKey("d4"), Name: "Earlier deal", Type: "deal"},
	{Key: zooKey("d5"), Name: "Project", Type: "project"},
	{Key: zooKey("d6"), Name: "Stage", Type: "stage"},
	{Key: zooKey("d7"), Name: "Activity", Type: "activity"},
	{Key: zooKey("d8"), Name: "Lead", Type: "lead"},
	{Key: zooKey("e1"), Name: "Note", Type: "varchar"},
	{Key: zooKey("e2"), Name: "Kind", Type: "varchar_options"},
	{Key: zooKey("e3"), Name: "Raw", Type: "json"},
	{Key: zooKey("e4"), Name: "Deals", Type: "deals"},
	{Key: zooKey("e5"), Name: "Picture", Type: "picture"},
	{Key: zooKey("e6"), Name: "Status", Type: "status"},
	{Key: zooKey("e7"), Name: "Visible to", Type: "visible_to"},
	{Key: zooKey("e8"), Name: "Price list", Type: "price_list"},
	{Key: zooKey("e9"), Name: "Billing", Type: "billing_frequency"},
	{Key: zooKey("ea"), Name: "Board", Type: "projects_board"},
	{Key: zooKey("eb"), Name: "Phase", Type: "projects_phase"},
}

var zooValues = []any{
	1234.5,
	Money{99.9, "USD"},
	Money{-0.01, "EUR"},
	"not a currency",
	"not the title",
	int64(9007199254740993),
	"emoji",
	"Много\nденег",
	"很多",
	Address{Value: "Pärnu mnt 1, Tallinn", Country: "Estonia", AdminAreaLevel1: "Harju maakond", Locality: "Tallinn", Route: "Pärnu maantee", StreetNumber: "1", PostalCode: "10148", FormattedAddress: "Pärnu mnt 1, 10148 Tallinn, Estonia"},
	Address{Value: "elsewhere"},
	"+372 5555",
	Date("2026-02-28"),
	DateRange{"2026-01-01", "2026-12-31"},
	TimeOfDay{"10:00:00", 55, "Europe/Tallinn"},
	TimeRange{"09:00:00", "17:30:00", 55, "Europe/Tallinn"},
	false,
	int64(1),
	[]int64{2, 1},
	nil,
	int64(11), int64(12), int64(13), int64(14), int64(15), int64(16), int64(17),
	"0b4b6a3e-1d9c-11ee-be56-0242ac120002",
	"plain",
	"option",
	json.RawMessage(`{"n":1,"list":[1,"õ",null]}`),
	[]int64{1, 2},
	int64(21), "won", int64(3), int64(22), "monthly", int64(23), int64(24),
}
