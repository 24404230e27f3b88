package pipedrive

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
)

// Me is the user whose credentials a client has, and the company that they belong to.
type Me struct {
	CompanyID   int64  `json:"company_id"`
	CompanyName string `json:"company_name"`
}

var errNoCompany = errors.New("the answer names no company")

// AccountID is the value of the account_id column.
func (m Me) AccountID() string { return strconv.FormatInt(m.CompanyID, 10) }

// Me asks who the credentials belong to, for 2 API tokens. It is the cheapest request that they can be
// checked with, and needs no scope but base.
func (c *Client) Me(ctx context.Context, m *Meter) (Me, error) {
	r := request{path: "/v1/users/me", cost: 2, meter: m}
	return get(ctx, c, r, func(body []byte) (Me, error) {
		var answer struct {
			Data *Me `json:"data"`
		}
		if err := json.Unmarshal(body, &answer, Lenient[0], Lenient[1]); err != nil {
			return Me{}, err
		}
		if answer.Data == nil || answer.Data.CompanyID == 0 {
			return Me{}, Refuse(errNoCompany)
		}
		return *answer.Data, nil
	})
}
