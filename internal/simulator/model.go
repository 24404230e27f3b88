package simulator

import "time"

// Date is a calendar day as "2006-01-02", without a time zone.
type Date string

// Deal is a deal as the company stores it. Moments are UTC and whole seconds. An id of a related record is 0 for
// none; a pointer is nil for null.
type Deal struct {
	ID                int64
	Title             string
	CreatorUserID     int64
	OwnerID           int64
	PersonID          int64
	OrgID             int64
	PipelineID        int64
	StageID           int64
	Value             float64
	Currency          string // ISO 4217
	AddTime           time.Time
	UpdateTime        *time.Time
	StageChangeTime   *time.Time
	ArchiveTime       *time.Time
	DeleteTime        *time.Time // not shown by the API; decides how long status=deleted lists the deal
	IsDeleted         bool
	IsArchived        bool
	Status            string // open, won, lost or deleted
	Probability       *float64
	LostReason        *string
	VisibleTo         int64 // 1, 3, 5 or 7
	CloseTime         *time.Time
	WonTime           *time.Time
	LostTime          *time.Time
	LocalWonDate      *Date
	LocalLostDate     *Date
	LocalCloseDate    *Date
	ExpectedCloseDate *Date
	LabelIDs          []int64
	Origin            string
	OriginID          *string
	Channel           *int64
	ChannelID         *string
	ARR, MRR, ACV     *float64
	CustomFields      map[string]any // by field key; see [Field] for the Go type of each field type

	NextActivityID        *int64
	LastActivityID        *int64
	FirstWonTime          *time.Time
	ProductsCount         int64
	FilesCount            int64
	NotesCount            int64
	FollowersCount        int64
	EmailMessagesCount    int64
	ActivitiesCount       int64
	DoneActivitiesCount   int64
	UndoneActivitiesCount int64
	ParticipantsCount     int64
	LastIncomingMailTime  *time.Time
	LastOutgoingMailTime  *time.Time
	SourceLeadID          *string // a UUID
}

// Contact is one e-mail address, phone number or instant messenger of a person.
type Contact struct {
	Value   string
	Primary bool
	Label   string // work, home, mobile, other; may be empty
}

// Person is a contact person as the company stores it; [Deal] has the conventions.
type Person struct {
	ID           int64
	Name         string
	FirstName    string
	LastName     *string
	OwnerID      int64
	OrgID        int64
	AddTime      time.Time
	UpdateTime   *time.Time
	Emails       []Contact
	Phones       []Contact
	IsDeleted    bool
	VisibleTo    int64
	LabelIDs     []int64
	PictureID    *int64
	CustomFields map[string]any

	// The API shows these five only while the company has contact sync on.
	PostalAddress *Address
	Notes         *string
	IM            []Contact
	Birthday      *Date
	JobTitle      *string

	NextActivityID       *int64
	LastActivityID       *int64
	Deals                DealCounts
	Activity             ActivityCounts
	LastIncomingMailTime *time.Time
	LastOutgoingMailTime *time.Time
	MarketingStatus      *string
	DOIStatus            *string
}

// DealCounts are the numbers of deals linked to a person or an organization; a related deal is linked through
// another record. The counts are stored and don't follow later changes of deals, just as a change of a count
// doesn't touch the vendor's update_time.
type DealCounts struct {
	Open, RelatedOpen     int64
	Closed, RelatedClosed int64
	Won, RelatedWon       int64
	Lost, RelatedLost     int64

	ParticipantOpen, ParticipantClosed int64 // persons only
}

// ActivityCounts are the numbers of other things linked to a person or an
// organization.
type ActivityCounts struct {
	EmailMessages, Activities, Done, Undone, Files, Notes, Followers int64
}

