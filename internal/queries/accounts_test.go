package queries

import (
	"database/sql"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite"
	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
	declared "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

const day = 24 * time.Hour

// at is a moment of 2024.
func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, "2024-"+s)
	if err != nil {
		panic(err)
	}
	return t
}

func ago(d time.Duration) time.Time { return time.Now().UTC().Add(-d).Truncate(time.Second) }

// firstUser names the user that every account has, and returns its id.
func firstUser(c *simulator.Company, name string) int64 {
	const id = 1
	c.UpdateUser(id, func(u *simulator.User) { u.Name = name })
	return id
}

// newCompany has drawn records of each declared kind, so that the examples of their tables find rows.
func newCompany(id int64) *simulator.Company {
	c := simulator.NewCompany(id)
	simulator.DrawKinds(c, simulator.Config{Deals: 100, Persons: 10, Organizations: 10, Notes: 10})
	return c
}

// acme has all cases that the queries must distinguish.
func acme() *simulator.Company {
	c := newCompany(1001)
	ada, bo := firstUser(c, "Ada"), c.AddUser(simulator.User{Name: "Bo"})

	c.AddPipeline(simulator.Pipeline{ID: 1, Name: "Sales", OrderNr: 1})
	c.AddPipeline(simulator.Pipeline{ID: 2, Name: "Partners", OrderNr: 2})
	c.AddPipeline(simulator.Pipeline{ID: 3, Name: "Empty", OrderNr: 3})
	c.AddPipeline(simulator.Pipeline{ID: 4, Name: "Deleted", OrderNr: 4})
	c.AddStage(simulator.Stage{ID: 10, PipelineID: 1, OrderNr: 1, Name: "Lead", DealProbability: 20, IsDealRotEnabled: true, DaysToRotten: new(int64(14))})
	c.AddStage(simulator.Stage{ID: 11, PipelineID: 1, OrderNr: 2, Name: "Offer", DealProbability: 50, DaysToRotten: new(int64(5))})
	c.AddStage(simulator.Stage{ID: 20, PipelineID: 2, OrderNr: 1, Name: "Intro", DealProbability: 10})
	c.AddStage(simulator.Stage{ID: 40, PipelineID: 4, OrderNr: 1, Name: "Deleted", DealProbability: 30})

	open := func(id int64, title string, pipeline, stage int64, value float64, currency string, probability *float64, owner int64, added time.Time, moved *time.Time) {
		c.AddDeal(simulator.Deal{
			ID: id, Title: title, PipelineID: pipeline, StageID: stage, Value: value, Currency: currency,
			Probability: probability, OwnerID: owner, AddTime: added, StageChangeTime: moved,
		})
	}
	open(1, "Just rotten", 1, 10, 1000, "EUR", nil, ada, at("01-02 09:00:00"), new(ago(14*day+time.Minute)))
	open(2, "Not rotten yet", 1, 10, 500, "EUR", new(80.0), bo, ago(14*day-time.Hour), nil)
	open(3, "Long rotten", 1, 10, 300, "USD", new(0.0), ada, at("01-04 09:00:00"), new(ago(40*day+time.Hour)))
	open(4, "Where nothing rots", 1, 11, 200.5, "EUR", nil, ada, at("01-03 09:00:00"), new(ago(30*day+time.Hour)))
	open(5, "Stage deleted", 4, 40, 50, "EUR", nil, bo, ago(100*day+time.Hour), nil)
	open(6, "Archived", 1, 10, 9999, "EUR", nil, ada, at("01-05 09:00:00"), nil)
	open(7, "Deleted", 1, 10, 9999, "EUR", nil, ada, at("01-05 09:00:00"), nil)
	c.ArchiveDeal(6)
	c.DeleteDeal(7)

	closed := func(id int64, status string, pipeline int64, value float64, currency string, owner int64, added, moment string) {
		d := simulator.Deal{
			ID: id, Title: status, Status: status, PipelineID: pipeline, StageID: 10 * pipeline, Value: value,
			Currency: currency, OwnerID: owner, AddTime: at(added), CloseTime: new(at(moment)),
		}
		if status == "won" {
			d.WonTime = d.CloseTime
		} else {
			d.LostTime = d.CloseTime
		}
		c.AddDeal(d)
	}
	closed(10, "won", 1, 1000, "EUR", ada, "01-08 12:00:00", "01-10 12:00:00")
	closed(11, "won", 1, 3000, "EUR", ada, "01-27 23:59:59", "01-31 23:59:59")
	closed(12, "won", 1, 5000, "EUR", ada, "01-24 00:00:00", "02-01 00:00:00")
	closed(13, "lost", 1, 500, "EUR", ada, "01-19 09:00:00", "01-20 09:00:00")
	closed(14, "won", 1, 700, "USD", ada, "01-14 12:00:00", "01-15 00:00:00")
	closed(15, "won", 1, 100, "EUR", bo, "01-14 12:00:00", "01-15 12:00:00")
	closed(16, "lost", 4, 10, "EUR", bo, "01-04 09:00:00", "01-05 09:00:00")
	closed(17, "won", 1, 5, "EUR", bo, "01-04 09:00:00", "01-05 09:00:00")
	closed(18, "won", 1, 400, "EUR", bo, "01-12 00:00:00", "01-12 06:00:00")
	closed(19, "won", 1, 123, "EUR", ada, "01-04 12:00:00", "01-10 12:00:00")
	c.ArchiveDeal(11)
	c.DeleteDeal(15)
	c.UpdateDeal(17, func(d *simulator.Deal) { d.WonTime, d.CloseTime = nil, nil })
	c.UpdateDeal(18, func(d *simulator.Deal) { d.WonTime = nil })
	c.UpdateDeal(13, func(d *simulator.Deal) { d.StageID = 11 })
	c.DeletePipeline(4)

	c.AddOrganization(simulator.Organization{ID: 1, Name: "Old name", Address: &simulator.Address{Value: "1 Road"}})
	c.UpdateOrganization(1, func(o *simulator.Organization) { o.Name = "Acme" })
	c.AddOrganization(simulator.Organization{ID: 2, Name: "Deleted"})
	c.DeleteOrganization(2)
	c.AddOrganization(simulator.Organization{ID: 3, Name: "Daughter"})
	joined := at("01-01 08:00:00")
	c.AddPerson(simulator.Person{
		ID: 1, Name: "Ann Ace", FirstName: "Ann", LastName: new("Ace"), OrgID: 1, OwnerID: ada, AddTime: joined,
		UpdateTime: new(at("01-02 08:00:00")),
		Emails: []simulator.Contact{
			{Value: "ann@home.example"}, {Value: "ann@work.example", Primary: true}, {Value: "ANN@work.example"}, {Value: " "},
		},
		Phones: []simulator.Contact{{Value: "+1"}, {Value: "+11"}},
	})
	c.AddPerson(simulator.Person{
		ID: 2, Name: "Bob", FirstName: "Bob", OrgID: 2, OwnerID: bo, AddTime: joined,
		Emails: []simulator.Contact{{Value: "bob@one.example", Primary: true}, {Value: "bob@two.example", Primary: true}, {Value: " Ann@Work.example"}},
		Phones: []simulator.Contact{{Value: "", Primary: true}, {Value: "+2"}},
	})
	c.AddPerson(simulator.Person{
		ID: 4, Name: "Old name", OwnerID: ada, AddTime: joined, Emails: []simulator.Contact{{Value: "ann@work.example", Primary: true}},
	})
	c.UpdatePerson(4, func(p *simulator.Person) { p.Name = "Deleted" })
	c.AddPerson(simulator.Person{ID: 3, Name: "Cy", FirstName: "Cy", OwnerID: ada, AddTime: joined})

	kit := c.AddRecord("products", map[string]any{"name": "Kit", "code": "K-1"})
	product := func(deal int64, product any, name string, quantity, sum float64, currency string, enabled bool) {
		c.AddRecord("deal_products", map[string]any{
			"deal_id": deal, "product_id": product, "name": name, "currency": currency, "quantity": quantity, "sum": sum, "is_enabled": enabled,
		})
	}
	product(10, kit, "Kit's old name", 2, 1000, "EUR", true)
	product(10, kit, "Kit", 1, 100.25, "EUR", true)
	product(10, kit, "Kit", 1, 9999, "EUR", false)
	product(11, kit, "Kit", 0.5, 250.5, "EUR", true)
	product(12, kit, "Kit", 1, 500, "EUR", true)
	product(12, nil, "", 1, 40, "EUR", true)
	product(13, kit, "Kit", 1, 9999, "EUR", true)
	product(14, kit, "Kit", 1, 700, "USD", true)
	product(16, kit, "Kit", 1, 9999, "EUR", true)
	product(17, kit, "Kit", 1, 5, "EUR", true)
	product(18, kit, "Kit", 1, 400, "EUR", true)
	c.AddRecord("deal_products", map[string]any{
		"deal_id": int64(1), "name": "Service", "currency": "EUR", "sum": 1000.0, "is_enabled": true, "billing_frequency": "monthly",
	})
	c.AddRecord("deal_installments", map[string]any{"deal_id": int64(10), "amount": 500.0, "billing_date": simulator.Date("2024-02-01")})

	last := ago(3*day + time.Hour)
	c.AddNote(simulator.Note{ID: 1, DealID: 1, UserID: bo, AddTime: at("01-01 10:00:00"), PinnedToDeal: true})
	c.AddNote(simulator.Note{ID: 2, DealID: 1, UserID: bo, AddTime: last})
	c.AddNote(simulator.Note{ID: 3, DealID: 1, UserID: ada, AddTime: last})
	c.AddNote(simulator.Note{ID: 4, DealID: 1, UserID: bo, AddTime: ago(time.Hour), PinnedToDeal: true})
	c.AddNote(simulator.Note{ID: 5, DealID: 11, UserID: bo, AddTime: ago(10*day + time.Hour), PinnedToPerson: true, PersonID: 1})
	c.AddNote(simulator.Note{ID: 8, DealID: 11, UserID: ada, AddTime: ago(time.Hour)})
	c.AddNote(simulator.Note{ID: 6, PersonID: 1, UserID: bo, AddTime: ago(time.Hour)})
	c.AddNote(simulator.Note{ID: 7, DealID: 7, UserID: bo, AddTime: ago(time.Hour)})

	c.AddRecord("deal_discounts", map[string]any{"deal_id": int64(10), "type": "amount", "amount": 50.0, "description": "Loyalty"})
	c.AddRecord("deal_participants", map[string]any{"deal_id": int64(1), "person_id": int64(1)})
	c.AddRecord("deal_followers", map[string]any{"deal_id": int64(1), "user_id": bo})
	c.AddRecord("person_followers", map[string]any{"person_id": int64(1), "user_id": bo, "person_update_time": at("01-02 08:00:00")})
	c.AddRecord("organization_followers", map[string]any{"org_id": int64(1), "user_id": bo})
	c.AddRecord("note_comments", map[string]any{"note_id": int64(1), "content": "Agreed", "user_id": ada})
	c.AddRecord("deal_mail_messages", map[string]any{"deal_id": int64(1), "subject": "Offer", "message_time": at("01-03 08:00:00")})
	c.AddRecord("organization_relationships", map[string]any{
		"type": "parent", "rel_owner_org_id": int64(1), "rel_linked_org_id": int64(3), "org_update_time": at("01-02 08:00:00"),
	})
	return c
}

