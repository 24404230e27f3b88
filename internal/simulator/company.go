package simulator

import (
	"fmt"
	"sync"
	"time"
)

// defaultNow is the initial time of a company's clock.
var defaultNow = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// Company is one Pipedrive account's data. It is safe for concurrent use. Its clock stands still until
// [Company.SetNow] or [Company.Advance] moves it, so that a test decides the second of each change.
type Company struct {
	id     int64
	name   string
	domain string

	mu            sync.RWMutex
	now           time.Time
	contactSync   bool
	marketingApp  bool
	silentArchive bool
	silentParents bool
	elements      int64 // number of elements that were added to nested tables

	deals         *table[Deal, *Deal]
	persons       *table[Person, *Person]
	organizations *table[Organization, *Organization]
	notes         *table[Note, *Note]
	pipelines     *table[Pipeline, *Pipeline]
	stages        *table[Stage, *Stage]
	users         *table[User, *User]
	kinds         map[string]func() *table[entry, *entry] // the declared kinds, by name
	gates         map[string]int                          // statuses, by missing feature
	refused       map[parentOf]int                        // statuses, by records whose children can't be read
	fields        map[string][]*Field                     // by entity, in order
	lastFieldID   int64
}

// NewCompany makes an account without records, for a test to fill. It has one user, the standard fields of every
// entity and no custom fields.
func NewCompany(id int64) *Company {
	c := &Company{
		id:            id,
		name:          fmt.Sprintf("Company %d", id),
		domain:        fmt.Sprintf("company%d", id),
		now:           defaultNow,
		contactSync:   true,
		marketingApp:  true,
		deals:         newTable[Deal]("deal"),
		persons:       newTable[Person]("person"),
		organizations: newTable[Organization]("organization"),
		notes:         newTable[Note]("note"),
		pipelines:     newTable[Pipeline]("pipeline"),
		stages:        newTable[Stage]("stage"),
		users:         newTable[User]("user"),
		kinds:         map[string]func() *table[entry, *entry]{},
		gates:         map[string]int{}, refused: map[parentOf]int{},
		fields: map[string][]*Field{},
	}
	for _, k := range kinds {
		c.kinds[k.name] = sync.OnceValue(func() *table[entry, *entry] { return newKindTable(k) })
	}
	c.deals.subsets["unarchived"] = func(d *Deal) bool { return !d.IsArchived }
	c.deals.subsets["archived"] = func(d *Deal) bool { return d.IsArchived }
	c.deals.subsets["listed"] = func(d *Deal) bool { return !d.IsArchived && !d.IsDeleted }
	c.deals.subsets["there"] = func(d *Deal) bool { return !d.IsDeleted }
	c.persons.subsets["there"] = func(p *Person) bool { return !p.IsDeleted }
	c.organizations.subsets["there"] = func(o *Organization) bool { return !o.IsDeleted }
	c.notes.subsets["there"] = func(n *Note) bool { return !n.IsDeleted }
	c.users.subsets["there"] = c.users.subsets[""]
	c.persons.subsets["listed"] = c.persons.subsets["there"]
	c.organizations.subsets["listed"] = c.organizations.subsets["there"]
	c.notes.subsets["listed"] = c.notes.subsets["there"]
	c.pipelines.subsets["listed"] = func(p *Pipeline) bool { return !p.IsDeleted }
	c.stages.subsets["listed"] = func(s *Stage) bool { return !s.IsDeleted }
	c.stages.keys["order_nr"] = func(s *Stage) int64 { return s.OrderNr }
	c.notes.keys["user_id"] = func(n *Note) int64 { return n.UserID }
	c.notes.keys["deal_id"] = func(n *Note) int64 { return n.DealID }
	c.notes.keys["person_id"] = func(n *Note) int64 { return n.PersonID }
	c.notes.keys["org_id"] = func(n *Note) int64 { return n.OrgID }
	c.addStandardFields()
	c.AddUser(User{Name: "Administrator", Email: fmt.Sprintf("admin@company%d.example", id), Activated: true, IsAdmin: true})
	return c
}

// ID is the company's id in /v1/users/me.
func (c *Company) ID() int64 { return c.id }