// Organization is an organization as the company stores it; [Deal] has the conventions.
type Organization struct {
	ID            int64
	Name          string
	OwnerID       int64
	AddTime       time.Time
	UpdateTime    *time.Time
	IsDeleted     bool
	VisibleTo     int64
	Address       *Address
	LabelIDs      []int64
	PictureID     *int64
	Website       *string
	LinkedIn      *string
	Industry      *int64
	AnnualRevenue *float64 // whole units of the company's currency
	EmployeeCount *int64
	CustomFields  map[string]any

	NextActivityID *int64
	LastActivityID *int64
	PeopleCount    int64
	Deals          DealCounts
	Activity       ActivityCounts
}

// Note is a note on a lead, deal, person, organization, project or task.
type Note struct {
	ID               int64
	Content          string // HTML
	AddTime          time.Time
	UpdateTime       *time.Time
	IsDeleted        bool // shown, negated, as active_flag
	UserID           int64
	LastUpdateUserID *int64
	LeadID           *string // a UUID
	DealID           int64
	PersonID         int64
	OrgID            int64
	ProjectID        int64
	ProjectTitle     string
	TaskID           int64
	TaskTitle        string

	PinnedToLead, PinnedToDeal, PinnedToPerson, PinnedToOrganization, PinnedToProject, PinnedToTask bool
}

// Pipeline is a sales pipeline.
type Pipeline struct {
	ID                       int64
	Name                     string
	URLTitle                 string // v1 only
	OrderNr                  int64
	IsDeleted                bool
	IsDealProbabilityEnabled bool
	Selected                 bool // v1 only
	AddTime                  time.Time
	UpdateTime               *time.Time
}

// Stage is a stage of a pipeline.
type Stage struct {
	ID               int64
	OrderNr          int64
	Name             string
	IsDeleted        bool
	DealProbability  int64 // percent
	PipelineID       int64
	IsDealRotEnabled bool
	DaysToRotten     *int64
	AddTime          time.Time
	UpdateTime       *time.Time
}

// User is a user of the company. Created, Modified and LastLogin are UTC; a zero LastLogin is served as
// "0000-00-00 00:00:00", as for users who never logged in.
type User struct {
	ID              int64
	Name            string
	Email           string
	DefaultCurrency string
	Locale          string
	Lang            int64
	Phone           *string
	Activated       bool
	IsDeleted       bool
	IsAdmin         bool
	TimezoneName    string
	TimezoneOffset  string
	RoleID          int64
	IconURL         *string
	Created         time.Time
	Modified        *time.Time
	LastLogin       time.Time
	Access          []Access
}

// Access is a user's access to an app.
type Access struct {
	App             string
	Admin           bool
	PermissionSetID string // a UUID
}

// row is a table's view of a record, for keeping records in order.
type row[T any] interface {
	*T
	id() *int64
	added() *time.Time
	updated() **time.Time
}

func (d *Deal) id() *int64                   { return &d.ID }
func (d *Deal) added() *time.Time            { return &d.AddTime }
func (d *Deal) updated() **time.Time         { return &d.UpdateTime }
func (p *Person) id() *int64                 { return &p.ID }
func (p *Person) added() *time.Time          { return &p.AddTime }
func (p *Person) updated() **time.Time       { return &p.UpdateTime }
func (o *Organization) id() *int64           { return &o.ID }
func (o *Organization) added() *time.Time    { return &o.AddTime }
func (o *Organization) updated() **time.Time { return &o.UpdateTime }
func (n *Note) id() *int64                   { return &n.ID }
func (n *Note) added() *time.Time            { return &n.AddTime }
func (n *Note) updated() **time.Time         { return &n.UpdateTime }
func (p *Pipeline) id() *int64               { return &p.ID }
func (p *Pipeline) added() *time.Time        { return &p.AddTime }
func (p *Pipeline) updated() **time.Time     { return &p.UpdateTime }
func (s *Stage) id() *int64                  { return &s.ID }
func (s *Stage) added() *time.Time           { return &s.AddTime }
func (s *Stage) updated() **time.Time        { return &s.UpdateTime }
func (u *User) id() *int64                   { return &u.ID }
func (u *User) added() *time.Time            { return &u.Created }
func (u *User) updated() **time.Time         { return &u.Modified }
