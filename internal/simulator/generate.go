package simulator

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// Config configures [Generate].
type Config struct {
	Seed      uint64
	CompanyID int64 // 0: 1

	Persons, Organizations, Deals, Notes int
	// Records are numbers of records of the other kinds, by table name. They replace the numbers derived from
	// those above.
	Records map[string]int

	Now                   time.Time // initial time of the clock; zero: 2026-10-01 12:00 UTC
	CustomFieldsPerEntity int       // 0: one of every type; n cycle through the types
	WithoutImport         bool      // no bulk import, the last change of one record in twelve
}

// generatedSpan is the age of the oldest generated records.
const generatedSpan = 6 * 365 * 24 * time.Hour

// Generate makes a company with records that are realistic and awkward. The
// same Config always gives the same records.
func Generate(cfg Config) *Company {
	if cfg.CompanyID == 0 {
		cfg.CompanyID = 1
	}
	c := NewCompany(cfg.CompanyID)
	if !cfg.Now.IsZero() {
		c.now = cfg.Now.UTC()
	}
	g := newGenerator(cfg, c)
	g.users()
	g.pipelines()
	for _, entity := range []string{"deal", "person", "organization"} {
		g.customFields(entity)
	}
	g.organizations()
	g.persons()
	g.deals()
	g.notes()
	for _, entity := range []string{"product", "project"} {
		g.customFields(entity)
	}
	g.drawKinds(kinds)
	return c
}

// DrawKinds draws the records of all declared kinds of a company that [Generate] did not make. They replace the
// records added before.
func DrawKinds(c *Company, cfg Config) {
	cfg.CompanyID = c.id
	newGenerator(cfg, c).drawKinds(kinds)
}

func newGenerator(cfg Config, c *Company) *generator {
	return &generator{
		Config: cfg, c: c,
		r:        rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.CompanyID))),
		now:      c.now,
		imported: c.now.Add(-200 * 24 * time.Hour).Truncate(time.Second),
		pools:    map[string][]pool{},
	}
}

type generator struct {
	Config
	c        *Company
	all      []*kind
	now      time.Time // the clock's time at the start
	r        *rand.Rand
	imported time.Time         // time of a bulk import that touched many records in one second
	pools    map[string][]pool // by entity
	stages   [][]*Stage        // by pipeline
}

// pool is a custom field and the values that records draw from. Sharing them keeps large companies small.
type pool struct {
	key    string
	values []any
}

func (g *generator) chance(p float64) bool { return g.r.Float64() < p }

func pick[T any](g *generator, from []T) T { return from[g.r.IntN(len(from))] }

// maybe returns a pointer to v, or nil with chance 1-p.
func maybe[T any](g *generator, p float64, v T) *T {
	if !g.chance(p) {
		return nil
	}
	return &v
}

// skewed picks an index below n, low ones far more often.
func (g *generator) skewed(n int) int { return int(float64(n) * math.Pow(g.r.Float64(), 2)) }

// between returns a moment in [from, to), in whole seconds.
func (g *generator) between(from, to time.Time) time.Time {
	if !from.Before(to) {
		return from
	}
	return from.Add(time.Duration(g.r.Int64N(int64(to.Sub(from))))).Truncate(time.Second)
}

// times returns a record's add_time and update_time. Newer ones are more frequent, a few records have no
// update_time, and the bulk import was the last change of one in twelve.
func (g *generator) times() (added time.Time, updated *time.Time) {
	back := time.Duration(float64(generatedSpan) * math.Pow(g.r.Float64(), 1.5))
	added = g.now.Add(-back).Truncate(time.Second)
	switch {
	case g.chance(0.003):
		return added, nil
	case !g.WithoutImport && added.Before(g.imported) && g.chance(0.12):
		return added, new(g.imported)
	case g.chance(0.2):
		return added, new(added)
	}
	return added, new(g.between(added, g.now))
}

func (g *generator) user() int64 {
	if g.chance(0.02) {
		return 0
	}
	return int64(1 + g.skewed(len(userNames)))
}

func (g *generator) visibility() int64 { return pick(g, []int64{1, 3, 3, 3, 5, 7}) }

