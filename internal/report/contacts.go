package report

// Contacts are the persons of all accounts, without deleted ones, by their e-mail addresses. Addresses that differ only
// in case or in spaces around them are one.
type Contacts struct {
	Persons, Unreachable, Sharing int // all; without an address; with an address that another person of the account has
	OpenUnreachable               int // open deals whose person has no address
}

// contacts counts the persons by their addresses.
func (r *reader) contacts() (c Contacts) {
	statement, ok := r.statement("pipedrive_person_emails", "pipedrive_persons", "pipedrive_deals")
	if !ok {
		return c
	}
	each(r, statement, func(c *Contacts) []any {
		return []any{&c.Persons, &c.Unreachable, &c.Sharing, &c.OpenUnreachable}
	}, func(found Contacts) { c = found })
	return c
}
