package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TruthOptions are the options of the sync.
type TruthOptions struct {
	Deleted  bool   // also deals deleted in the last 30 days
	Archived bool   // also archived deals; no effect on v1 and export, which can't list them
	API      string // v2 (default), v1 or export
}

// Truth returns the rows that a table must hold after a full sync, ordered by id: one map per row, by column name,
// with the values int64, float64, string, bool, [time.Time] (UTC, whole seconds), [Date], [json.RawMessage] or nil
// for NULL. The tables are persons, organizations, deals, notes, pipelines, stages, users, company, the declared
// kinds and the nested tables. The rows of the latter two are ordered by their numbers. Some kinds have times with
// milliseconds.
//
// An absent value is NULL, and so are empty strings and empty lists, because v1 shows an absent value as either. A
// value that the API can't show is NULL too. The column custom_fields holds all custom fields of the entity in
// v2's form, unset ones as null; v1 lacks a time's timezone_name, so it is left out there. A record whose
// CustomFields are nil has none in v2. Without a fields list, the meaning of a custom field's value is unknown, so
// the export endpoint's rows have no custom_fields.
//
// Truth reads the records themselves and shares nothing with the HTTP encoding, so that a mistake in the encoding
// shows.
func (c *Company) Truth(table string, opts TruthOptions) []map[string]any {
	c.mu.RLock()
	defer c.mu.RUnlock()
	t := c.truth(opts)
	if k, n := kindNamed(table), nestedNamed(table); k != nil || n != nil {
		rows, _ := t.declared(k, n)
		return rows
	}
	switch table {
	case "company":
		return []map[string]any{t.company()}
	case "users":
		return rowsOf(c.users.rows, func(*User) bool { return true }, t.user)
	case "deals":
		return rowsOf(c.deals.rows, t.dealListed, t.deal)
	case "persons":
		return rowsOf(c.persons.rows, func(p *Person) bool { return !p.IsDeleted }, t.person)
	case "organizations":
		return rowsOf(c.organizations.rows, func(o *Organization) bool { return !o.IsDeleted }, t.organization)
	case "notes":
		return rowsOf(c.notes.rows, func(n *Note) bool { return !n.IsDeleted }, t.note)
	case "pipelines":
		return rowsOf(c.pipelines.rows, func(p *Pipeline) bool { return !p.IsDeleted }, t.pipeline)
	case "stages":
		return rowsOf(c.stages.rows, func(s *Stage) bool { return !s.IsDeleted }, t.stage)
	}
	panic("simulator: there is no table " + table)
}

func rowsOf[T any](records map[int64]*T, listed func(*T) bool, row func(*T) map[string]any) []map[string]any {
	var rows []map[string]any
	for _, id := range slices.Sorted(maps.Keys(records)) {
		if r := records[id]; listed(r) {
			rows = append(rows, row(r))
		}
	}
	return rows
}

// truth makes the rows for one API.
type truth struct {
	*Company
	TruthOptions
	v2 bool
	// sparse is true if the answer leaves out unset custom fields.
	sparse bool
}

func (c *Company) truth(opts TruthOptions) *truth {
	return &truth{Company: c, TruthOptions: opts, v2: opts.API == "" || opts.API == "v2"}
}

// declared are the rows of a declared kind, or else of a nested table, and the numbers of their records.
func (t *truth) declared(k *kind, n *nested) ([]map[string]any, []int64) {
	if k != nil {
		return t.kindRows(k)
	}
	return t.nestedRows(n)
}

func (t *truth) dealListed(d *Deal) bool {
	if d.IsArchived && (!t.Archived || !t.v2) {
		return false
	}
	if !d.IsDeleted {
		return true
	}
	// The export endpoint has no status parameter, so it can't list deleted deals.
	if !t.Deleted || t.API == "export" {
		return false
	}
	at := d.DeleteTime
	if at == nil {
		at = d.UpdateTime
	}
	return at != nil && !at.Before(t.now.Add(-30*24*time.Hour))
}