func (g *generator) labels() []int64 {
	if g.chance(0.6) {
		return nil
	}
	ids := []int64{1, 2, 3, 4, 5}
	g.r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids[:1+g.skewed(3)]
}

func (g *generator) users() {
	for i, name := range userNames {
		created := g.now.Add(-generatedSpan - 30*24*time.Hour).Add(time.Duration(i) * 24 * time.Hour)
		u := &User{
			ID: int64(i + 1), Name: name, Email: fmt.Sprintf("user%d@company%d.example", i+1, g.CompanyID), DefaultCurrency: "EUR",
			Locale: "et_EE", Lang: 1, Phone: maybe(g, 0.5, fmt.Sprintf("+372 5%06d", i*7919)), Activated: i != len(userNames)-1,
			IsDeleted: i == 6 || i == 7, IsAdmin: i == 0, TimezoneName: "Europe/Tallinn", TimezoneOffset: "+03:00", RoleID: 1,
			Created: created, Modified: maybe(g, 0.8, g.between(created, g.now)), Access: usualAccess(i == 0),
		}
		if u.Activated {
			u.LastLogin = g.between(created, g.now)
		}
		g.c.users.store(u)
	}
}

// pipelines makes four pipelines and a deleted one. The third has a deleted stage that deals still refer to.
func (g *generator) pipelines() {
	created := g.now.Add(-generatedSpan - 30*24*time.Hour)
	var id int64
	for i, name := range pipelineNames {
		p := &Pipeline{
			ID: int64(i + 1), Name: name, URLTitle: fmt.Sprintf("pipeline-%d", i+1), OrderNr: int64(i + 1),
			IsDeleted: i == len(pipelineNames)-1, IsDealProbabilityEnabled: i%2 == 0, Selected: i == 0,
			AddTime: created, UpdateTime: maybe(g, 0.8, g.between(created, g.now)),
		}
		g.c.pipelines.store(p)
		var stages []*Stage
		for j := range 4 + i%4 {
			id++
			s := &Stage{
				ID: id, OrderNr: int64(j + 1), Name: stageNames[j], PipelineID: p.ID, DealProbability: int64(min(100, 10+j*20)),
				IsDeleted: p.IsDeleted || i == 2 && j == 1, IsDealRotEnabled: j%3 == 1,
				AddTime: created, UpdateTime: maybe(g, 0.7, g.between(created, g.now)),
			}
			if s.IsDealRotEnabled {
				s.DaysToRotten = new(int64(7 * (j + 1)))
			}
			g.c.stages.store(s)
			stages = append(stages, s)
		}
		g.stages = append(g.stages, stages)
	}
}

// customTypes are the field types of generated companies. Users can create the first sixteen [v2 POST
// /dealFields].
var customTypes = []string{
	"varchar", "text", "double", "monetary", "date", "enum", "set", "user", "org", "people", "phone", "time", "timerange",
	"daterange", "address", "varchar_auto", "int", "boolean", "deal", "lead", "project", "stage", "activity", "json",
}

func (g *generator) customFields(entity string) {
	n := g.CustomFieldsPerEntity
	if n == 0 {
		n = len(customTypes)
	}
	for i := range n {
		kind := customTypes[i%len(customTypes)]
		f := Field{
			Entity: entity, Name: fmt.Sprintf("%s %d", title(kind), i+1), Type: kind, Custom: true,
			Key:     fmt.Sprintf("%016x%016x%08x", g.r.Uint64(), g.r.Uint64(), g.r.Uint32()),
			AddTime: g.now.Add(-generatedSpan), UpdateTime: maybe(g, 0.5, g.between(g.now.Add(-generatedSpan), g.now)),
		}
		switch {
		case i == 1:
			f.Name = "Varchar 1" // names aren't unique
		case i%5 == 4:
			f.Name = "Väli «" + f.Name + "» / %"
		}
		if kind == "enum" || kind == "set" {
			for j, label := range optionLabels {
				f.Options = append(f.Options, Choice{ID: int64(100*i + j + 1), Label: label})
			}
		}
		g.c.addField(f)
		g.pools[entity] = append(g.pools[entity], g.pool(&f))
	}
}

