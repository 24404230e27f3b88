package tables

import (
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

func company() *table.Table {
	return &table.Table{
		Records:     "company",
		Title:       "Company",
		Description: "The company of the account: one row per account, from the answer to the log-in. https://developers.pipedrive.com/docs/api/v1/Users#getCurrentUser",
		V1:          []pipedrive.Listing{pipedrive.LogIn()},
		Columns: []table.Column{
			{Name: "company_name", Type: table.Text, Description: "The company's name."},
			{Name: "company_domain", Type: table.Text, Description: "The company's subdomain of pipedrive.com."},
			{Name: "company_country", Type: table.Text, Description: "The company's country, an ISO 3166 code."},
			{Name: "company_industry", Type: table.Text, Description: "The company's industry."},
			{Name: "language_code", Type: table.Text, Description: "The user's language, an ISO 639 code.", V1: table.At("language.language_code")},
			{Name: "country_code", Type: table.Text, Description: "Country of the language variant.", V1: table.At("language.country_code")},
			{Name: "user_id", Type: table.Int, Description: "The user whose credentials the run has.", V1: table.At("id")},
			{Name: "user_name", Type: table.Text, Description: "The user's name.", V1: table.At("name")},
			{Name: "user_email", Type: table.Text, Description: "The user's e-mail address.", V1: table.At("email")},
			{Name: "default_currency", Type: table.Text, Description: "The user's currency of new deals."},
			{Name: "timezone_name", Type: table.Text, Description: "The user's time zone, like Europe/Berlin."},
		},
	}
}