func (t *truth) deal(d *Deal) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": d.ID, "title": text(d.Title), "value": d.Value,
		"currency": text(d.Currency), "status": text(d.Status), "stage_id": link(d.StageID), "pipeline_id": link(d.PipelineID),
		"person_id": link(d.PersonID), "org_id": link(d.OrgID), "owner_id": link(d.OwnerID),
		"expected_close_date": day(d.ExpectedCloseDate), "add_time": second(d.AddTime), "update_time": moment(d.UpdateTime),
		"close_time": moment(d.CloseTime), "won_time": moment(d.WonTime), "lost_time": moment(d.LostTime),
		"visible_to": d.VisibleTo, "probability": number(d.Probability), "lost_reason": textOf(d.LostReason),
		"creator_user_id": link(d.CreatorUserID), "stage_change_time": moment(d.StageChangeTime),
		"archive_time": moment(d.ArchiveTime), "is_deleted": d.IsDeleted, "is_archived": d.IsArchived,
		"local_won_date": t.onV2(day(d.LocalWonDate)), "local_lost_date": t.onV2(day(d.LocalLostDate)),
		"local_close_date": t.onV2(day(d.LocalCloseDate)), "label_ids": idList(d.LabelIDs), "origin": text(d.Origin),
		"origin_id": textOf(d.OriginID), "channel": count(d.Channel), "channel_id": textOf(d.ChannelID),
		"arr": number(d.ARR), "mrr": number(d.MRR), "acv": number(d.ACV),
		"next_activity_id": count(d.NextActivityID), "last_activity_id": count(d.LastActivityID),
		"first_won_time": moment(d.FirstWonTime), "products_count": d.ProductsCount, "files_count": d.FilesCount,
		"notes_count": d.NotesCount, "followers_count": d.FollowersCount, "email_messages_count": d.EmailMessagesCount,
		"activities_count": d.ActivitiesCount, "done_activities_count": d.DoneActivitiesCount,
		"undone_activities_count": d.UndoneActivitiesCount, "participants_count": d.ParticipantsCount,
		"last_incoming_mail_time": moment(d.LastIncomingMailTime), "last_outgoing_mail_time": moment(d.LastOutgoingMailTime),
		"smart_bcc_email": fmt.Sprintf("%s+deal%d@pipedrivemail.com", t.domain, d.ID),
		"source_lead_id":  t.onV2(textOf(d.SourceLeadID)), "stage_order_nr": nil,
	}
	// A reader of v2 knows stages only from their list, which has no deleted ones.
	if s := t.stages.rows[d.StageID]; s != nil && (!s.IsDeleted || !t.v2) {
		row["stage_order_nr"] = s.OrderNr
	}
	t.setOwner(row, d.OwnerID)
	t.setCustomFields(row, "deal", d.CustomFields)
	return row
}

func (t *truth) person(p *Person) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": p.ID, "name": text(p.Name), "first_name": text(p.FirstName),
		"last_name": textOf(p.LastName), "email": contacts(p.Emails), "phone": contacts(p.Phones),
		"primary_email": primary(p.Emails), "primary_phone": primary(p.Phones), "org_id": link(p.OrgID),
		"owner_id": link(p.OwnerID), "add_time": second(p.AddTime), "update_time": moment(p.UpdateTime),
		"visible_to": p.VisibleTo, "label": firstID(p.LabelIDs), "label_ids": idList(p.LabelIDs),
		"cc_email":   fmt.Sprintf("%s+person%d@pipedrivemail.com", t.domain, p.ID),
		"is_deleted": p.IsDeleted, "picture_id": count(p.PictureID),
		"postal_address": nil, "notes": nil, "im": nil, "birthday": nil, "job_title": nil,
		"next_activity_id": count(p.NextActivityID), "last_activity_id": count(p.LastActivityID),
		"participant_open_deals_count":   p.Deals.ParticipantOpen,
		"participant_closed_deals_count": p.Deals.ParticipantClosed,
		"last_incoming_mail_time":        moment(p.LastIncomingMailTime), "last_outgoing_mail_time": moment(p.LastOutgoingMailTime),
		"marketing_status": nil, "doi_status": nil,
	}
	if t.marketingApp {
		row["marketing_status"] = textOf(p.MarketingStatus)
		row["doi_status"] = t.onV2(textOf(p.DOIStatus))
	}
	if t.v2 && t.contactSync {
		row["postal_address"] = addressJSON(p.PostalAddress)
		row["notes"] = textOf(p.Notes)
		row["im"] = contacts(p.IM)
		row["birthday"] = day(p.Birthday)
		row["job_title"] = textOf(p.JobTitle)
	}
	setCounts(row, p.Deals, p.Activity)
	t.setOwner(row, p.OwnerID)
	t.setCustomFields(row, "person", p.CustomFields)
	return row
}