// beta has the same ids as acme for other records.
func beta() *simulator.Company {
	c := newCompany(2002)
	zoe := firstUser(c, "Zoe")
	c.AddPipeline(simulator.Pipeline{ID: 1, Name: "Vertrieb", OrderNr: 1})
	c.AddStage(simulator.Stage{ID: 10, PipelineID: 1, OrderNr: 1, Name: "Anfrage", DealProbability: 90, IsDealRotEnabled: true})
	c.AddDeal(simulator.Deal{ID: 1, Title: "Same id", PipelineID: 1, StageID: 10, OwnerID: zoe, Value: 70, AddTime: ago(2*day + time.Hour)})
	c.AddDeal(simulator.Deal{
		ID: 2, Title: "Won", PipelineID: 1, StageID: 10, OwnerID: zoe, Value: 50, Status: "won",
		AddTime: at("01-09 12:00:00"), WonTime: new(at("01-10 12:00:00")),
	})
	c.AddDeal(simulator.Deal{ID: 3, Title: "No value", PipelineID: 1, StageID: 10, OwnerID: zoe, Value: 1, AddTime: ago(day + time.Hour)})
	c.AddOrganization(simulator.Organization{ID: 1, Name: "Beta"})
	c.AddPerson(simulator.Person{
		ID: 1, Name: "Dee", FirstName: "Dee", OrgID: 1, OwnerID: zoe, AddTime: at("01-01 08:00:00"),
		Emails: []simulator.Contact{{Value: "dee@beta.example", Primary: true}},
	})
	parcel := c.AddRecord("products", map[string]any{"name": "Paket", "code": "P-1"})
	c.AddRecord("deal_products", map[string]any{
		"deal_id": int64(2), "product_id": parcel, "name": "Paket", "currency": "EUR", "quantity": 5.0, "sum": 50.0, "is_enabled": true,
	})
	c.AddNote(simulator.Note{ID: 1, DealID: 1, UserID: zoe, AddTime: ago(day - time.Hour)})
	return c
}