// Domain is the company's subdomain, as in https://{domain}.pipedrive.com.
func (c *Company) Domain() string { return c.domain }

// Now returns the time of the company's clock, which stamps update_time.
func (c *Company) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.now
}

// SetNow sets the company's clock.
func (c *Company) SetNow(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC()
}

// Advance moves the company's clock.
func (c *Company) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// SetContactSync sets whether the API shows postal_address, notes, im, birthday and job_title of persons [v2
// /persons]. It is on at first.
func (c *Company) SetContactSync(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.contactSync = on
}

// SetMarketingApp sets whether the company has the marketing app, the Campaigns product. It is on at first.
// Without it, v2 refuses include_fields=marketing_status and =doi_status [v2 /persons], and v1 leaves
// marketing_status out [v1 of 2026-01-14 /persons/{id}]. The vendor does not document v2's fields list for this
// case, so all fields lists keep both fields.
func (c *Company) SetMarketingApp(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marketingApp = on
}

// SetArchivingStampsUpdateTime sets whether [Company.ArchiveDeal] sets update_time. The vendor does not document
// it. It is on at first.
func (c *Company) SetArchivingStampsUpdateTime(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silentArchive = !on
}

// SetChildrenStampParents sets whether a new, changed or removed child, like a product of a deal, sets the parent's
// update_time. The vendor does not document it. It is on at first.
func (c *Company) SetChildrenStampParents(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silentParents = !on
}

// SetNullsLast sets whether lists by update_time have the records without one at their end. The vendor does not
// document it. At first, these records come first.
func (c *Company) SetNullsLast(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := int64(sortsFirst)
	if on {
		key = sortsLast
	}
	c.deals.sortNulls(key)
	c.persons.sortNulls(key)
	c.organizations.sortNulls(key)
	c.notes.sortNulls(key)
	for _, k := range c.kinds {
		k().sortNulls(key)
	}
}

// AddDeal adds a deal and returns its id. An ID of 0 becomes the next free one, a zero AddTime the clock's time,
// and a nil UpdateTime the AddTime; for a NULL update_time use UpdateDeal. An empty Status becomes open, Currency
// EUR, VisibleTo 3 and Origin ManuallyCreated.
func (c *Company) AddDeal(d Deal) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	setDefault(&d.Status, "open")
	setDefault(&d.Currency, "EUR")
	setDefault(&d.VisibleTo, 3)
	setDefault(&d.Origin, "ManuallyCreated")
	return c.deals.add(&d, c.now)
}

// AddPerson adds a person and returns its id; see [Company.AddDeal].
func (c *Company) AddPerson(p Person) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	setDefault(&p.VisibleTo, 3)
	return c.persons.add(&p, c.now)
}

// AddOrganization adds an organization and returns its id; see
// [Company.AddDeal].
func (c *Company) AddOrganization(o Organization) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	setDefault(&o.VisibleTo, 3)
	return c.organizations.add(&o, c.now)
}

// AddNote adds a note and returns its id; see [Company.AddDeal].
func (c *Company) AddNote(n Note) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.notes.add(&n, c.now)
}

// AddPipeline adds a pipeline and returns its id; see [Company.AddDeal].
func (c *Company) AddPipeline(p Pipeline) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pipelines.add(&p, c.now)
}

// AddStage adds a stage and returns its id; see [Company.AddDeal].
func (c *Company) AddStage(s Stage) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stages.add(&s, c.now)
}

// AddUser adds a user and returns its id; see [Company.AddDeal]. API tokens belong to the user with the lowest id.
func (c *Company) AddUser(u User) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	setDefault(&u.DefaultCurrency, "EUR")
	setDefault(&u.Locale, "et_EE")
	setDefault(&u.Lang, 1)
	setDefault(&u.TimezoneName, "Europe/Tallinn")
	setDefault(&u.TimezoneOffset, "+03:00")
	setDefault(&u.RoleID, 1)
	if u.Access == nil {
		u.Access = usualAccess(u.IsAdmin)
	}
	return c.users.add(&u, c.now)
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// UpdateDeal changes a deal and stamps the company's clock as its update_time, unless f sets UpdateTime itself (to
// nil for NULL). It panics if the deal does not exist.
//
// Its changelog gets an entry for each field that has changed. If that is the stage, the clock's time is its
// stage_change_time, unless f sets that too.
func (c *Company) UpdateDeal(id int64, f func(*Deal)) {
	record(c, c.deals, dealChangelog, dealAttributes, id, func(d *Deal) {
		stage, moved := d.StageID, d.StageChangeTime
		if f(d); d.StageID != stage && d.StageChangeTime == moved {
			d.StageChangeTime = new(c.now)
		}
	})
}