func (g *generator) pool(f *Field) pool {
	p := pool{key: f.Key}
	for range 128 {
		p.values = append(p.values, g.customValue(f))
	}
	return p
}

func (g *generator) customValue(f *Field) any {
	switch f.Type {
	case "double":
		return pick(g, []float64{0, 0.1, -3.75, 1e15, 12345.678, float64(g.r.IntN(1000))})
	case "monetary":
		return Money{float64(g.r.IntN(1_000_000)) / 100, pick(g, currencies)}
	case "date", "daterange", "time", "timerange":
		return g.calendarValue(f.Type)
	case "enum":
		return pick(g, f.Options).ID
	case "set":
		ids := []int64{as[int64](f.Options[0].ID), as[int64](f.Options[2].ID), as[int64](f.Options[4].ID)}
		return ids[g.r.IntN(2) : 2+g.r.IntN(2)]
	case "user", "org", "people", "deal", "stage", "project", "activity":
		return g.reference(f.Type)
	case "int":
		return pick(g, []int64{0, -1, 42, math.MaxInt64, math.MinInt64, 1<<53 + 1})
	case "boolean":
		return g.chance(0.5)
	case "address":
		return *g.address()
	case "lead":
		return g.uuid()
	case "json":
		return json.RawMessage(fmt.Sprintf(`{"n":%d,"list":[1,"õ",null]}`, g.r.IntN(100)))
	case "phone":
		return g.phone()
	}
	return pick(g, dealNouns) + " " + pick(g, optionLabels)
}

func (g *generator) calendarValue(kind string) any {
	switch kind {
	case "daterange":
		return DateRange{g.date(), g.date()}
	case "time":
		return TimeOfDay{g.clockTime(), 55, "Europe/Tallinn"}
	case "timerange":
		return TimeRange{g.clockTime(), g.clockTime(), 55, "Europe/Tallinn"}
	default:
		return g.date()
	}
}

// reference is the id of a record of another kind. As at Pipedrive, the record may not exist.
func (g *generator) reference(kind string) int64 {
	count := 20
	switch kind {
	case "user":
		count = len(userNames)
	case "org":
		count = g.Organizations
	case "people":
		count = g.Persons
	case "deal":
		count = g.Deals
	}
	return int64(1 + g.r.IntN(max(1, count)))
}

func (g *generator) customValues(entity string) map[string]any {
	pools := g.pools[entity]
	var m map[string]any
	for i := range pools {
		p := &pools[i]
		if !g.chance(0.3) {
			continue
		}
		if m == nil {
			m = make(map[string]any, 8)
		}
		m[p.key] = pick(g, p.values)
	}
	return m
}

func (g *generator) date() Date {
	return Date(g.between(g.now.Add(-generatedSpan), g.now).Format(time.DateOnly))
}

func (g *generator) clockTime() string {
	return fmt.Sprintf("%02d:%02d:00", g.r.IntN(24), 15*g.r.IntN(4))
}

func (g *generator) phone() string { return fmt.Sprintf("+372 5%d", 100000+g.r.IntN(900000)) }

func (g *generator) uuid() string {
	a, b := g.r.Uint64(), g.r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(a), uint16(a>>32), a>>52, b&0xfff, b>>16)
}

func (g *generator) address() *Address {
	p := pick(g, cities)
	if g.chance(0.1) {
		return &Address{Value: p.city}
	}
	a := &Address{Country: p.country, AdminAreaLevel1: p.region, Locality: p.city, PostalCode: p.postal, Route: p.street}
	a.StreetNumber = fmt.Sprint(1 + g.r.IntN(99))
	if g.chance(0.2) {
		a.Subpremise, a.Sublocality = fmt.Sprint(g.r.IntN(40)), "Kesklinn"
	}
	a.Value = fmt.Sprintf("%s %s, %s", p.street, a.StreetNumber, p.city)
	a.FormattedAddress = fmt.Sprintf("%s %s, %s %s, %s", p.street, a.StreetNumber, p.postal, p.city, p.country)
	return a
}