// unusual has values that the columns allow but the simulator's API v2 never sends: missing amounts and moments,
// API v1 without is_archived, deleted persons, deals and notes without other marks, and a product without is_enabled.
const unusual = `
	UPDATE pipedrive_deals SET status = 'open' WHERE account_id = '1001' AND id = 7;
	UPDATE pipedrive_deals SET status = 'won' WHERE account_id = '1001' AND id = 15;
	UPDATE pipedrive_deals SET value = NULL WHERE account_id = '1001' AND id = 19;
	UPDATE pipedrive_deals SET value = NULL, currency = NULL WHERE account_id = '2002' AND id = 3;
	UPDATE pipedrive_deals SET is_archived = NULL, is_deleted = NULL WHERE account_id = '2002';
	UPDATE pipedrive_deal_products SET deal_id = 15 WHERE account_id = '1001' AND deal_id = 16;
	UPDATE pipedrive_deal_products SET name = NULL WHERE account_id = '1001' AND product_id IS NULL AND deal_id = 12;
	UPDATE pipedrive_deal_products SET is_enabled = NULL WHERE account_id = '2002';
	UPDATE pipedrive_persons SET is_deleted = 1 WHERE account_id = '1001' AND id = 4;
	UPDATE pipedrive_notes SET active_flag = 0 WHERE account_id = '1001' AND id = 4;
	UPDATE pipedrive_notes SET add_time = NULL WHERE account_id = '1001' AND id = 8;
	UPDATE pipedrive_notes SET active_flag = NULL WHERE account_id = '2002'`

