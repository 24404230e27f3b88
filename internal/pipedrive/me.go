package pipedrive

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// LogIn is the listing whose only record is the user that the client's credentials belong to, with the company. It
// is the cheapest request that checks the credentials, and needs no scope but base.
func LogIn() Listing {
	return Listing{Path: "/v1/users/me", Cost: 2, LogIn: true, Scopes: []string{"base"}}
}

// Me is the record of [LogIn].
type Me struct {
	CompanyID   int64  `json:"company_id"`
	CompanyName string `json:"company_name"`
	// Record is the whole record.
	Record jsontext.Value `json:"-"`
}

var errNoCompany = errors.New("the answer names no company")

// AccountID is the value of the account_id column.
func (m Me) AccountID() string { return strconv.FormatInt(m.CompanyID, 10) }

// Me returns the user that the credentials belong to.
func (c *Client) Me(ctx context.Context, m *Meter) (Me, error) {
	l := LogIn()
	r := request{path: l.Path, cost: l.Cost, meter: m}
	return get(ctx, c, r, func(body *body) (me Me, err error) {
		var answer struct {
			Data jsontext.Value `json:"data"`
		}
		if err := json.UnmarshalRead(body, &answer, Lenient[0], Lenient[1]); err != nil {
			return Me{}, err
		}
		if len(answer.Data) > 0 {
			err = json.Unmarshal(answer.Data, &me, Lenient[0], Lenient[1])
		}
		if err == nil && me.CompanyID == 0 {
			err = Refuse(errNoCompany)
		}
		me.Record = answer.Data
		return me, err
	})
}