func (g *generator) activity() ActivityCounts {
	done, undone := int64(g.skewed(20)), int64(g.skewed(4))
	return ActivityCounts{
		EmailMessages: int64(g.skewed(30)), Activities: done + undone, Done: done, Undone: undone,
		Files: int64(g.skewed(5)), Followers: int64(g.skewed(3)),
	}
}

func (g *generator) organizations() {
	for i := range g.Organizations {
		o := &Organization{ID: int64(i + 1), OwnerID: g.user(), VisibleTo: g.visibility(), LabelIDs: g.labels(), Activity: g.activity()}
		o.AddTime, o.UpdateTime = g.times()
		o.Name = fmt.Sprintf("%s %s %d", pick(g, orgNames), pick(g, orgForms), i+1)
		if g.chance(0.6) {
			o.Address = g.address()
		}
		o.IsDeleted = g.chance(0.02)
		o.PictureID = maybe(g, 0.05, int64(1000+i))
		o.Website = maybe(g, 0.4, fmt.Sprintf("https://org%d.example", i+1))
		o.LinkedIn = maybe(g, 0.2, fmt.Sprintf("https://linkedin.com/company/org%d", i+1))
		o.Industry = maybe(g, 0.3, int64(1+g.r.IntN(3)))
		o.AnnualRevenue = maybe(g, 0.3, float64(g.r.IntN(5_000_000)))
		o.EmployeeCount = maybe(g, 0.3, int64(g.skewed(5000)))
		o.NextActivityID = maybe(g, 0.2, int64(10_000+i))
		o.LastActivityID = maybe(g, 0.5, int64(20_000+i))
		o.CustomFields = g.customValues("organization")
		g.c.organizations.store(o)
	}
}

func (g *generator) organization(p float64) int64 {
	if g.Organizations == 0 || !g.chance(p) {
		return 0
	}
	return int64(1 + g.skewed(g.Organizations))
}

func (g *generator) person(p float64) int64 {
	if g.Persons == 0 || !g.chance(p) {
		return 0
	}
	return int64(1 + g.skewed(g.Persons))
}

func (g *generator) persons() {
	for i := range g.Persons {
		p := &Person{
			ID: int64(i + 1), OwnerID: g.user(), OrgID: g.organization(0.7), VisibleTo: g.visibility(),
			LabelIDs: g.labels(), Activity: g.activity(),
		}
		p.AddTime, p.UpdateTime = g.times()
		p.FirstName = pick(g, firstNames)
		p.Name = p.FirstName
		if p.LastName = maybe(g, 0.9, pick(g, lastNames)); p.LastName != nil {
			p.Name += " " + *p.LastName
		}
		p.Emails, p.Phones = g.emails(i+1), g.phones()
		p.IsDeleted = g.chance(0.02)
		p.PictureID = maybe(g, 0.1, int64(5000+i))
		g.synced(p)
		p.NextActivityID = maybe(g, 0.2, int64(30_000+i))
		p.LastActivityID = maybe(g, 0.5, int64(40_000+i))
		p.LastIncomingMailTime = maybe(g, 0.3, g.between(p.AddTime, g.now))
		p.LastOutgoingMailTime = maybe(g, 0.3, g.between(p.AddTime, g.now))
		p.MarketingStatus = maybe(g, 0.7, pick(g, []string{"no_consent", "subscribed", "unsubscribed", "archived"}))
		p.DOIStatus = maybe(g, 0.1, "confirmed")
		p.CustomFields = g.customValues("person")
		g.c.persons.store(p)
		if o := g.c.organizations.rows[p.OrgID]; o != nil && !p.IsDeleted {
			o.PeopleCount++
		}
	}
}

func (g *generator) synced(p *Person) {
	if g.chance(0.1) {
		p.PostalAddress = g.address()
	}
	p.Notes = maybe(g, 0.05, pick(g, noteOpenings))
	if g.chance(0.05) {
		p.IM = []Contact{{"skype:" + p.FirstName, true, "skype"}}
	}
	p.Birthday = maybe(g, 0.1, Date(fmt.Sprintf("%d-%02d-%02d", 1950+g.r.IntN(55), 1+g.r.IntN(12), 1+g.r.IntN(28))))
	p.JobTitle = maybe(g, 0.3, pick(g, jobTitles))
}

