package simulator

// noteAttributes are the fields of a note, which exists only in v1 [v1 /notes].
var noteAttributes = []attribute[Note]{
	same("id", "int", func(n *Note) any { return n.ID }),
	onlyV1("active_flag", func(_ *Company, n *Note) any { return !n.IsDeleted }),
	same("add_time", "date", func(n *Note) any { return n.AddTime }),
	onlyV1("update_time", func(_ *Company, n *Note) any {
		if n.UpdateTime == nil {
			return v1ZeroTime
		}
		return n.UpdateTime
	}),
	same("content", "text", func(n *Note) any { return n.Content }),
	same("lead_id", "lead", func(n *Note) any { return n.LeadID }),
	same("deal_id", "deal", func(n *Note) any { return reference(n.DealID) }),
	same("person_id", "people", func(n *Note) any { return reference(n.PersonID) }),
	same("org_id", "org", func(n *Note) any { return reference(n.OrgID) }),
	same("project_id", "project", func(n *Note) any { return reference(n.ProjectID) }),
	same("task_id", "int", func(n *Note) any { return reference(n.TaskID) }),
	same("user_id", "user", func(n *Note) any { return reference(n.UserID) }),
	same("last_update_user_id", "user", func(n *Note) any { return n.LastUpdateUserID }),
	same("pinned_to_lead_flag", "boolean", func(n *Note) any { return n.PinnedToLead }),
	same("pinned_to_deal_flag", "boolean", func(n *Note) any { return n.PinnedToDeal }),
	same("pinned_to_person_flag", "boolean", func(n *Note) any { return n.PinnedToPerson }),
	same("pinned_to_organization_flag", "boolean", func(n *Note) any { return n.PinnedToOrganization }),
	same("pinned_to_project_flag", "boolean", func(n *Note) any { return n.PinnedToProject }),
	same("pinned_to_task_flag", "boolean", func(n *Note) any { return n.PinnedToTask }),
	linked("deal", false), linked("deal", true),
	linked("person", false), linked("person", true),
	linked("organization", false), linked("organization", true),
	linked("user", false), linked("user", true),
	onlyV1("project", func(_ *Company, n *Note) any { return titled(n.ProjectID, n.ProjectTitle) }),
	onlyV1("task", func(_ *Company, n *Note) any { return titled(n.TaskID, n.TaskTitle) }),
}

// linked declares the object that names a note's linked record. The export endpoint's objects have the id too; v1
// shows the ids beside its objects.
func linked(name string, export bool) attribute[Note] {
	return attribute[Note]{v1: name, export: export, v1Value: func(c *Company, n *Note) any {
		o, id := c.linkedObject(n, name)
		if o != nil && export {
			o = append(o, member{"id", id})
		}
		if o == nil {
			return nil
		}
		return o
	}}
}

func (c *Company) linkedObject(n *Note, name string) (o object, id int64) {
	switch name {
	case "deal":
		if d := c.deals.rows[n.DealID]; d != nil {
			return object{{"title", d.Title}}, d.ID
		}
	case "person":
		if p := c.persons.rows[n.PersonID]; p != nil {
			return object{{"name", p.Name}}, p.ID
		}
	case "organization":
		if o := c.organizations.rows[n.OrgID]; o != nil {
			return object{{"name", o.Name}}, o.ID
		}
	case "user":
		if u := c.users.rows[n.UserID]; u != nil {
			return object{{"email", u.Email}, {"icon_url", u.IconURL}, {"is_you", u.ID == c.me()}, {"name", u.Name}}, u.ID
		}
	}
	return nil, 0
}

func titled(id int64, title string) any {
	if id == 0 {
		return nil
	}
	return object{{"title", title}}
}