func (t *truth) organization(o *Organization) map[string]any {
	a := Address{}
	if o.Address != nil {
		a = *o.Address
	}
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": o.ID, "name": text(o.Name), "address": text(a.Value),
		"address_country": text(a.Country), "address_admin_area_level_1": text(a.AdminAreaLevel1),
		"address_admin_area_level_2": text(a.AdminAreaLevel2), "address_locality": text(a.Locality),
		"address_sublocality": text(a.Sublocality), "address_route": text(a.Route), "address_street_number": text(a.StreetNumber),
		"address_subpremise": text(a.Subpremise), "address_postal_code": text(a.PostalCode),
		"address_formatted_address": text(a.FormattedAddress), "owner_id": link(o.OwnerID), "people_count": o.PeopleCount,
		"add_time": second(o.AddTime), "update_time": moment(o.UpdateTime), "visible_to": o.VisibleTo,
		"label": firstID(o.LabelIDs), "label_ids": idList(o.LabelIDs),
		"cc_email":   fmt.Sprintf("%s+org%d@pipedrivemail.com", t.domain, o.ID),
		"is_deleted": o.IsDeleted, "picture_id": count(o.PictureID), "website": t.onV2(textOf(o.Website)),
		"linkedin": t.onV2(textOf(o.LinkedIn)), "industry": t.onV2(count(o.Industry)),
		"annual_revenue": t.onV2(number(o.AnnualRevenue)), "employee_count": t.onV2(count(o.EmployeeCount)),
		"next_activity_id": count(o.NextActivityID), "last_activity_id": count(o.LastActivityID),
	}
	setCounts(row, o.Deals, o.Activity)
	t.setOwner(row, o.OwnerID)
	t.setCustomFields(row, "organization", o.CustomFields)
	return row
}

func setCounts(row map[string]any, d DealCounts, a ActivityCounts) {
	for column, n := range map[string]int64{
		"open_deals_count": d.Open, "related_open_deals_count": d.RelatedOpen,
		"closed_deals_count": d.Closed, "related_closed_deals_count": d.RelatedClosed,
		"won_deals_count": d.Won, "related_won_deals_count": d.RelatedWon,
		"lost_deals_count": d.Lost, "related_lost_deals_count": d.RelatedLost,
		"email_messages_count": a.EmailMessages, "activities_count": a.Activities, "done_activities_count": a.Done,
		"undone_activities_count": a.Undone, "files_count": a.Files, "notes_count": a.Notes, "followers_count": a.Followers,
	} {
		row[column] = n
	}
}