var contactLabels = []string{"work", "home", "mobile", "other", ""}

// emails makes a person's addresses: the primary one is the first or the second, or there is none.
func (g *generator) emails(id int) []Contact {
	var cs []Contact
	for i := range g.r.IntN(4) {
		cs = append(cs, Contact{fmt.Sprintf("person%d.%d@example.com", id, i), i == id%5%2, pick(g, contactLabels)})
	}
	return cs
}

func (g *generator) phones() []Contact {
	var cs []Contact
	for i := range g.r.IntN(3) {
		cs = append(cs, Contact{g.phone(), i == 0, pick(g, contactLabels)})
	}
	return cs
}

func (g *generator) deals() {
	for i := range g.Deals {
		d := &Deal{
			ID: int64(i + 1), CreatorUserID: int64(1 + g.r.IntN(len(userNames))), OwnerID: g.user(),
			VisibleTo: g.visibility(), LabelIDs: g.labels(),
		}
		d.AddTime, d.UpdateTime = g.times()
		d.Title = fmt.Sprintf("%s %d", pick(g, dealNouns), i+1)
		d.PersonID, d.OrgID = g.person(0.8), g.organization(0.7)
		s := pick(g, g.stages[g.skewed(len(g.stages)-1)])
		d.PipelineID, d.StageID = s.PipelineID, s.ID
		g.worth(d)
		g.outcome(d)
		g.linkedToDeal(d)
		d.CustomFields = g.customValues("deal")
		g.c.deals.store(d)
		g.countDeal(d)
	}
}

func (g *generator) worth(d *Deal) {
	d.Currency = pick(g, currencies)
	switch g.r.IntN(4) {
	case 0:
	case 1:
		d.Value = float64(g.skewed(10_000_000)) / 100
	default:
		d.Value = float64(g.skewed(200_000))
	}
	d.Probability = maybe(g, 0.4, float64(5*g.r.IntN(21)))
	if g.chance(0.2) {
		mrr := float64(g.r.IntN(100_000)) / 100
		d.MRR, d.ARR, d.ACV = new(mrr), new(mrr*12), new(mrr*12)
	}
}

// outcome decides the fate of a deal. Its update_time is never before that, unless it is NULL.
func (g *generator) outcome(d *Deal) {
	d.Status = "open"
	end := g.now
	if d.UpdateTime != nil {
		end = *d.UpdateTime
	}
	at := g.between(d.AddTime, end)
	switch p := g.r.Float64(); {
	case p < 0.3:
		d.Status, d.WonTime, d.LocalWonDate = "won", new(at), localDate(at)
		d.FirstWonTime = new(at)
	case p < 0.6:
		d.Status, d.LostTime, d.LocalLostDate = "lost", new(at), localDate(at)
		d.LostReason = maybe(g, 0.7, pick(g, lostReasons))
	}
	if d.Status != "open" {
		d.CloseTime, d.LocalCloseDate = new(at), localDate(at)
	}
	if d.IsArchived = g.chance(0.08); d.IsArchived {
		d.ArchiveTime = new(end)
	}
	if g.chance(0.03) {
		g.deleteDeal(d)
	}
	d.StageChangeTime = maybe(g, 0.8, g.between(d.AddTime, end))
	d.ExpectedCloseDate = maybe(g, 0.5, Date(d.AddTime.AddDate(0, 0, g.r.IntN(400)).Format(time.DateOnly)))
}

// deleteDeal deletes a deal within the last sixty days, so that status=deleted
// lists about half of them.
func (g *generator) deleteDeal(d *Deal) {
	from := g.now.Add(-2 * deletedFor)
	if d.AddTime.After(from) {
		from = d.AddTime
	}
	at := g.between(from, g.now)
	d.IsDeleted, d.Status, d.DeleteTime, d.UpdateTime = true, "deleted", new(at), new(at)
}

// localDate is the day in the company's time zone, three hours ahead of UTC.
func localDate(t time.Time) *Date { return new(Date(t.Add(3 * time.Hour).Format(time.DateOnly))) }