// syncedAccounts is the database after a sync of both accounts.
func syncedAccounts(t *testing.T) *sql.DB {
	t.Helper()
	return synced(t, acme(), beta())
}

// synced is the database after a sync of companies.
func synced(t *testing.T, companies ...*simulator.Company) *sql.DB {
	t.Helper()
	var served []simulator.Option
	var accounts []map[string]string
	for i, c := range companies {
		token := strings.Repeat(strconv.Itoa(i), 40)
		served = append(served, simulator.WithCompany(token, c))
		accounts = append(accounts, map[string]string{"name": strconv.Itoa(i), "api_token": token})
	}
	server := httptest.NewServer(simulator.NewServer(served...))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "pipedrive.db")
	p := started(t, source.Plugin(), map[string]any{"api_url": server.URL, "accounts": accounts, "history": declared.Versioned()})
	everything := []string{"*_*"} // this names the tables on request too
	messages, err := p.SyncAll(t.Context(), plugin.SyncOptions{Tables: everything})
	require.NoError(t, err)
	writes := make([]message.WriteMessage, len(messages))
	for i, m := range messages {
		switch m := m.(type) {
		case *message.SyncMigrateTable:
			writes[i] = &message.WriteMigrateTable{Table: m.Table}
		case *message.SyncInsert:
			writes[i] = &message.WriteInsert{Record: m.Record}
		}
	}
	require.NoError(t, started(t, sqlite.Plugin(), map[string]string{"path": file}).WriteAll(t.Context(), writes))

	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Exec(unusual)
	require.NoError(t, err)
	return db
}

func started(t *testing.T, p *plugin.Plugin, spec any) *plugin.Plugin {
	t.Helper()
	raw, err := json.Marshal(spec)
	require.NoError(t, err)
	require.NoError(t, p.Init(t.Context(), raw, plugin.NewClientOptions{}))
	t.Cleanup(func() { require.NoError(t, p.Close(t.Context())) })
	return p
}