func (t *truth) note(n *Note) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": n.ID, "content": text(n.Content), "add_time": second(n.AddTime),
		"update_time": moment(n.UpdateTime), "user_id": link(n.UserID), "user_name": nil, "user_email": nil,
		"deal_id": link(n.DealID), "deal_title": nil, "person_id": link(n.PersonID), "person_name": nil,
		"org_id": link(n.OrgID), "organization_name": nil, "pinned_to_deal_flag": n.PinnedToDeal,
		"pinned_to_person_flag": n.PinnedToPerson, "pinned_to_organization_flag": n.PinnedToOrganization,
		"active_flag": !n.IsDeleted, "lead_id": textOf(n.LeadID), "project_id": link(n.ProjectID), "project_title": nil,
		"task_id": link(n.TaskID), "task_title": nil, "last_update_user_id": count(n.LastUpdateUserID),
		"pinned_to_lead_flag": n.PinnedToLead, "pinned_to_project_flag": n.PinnedToProject, "pinned_to_task_flag": n.PinnedToTask,
	}
	if u := t.users.rows[n.UserID]; u != nil {
		row["user_name"], row["user_email"] = text(u.Name), text(u.Email)
	}
	if d := t.deals.rows[n.DealID]; d != nil {
		row["deal_title"] = text(d.Title)
	}
	if p := t.persons.rows[n.PersonID]; p != nil {
		row["person_name"] = text(p.Name)
	}
	if o := t.organizations.rows[n.OrgID]; o != nil {
		row["organization_name"] = text(o.Name)
	}
	if n.ProjectID != 0 {
		row["project_title"] = text(n.ProjectTitle)
	}
	if n.TaskID != 0 {
		row["task_title"] = text(n.TaskTitle)
	}
	return row
}

func (t *truth) pipeline(p *Pipeline) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": p.ID, "name": text(p.Name), "url_title": nil, "order_nr": p.OrderNr,
		"active": !p.IsDeleted, "deal_probability": p.IsDealProbabilityEnabled, "add_time": second(p.AddTime),
		"update_time": moment(p.UpdateTime), "selected": nil,
	}
	if !t.v2 {
		row["url_title"], row["selected"] = text(p.URLTitle), p.Selected
	}
	return row
}

func (t *truth) stage(s *Stage) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": s.ID, "order_nr": s.OrderNr, "name": text(s.Name),
		"active_flag": !s.IsDeleted, "deal_probability": float64(s.DealProbability), "pipeline_id": link(s.PipelineID),
		"rotten_flag": s.IsDealRotEnabled, "rotten_days": count(s.DaysToRotten), "add_time": second(s.AddTime),
		"update_time": moment(s.UpdateTime), "pipeline_name": nil,
	}
	if p := t.pipelines.rows[s.PipelineID]; p != nil && (!p.IsDeleted || !t.v2) {
		row["pipeline_name"] = text(p.Name)
	}
	return row
}

// company is the account itself, as the token's owner sees it.
func (t *truth) company() map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "company_name": text(t.name), "company_domain": text(t.domain), "company_country": "EE",
		"company_industry": "IT Services", "language_code": "en", "country_code": "US",
		"user_id": nil, "user_name": nil, "user_email": nil, "default_currency": nil, "timezone_name": nil,
	}
	if u := t.users.rows[t.me()]; u != nil {
		row["user_id"], row["user_name"], row["user_email"] = u.ID, text(u.Name), text(u.Email)
		row["default_currency"], row["timezone_name"] = text(u.DefaultCurrency), text(u.TimezoneName)
	}
	return row
}

func (t *truth) user(u *User) map[string]any {
	row := map[string]any{
		"account_id": strconv.FormatInt(t.id, 10), "id": u.ID, "name": text(u.Name), "email": text(u.Email), "phone": textOf(u.Phone),
		"active_flag": !u.IsDeleted, "activated": u.Activated, "is_deleted": u.IsDeleted, "is_admin": nil, "role_id": link(u.RoleID),
		"default_currency": text(u.DefaultCurrency), "locale": text(u.Locale), "lang": u.Lang, "timezone_name": text(u.TimezoneName),
		"timezone_offset": text(u.TimezoneOffset), "last_login": nil, "created": second(u.Created), "modified": moment(u.Modified),
		"has_created_company": u.ID == t.me(), "is_you": u.ID == t.me(), "icon_url": textOf(u.IconURL),
		"access": nil,
	}
	if len(u.Access) > 0 {
		row["access"] = marshal(elementsOf(u.Access, Access.element))
	}
	if !u.LastLogin.IsZero() {
		row["last_login"] = second(u.LastLogin)
	}
	return row
}