func (g *generator) linkedToDeal(d *Deal) {
	d.Origin = pick(g, []string{"ManuallyCreated", "ManuallyCreated", "API", "Import", "WebForms"})
	d.OriginID = maybe(g, 0.1, fmt.Sprint(g.r.IntN(1000)))
	if d.Channel = maybe(g, 0.2, int64(52+g.r.IntN(2))); d.Channel != nil {
		d.ChannelID = maybe(g, 0.5, "Jun23 Billboards")
	}
	a := g.activity()
	d.FilesCount, d.FollowersCount, d.EmailMessagesCount = a.Files, a.Followers, a.EmailMessages
	d.ActivitiesCount, d.DoneActivitiesCount, d.UndoneActivitiesCount = a.Activities, a.Done, a.Undone
	d.ProductsCount, d.ParticipantsCount = int64(g.skewed(4)), int64(g.skewed(3))
	d.NextActivityID = maybe(g, 0.2, 50_000+d.ID)
	d.LastActivityID = maybe(g, 0.4, 60_000+d.ID)
	d.LastIncomingMailTime = maybe(g, 0.2, g.between(d.AddTime, g.now))
	d.LastOutgoingMailTime = maybe(g, 0.2, g.between(d.AddTime, g.now))
	if g.chance(0.05) {
		d.SourceLeadID = new(g.uuid())
	}
}

// countDeal updates the counts of the deal's person and organization.
func (g *generator) countDeal(d *Deal) {
	if d.IsDeleted || d.IsArchived {
		return
	}
	count := func(n *DealCounts) {
		switch d.Status {
		case "open":
			n.Open++
		case "won":
			n.Won, n.Closed = n.Won+1, n.Closed+1
		case "lost":
			n.Lost, n.Closed = n.Lost+1, n.Closed+1
		}
	}
	if p := g.c.persons.rows[d.PersonID]; p != nil {
		count(&p.Deals)
	}
	if o := g.c.organizations.rows[d.OrgID]; o != nil {
		count(&o.Deals)
	}
}

func (g *generator) notes() {
	for i := range g.Notes {
		n := &Note{ID: int64(i + 1), UserID: max(1, g.user()), IsDeleted: g.chance(0.01)}
		n.AddTime, n.UpdateTime = g.times()
		n.Content = pick(g, noteOpenings) + strings.Repeat(noteSentence, g.skewed(8))
		if g.chance(0.01) {
			n.Content += strings.Repeat(noteSentence, 60)
		}
		n.LastUpdateUserID = maybe(g, 0.3, int64(1+g.r.IntN(len(userNames))))
		g.attach(n)
		g.c.notes.store(n)
		g.countNote(n)
	}
}

// attach links a note to one or several records, or to none of the simulated ones.
func (g *generator) attach(n *Note) {
	if g.Deals > 0 && g.chance(0.5) {
		n.DealID = int64(1 + g.skewed(g.Deals))
		n.PinnedToDeal = g.chance(0.1)
	}
	n.PersonID, n.OrgID = g.person(0.5), g.organization(0.3)
	n.PinnedToPerson = n.PersonID != 0 && g.chance(0.1)
	n.PinnedToOrganization = n.OrgID != 0 && g.chance(0.1)
	if n.DealID != 0 || n.PersonID != 0 || n.OrgID != 0 {
		return
	}
	switch g.r.IntN(3) {
	case 0:
		n.LeadID, n.PinnedToLead = new(g.uuid()), g.chance(0.1)
	case 1:
		n.ProjectID, n.ProjectTitle, n.PinnedToProject = int64(1+g.r.IntN(9)), "Projekt \"Õ\"", g.chance(0.1)
	case 2:
		n.TaskID, n.TaskTitle, n.PinnedToTask = int64(1+g.r.IntN(9)), "Ülesanne", g.chance(0.1)
	}
}

func (g *generator) countNote(n *Note) {
	if n.IsDeleted {
		return
	}
	if d := g.c.deals.rows[n.DealID]; d != nil {
		d.NotesCount++
	}
	if p := g.c.persons.rows[n.PersonID]; p != nil {
		p.Activity.Notes++
	}
	if o := g.c.organizations.rows[n.OrgID]; o != nil {
		o.Activity.Notes++
	}
}
