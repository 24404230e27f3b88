package tables

import (
	"slices"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/customfields"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Scopes; a request needs one of them.
var (
	dealsScopes    = []string{"deals:read", "deals:full"}
	contactsScopes = []string{"contacts:read", "contacts:full"}
	setupScopes    = []string{"deals:read", "deals:full", "admin"}
	notesScopes    = slices.Concat(dealsScopes, contactsScopes)

	activitiesScopes = []string{"activities:read", "activities:full"}
	productsScopes   = []string{"products:read", "products:full"}
	projectsScopes   = []string{"projects:read", "projects:full"}
	leadsScopes      = []string{"leads:read", "leads:full"}
	adminScopes      = []string{"admin"}

	dealProductsScopes = slices.Concat(dealsScopes, productsScopes)

	dealFieldsScopes = slices.Concat(dealsScopes, []string{"admin", "deal-fields:full"})
	// The OpenAPI file has only admin; activities:read was seen to work.
	activityFieldsScopes = slices.Concat(activitiesScopes, adminScopes)
	projectFieldsScopes  = slices.Concat(projectsScopes, []string{"project-fields:full"})
	productFieldsScopes  = slices.Concat(productsScopes, []string{"product-fields:full"})
	contactFieldsScopes  = slices.Concat(contactsScopes, []string{"admin", "contact-fields:full"})
)

// fieldSettings are the settings of a field that lists of fields in API v2 have on request.
var fieldSettings = []string{"ui_visibility", "important_fields", "required_fields"}

// fieldList is the list of a type of record's fields, which has the same name in both APIs. API v2 is asked for
// some settings.
func fieldList(name string, scopes []string, settings ...string) *table.Table {
	columns := slices.Clone(customfields.Columns)
	for i, c := range columns {
		if slices.Contains(settings, c.Name) {
			columns[i].Presence = table.OnRequest
		}
	}
	return &table.Table{
		Records: name,
		Columns: columns,
		V2:      []pipedrive.Listing{{Path: "/api/v2/" + name, Cost: 10, Paging: pipedrive.Cursor, Scopes: scopes}},
		V1:      []pipedrive.Listing{{Path: "/v1/" + name, Cost: 20, Paging: pipedrive.Offset, Scopes: scopes}},
	}
}

// fieldListV2 is the same for a type of record that exists only in API v2.
func fieldListV2(name string, scopes []string, settings ...string) *table.Table {
	list := fieldList(name, scopes, settings...)
	list.V1 = nil
	return list
}

// projectsListing is a list of the Projects add-on, which can't be sorted.
func projectsListing(path string) pipedrive.Listing {
	return pipedrive.Listing{Path: path, Cost: 10, Paging: pipedrive.Cursor, Scopes: projectsScopes}
}