func (t *truth) setOwner(row map[string]any, id int64) {
	row["owner_name"], row["owner_email"] = nil, nil
	if u := t.users.rows[id]; u != nil {
		row["owner_name"], row["owner_email"] = text(u.Name), text(u.Email)
	}
}

func (t *truth) setCustomFields(row map[string]any, entity string, values map[string]any) {
	if t.API == "export" {
		return
	}
	fields := map[string]any{}
	for _, f := range t.fields[entity] {
		if v := values[f.Key]; f.Custom && (v != nil || !t.sparse) {
			fields[f.Key] = t.custom(v)
		}
	}
	row["custom_fields"] = nil
	if len(fields) > 0 && (values != nil || !t.v2) {
		row["custom_fields"] = marshal(fields)
	}
}

// custom is a custom field's value in v2's form.
func (t *truth) custom(v any) any {
	zone := func(m map[string]any, id int64, name string) map[string]any {
		m["timezone_id"] = id
		if t.v2 {
			m["timezone_name"] = name
		}
		return m
	}
	switch v := v.(type) {
	case Money:
		return map[string]any{"value": v.Value, "currency": v.Currency}
	case DateRange:
		return map[string]any{"value": v.Value, "until": v.Until}
	case TimeOfDay:
		return zone(map[string]any{"value": v.Value}, v.TimezoneID, v.TimezoneName)
	case TimeRange:
		return zone(map[string]any{"value": v.Value, "until": v.Until}, v.TimezoneID, v.TimezoneName)
	case Address:
		return addressMap(&v)
	}
	return v
}

func addressMap(a *Address) map[string]any {
	return map[string]any{
		"value": a.Value, "country": text(a.Country), "admin_area_level_1": text(a.AdminAreaLevel1),
		"admin_area_level_2": text(a.AdminAreaLevel2), "locality": text(a.Locality), "sublocality": text(a.Sublocality),
		"route": text(a.Route), "street_number": text(a.StreetNumber), "subpremise": text(a.Subpremise),
		"postal_code": text(a.PostalCode), "formatted_address": text(a.FormattedAddress),
	}
}

func addressJSON(a *Address) any {
	if a == nil {
		return nil
	}
	return marshal(addressMap(a))
}

func contacts(cs []Contact) any {
	if len(cs) == 0 {
		return nil
	}
	return marshal(elementsOf(cs, Contact.element))
}

// primary is the value of the first contact that is primary, else of the first.
func primary(cs []Contact) any {
	if len(cs) == 0 {
		return nil
	}
	i := max(0, slices.IndexFunc(cs, func(c Contact) bool { return c.Primary }))
	return text(cs[i].Value)
}

func idList(ids []int64) any {
	if len(ids) == 0 {
		return nil
	}
	return marshal(ids)
}

func firstID(ids []int64) any {
	if len(ids) == 0 {
		return nil
	}
	return ids[0]
}

// marshal does not escape < and >; neither does the vendor.
func marshal(v any) json.RawMessage {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // the values are strings, numbers, booleans, lists and maps of them
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}

// onV2 is NULL on the other APIs.
func (t *truth) onV2(v any) any {
	if !t.v2 {
		return nil
	}
	return v
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func textOf(s *string) any {
	if s == nil {
		return nil
	}
	return text(*s)
}

func link(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

func count(n *int64) any {
	if n == nil {
		return nil
	}
	return *n
}

func number(f *float64) any {
	if f == nil {
		return nil
	}
	return *f
}

func day(d *Date) any {
	if d == nil || *d == "" {
		return nil
	}
	return *d
}

func second(t time.Time) any { return t.UTC().Truncate(time.Second) }

func moment(t *time.Time) any {
	if t == nil {
		return nil
	}
	return second(*t)
}