// UpdatePerson changes a person; see [Company.UpdateDeal].
func (c *Company) UpdatePerson(id int64, f func(*Person)) {
	record(c, c.persons, personChangelog, personAttributes, id, f)
}

// UpdateOrganization changes an organization; see [Company.UpdateDeal].
func (c *Company) UpdateOrganization(id int64, f func(*Organization)) {
	record(c, c.organizations, organizationChangelog, organizationAttributes, id, f)
}

// UpdateNote changes a note; see [Company.UpdateDeal].
func (c *Company) UpdateNote(id int64, f func(*Note)) { update(c, c.notes, id, f) }

// UpdatePipeline changes a pipeline; see [Company.UpdateDeal].
func (c *Company) UpdatePipeline(id int64, f func(*Pipeline)) { update(c, c.pipelines, id, f) }

// UpdateStage changes a stage; see [Company.UpdateDeal].
func (c *Company) UpdateStage(id int64, f func(*Stage)) { update(c, c.stages, id, f) }

// UpdateUser changes a user; see [Company.UpdateDeal].
func (c *Company) UpdateUser(id int64, f func(*User)) { update(c, c.users, id, f) }

func update[T any, P row[T]](c *Company, t *table[T, P], id int64, f func(P)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.change(id, c.now, f)
}

// ArchiveDeal moves a deal to /api/v2/deals/archived.
func (c *Company) ArchiveDeal(id int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deals.edit(id, func(d *Deal) {
		d.IsArchived, d.ArchiveTime = true, new(c.now)
		if !c.silentArchive {
			d.UpdateTime = new(c.now)
		}
	})
}

// DeleteDeal deletes a deal: from then on, only status=deleted lists it, for 30 days [v2 /deals]. Its update_time
// is the time of deletion [Pipedrive: API v2 migration guide].
func (c *Company) DeleteDeal(id int64) {
	now := c.Now()
	c.UpdateDeal(id, func(d *Deal) {
		d.IsDeleted, d.Status, d.DeleteTime = true, "deleted", new(now)
		d.UpdateTime = new(now)
	})
}

// DeletePerson deletes a person; no list shows it any more.
func (c *Company) DeletePerson(id int64) {
	c.UpdatePerson(id, func(p *Person) { p.IsDeleted = true })
}

// DeleteOrganization deletes an organization; no list shows it any more.
func (c *Company) DeleteOrganization(id int64) {
	c.UpdateOrganization(id, func(o *Organization) { o.IsDeleted = true })
}

// DeleteNote deletes a note; no list shows it any more.
func (c *Company) DeleteNote(id int64) { c.UpdateNote(id, func(n *Note) { n.IsDeleted = true }) }

// DeletePipeline deletes a pipeline and its stages; no list shows them any more. Deals keep the ids of both.
func (c *Company) DeletePipeline(id int64) {
	c.UpdatePipeline(id, func(p *Pipeline) { p.IsDeleted = true })
	for _, s := range c.stagesOf(id) {
		c.DeleteStage(s)
	}
}

func (c *Company) stagesOf(pipeline int64) []int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var ids []int64
	for _, s := range c.stages.ordered("listed", "id").rows {
		if s.PipelineID == pipeline {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// DeleteStage deletes a stage; no list shows it any more.
func (c *Company) DeleteStage(id int64) { c.UpdateStage(id, func(s *Stage) { s.IsDeleted = true }) }

// DeleteUser marks a user as deleted; the list of users still shows it.
func (c *Company) DeleteUser(id int64) { c.UpdateUser(id, func(u *User) { u.IsDeleted = true }) }
