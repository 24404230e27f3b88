package simulator

import "fmt"

// userAttributes are the fields of a user [v1 /users].
var userAttributes = []attribute[User]{
	same("id", "", func(u *User) any { return u.ID }),
	same("name", "", func(u *User) any { return u.Name }),
	same("default_currency", "", func(u *User) any { return u.DefaultCurrency }),
	same("locale", "", func(u *User) any { return u.Locale }),
	same("lang", "", func(u *User) any { return u.Lang }),
	same("email", "", func(u *User) any { return u.Email }),
	same("phone", "", func(u *User) any { return u.Phone }),
	same("activated", "", func(u *User) any { return u.Activated }),
	same("last_login", "", func(u *User) any {
		if u.LastLogin.IsZero() {
			return v1ZeroTime
		}
		return u.LastLogin
	}),
	same("created", "", func(u *User) any { return u.Created }),
	same("modified", "", func(u *User) any { return u.Modified }),
	onlyV1("has_created_company", func(c *Company, u *User) any { return u.ID == c.me() }),
	onlyV1("access", func(_ *Company, u *User) any {
		l := list{}
		for _, a := range u.Access {
			l = append(l, object{{"app", a.App}, {"admin", a.Admin}, {"permission_set_id", a.PermissionSetID}})
		}
		return l
	}),
	onlyV1("active_flag", func(_ *Company, u *User) any { return !u.IsDeleted }),
	same("timezone_name", "", func(u *User) any { return u.TimezoneName }),
	same("timezone_offset", "", func(u *User) any { return u.TimezoneOffset }),
	same("role_id", "", func(u *User) any { return u.RoleID }),
	same("icon_url", "", func(u *User) any { return u.IconURL }),
	onlyV1("is_you", func(c *Company, u *User) any { return u.ID == c.me() }),
	same("is_deleted", "", func(u *User) any { return u.IsDeleted }),
}

// usualSets are the permission sets of users who have no others.
var usualSets = []string{"62cc4d7f-4038-4352-abf3-a8c1c822b631", "233b7976-39bd-43a9-b305-ef3a2b0998e5"}

// usualAccess is the access to all of the firm's apps.
func usualAccess(admin bool) (access []Access) {
	for i, app := range firms {
		access = append(access, Access{app, admin, usualSets[i]})
	}
	return access
}

// companyMembers are the members that /v1/users/me adds to the user [v1 /users/me].
func (c *Company) companyMembers() []member {
	return []member{
		{"company_id", c.id},
		{"company_name", c.name},
		{"company_domain", c.domain},
		{"company_country", "EE"},
		{"company_industry", "IT Services"},
		{"language", object{{"language_code", "en"}, {"country_code", "US"}}},
	}
}

// me is the id of the user that the company's tokens belong to: the first.
func (c *Company) me() int64 {
	if us := c.users.ordered("", "id").rows; len(us) > 0 {
		return us[0].ID
	}
	return 0
}

// userObject is v1's form of a linked user. In the vendor's examples, has_pic is a boolean on deals and 0 or 1
// elsewhere; readers have to accept both.
func (c *Company) userObject(id int64) any {
	if id == 0 {
		return nil
	}
	u := c.users.rows[id]
	if u == nil {
		return object{
			{"id", id}, {"name", nil}, {"email", nil}, {"has_pic", false}, {"pic_hash", nil}, {"active_flag", false}, {"value", id},
		}
	}
	return object{
		{"id", id},
		{"name", u.Name},
		{"email", u.Email},
		{"has_pic", false},
		{"pic_hash", nil},
		{"active_flag", !u.IsDeleted},
		{"value", id},
	}
}

// personObject is v1's form of a linked person [v1 of 2026-01-14 /deals].
func (c *Company) personObject(id int64) any {
	if id == 0 {
		return nil
	}
	p := c.persons.rows[id]
	if p == nil {
		p = &Person{IsDeleted: true}
	}
	return object{
		{"active_flag", !p.IsDeleted},
		{"name", p.Name},
		{"email", p.Emails},
		{"phone", p.Phones},
		{"owner_id", reference(p.OwnerID)},
		{"value", id},
	}
}

// orgObject is v1's form of a linked organization [v1 of 2026-01-14 /deals].
func (c *Company) orgObject(id int64) any {
	if id == 0 {
		return nil
	}
	o := c.organizations.rows[id]
	if o == nil {
		o = &Organization{IsDeleted: true}
	}
	var address any
	if o.Address != nil {
		address = o.Address.Value
	}
	return object{
		{"name", o.Name},
		{"people_count", o.PeopleCount},
		{"owner_id", reference(o.OwnerID)},
		{"address", address},
		{"active_flag", !o.IsDeleted},
		{"cc_email", c.bcc("org", id)},
		{"value", id},
	}
}

// pictureObject is v1's form of a picture, with the zero update_time of the vendor's example [v1 of 2026-01-14
// /persons].
func (c *Company) pictureObject(itemType string, itemID int64, picture *int64) any {
	if picture == nil {
		return nil
	}
	url := fmt.Sprintf("https://pipedrive-profile-pics.s3.example.com/%d", *picture)
	return object{
		{"item_type", itemType},
		{"item_id", itemID},
		{"active_flag", true},
		{"add_time", defaultNow},
		{"update_time", v1ZeroTime},
		{"added_by_user_id", c.me()},
		{"pictures", object{{"128", url + "_128.jpg"}, {"512", url + "_512.jpg"}}},
		{"value", *picture},
	}
}

func (c *Company) userName(id int64) any {
	if u := c.users.rows[id]; u != nil {
		return u.Name
	}
	return nil
}

func (c *Company) personName(id int64) any {
	if p := c.persons.rows[id]; p != nil {
		return p.Name
	}
	return nil
}

func (c *Company) orgName(id int64) any {
	if o := c.organizations.rows[id]; o != nil {
		return o.Name
	}
	return nil
}

// bcc is the address that files an e-mail under a record.
func (c *Company) bcc(kind string, id int64) string {
	return fmt.Sprintf("%s+%s%d@pipedrivemail.com", c.domain, kind, id)
}
