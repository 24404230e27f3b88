package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// parentKey is the column of the primary key with the parent's id, which the record itself lacks.
func parentKey(name, description string) table.Column {
	return table.Column{Name: name, Key: true, Type: table.Int, Description: description, V2: table.OfParent("id"), V1: table.OfParent("id")}
}

// position is the column of the primary key with the record's place in its parent's list.
func position(description string) table.Column {
	return table.Column{Name: "position", Key: true, Type: table.Int, Description: description, V2: table.Position(), V1: table.Position()}
}

// parentTime is the column that a table of children is incremental on.
func parentTime(name, description string) table.Column {
	return table.Column{
		Name: name, Type: table.Timestamp, Description: description, IncrementalKey: true,
		V2: table.OfParent("update_time"), V1: table.OfParent("update_time"),
	}
}

// dealsWithProducts are the parents of deals' products and of their installments: only a deal with products can
// have installments.
func dealsWithProducts() *table.Parent {
	return &table.Parent{Table: deals(), Column: "deal_id", Count: "products_count", Skip: "is_deleted"}
}

// childrenOfDeals is a list of API v2 in which a request names deals.
func childrenOfDeals(path string, scopes []string) []pipedrive.Listing {
	l := pipedrive.ByIDV2(path, 10, scopes)
	l.Parent = pipedrive.Parent{Param: "deal_ids", Batch: 100}
	return []pipedrive.Listing{l}
}

// childrenOfOne is a list of API v2 in which the path names the parent.
func childrenOfOne(path string, scopes []string) pipedrive.Listing {
	return pipedrive.Listing{Path: path, Cost: 10, Paging: pipedrive.Cursor, Scopes: scopes, Parent: pipedrive.Parent{Param: "id", Batch: 1}}
}
