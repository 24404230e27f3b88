package simulator

import (
	"net/http"
	"net/url"
	"strings"
)

// exportPath is the path of the export endpoint: a service that forwards Pipedrive's v1 lists in its own envelope.
const exportPath = "/v1/e/pipedrive/export/"

// exportTypes are the endpoint's types, in the order of its error message, with the cost in API tokens of each
// type's v1 list.
var exportTypes = []struct {
	name string
	cost int64
	page func(*Company, url.Values, bool) (v1Page, *refusal)
}{
	{"persons", 20, personsV1.page},
	{"organizations", 20, organizationsV1.page},
	{"deals", 20, dealsV1.page},
	{"notes", 20, notesV1.page},
	{"pipelines", 10, pipelinesV1.page},
	{"stages", 10, stagesV1.page},
}

// exportError is the endpoint's error body.
func exportError(status int, detail string) object {
	switch status {
	case http.StatusTooManyRequests:
		return exportBody("Rate limit exceeded. Please try again later.", "RATE_LIMIT_EXCEEDED")
	case http.StatusUnauthorized:
		return exportBody("TOKEN_INVALIDATED", "TOKEN_INVALIDATED")
	}
	return exportBody("Pipedrive API error: "+detail, "EXTERNAL_API_ERROR")
}

func exportBody(msg, code string) object {
	return object{{"success", false}, {"message", msg}, {"error", code}}
}

// serveExport answers GET /v1/e/pipedrive/export/{type}.
func (x *exchange) serveExport() {
	kind := strings.TrimPrefix(x.r.URL.Path, exportPath)
	if !x.authoriseExport() {
		return
	}
	for _, t := range exportTypes {
		if t.name != kind {
			continue
		}
		if x.admit(t.cost) {
			x.exportPage(t.page)
		}
		return
	}
	x.reply(http.StatusBadRequest, exportBody(
		"Invalid type. Allowed types: persons, organizations, deals, notes, pipelines, stages", "INVALID_TYPE"))
}

func (x *exchange) authoriseExport() bool {
	jwt, _ := strings.CutPrefix(x.r.Header.Get("Authorization"), "Bearer ")
	x.s.mu.Lock()
	c, known := x.s.exportTokens[jwt]
	x.s.mu.Unlock()
	switch {
	case !known:
		x.reply(http.StatusUnauthorized, exportBody("User oauth token not found. Please redirect to login", "TOKEN_NOT_FOUND"))
		return false
	case c == nil:
		x.reply(http.StatusUnauthorized, exportError(http.StatusUnauthorized, ""))
		return false
	}
	x.company, x.token = c, jwt
	return true
}

func (x *exchange) exportPage(page func(*Company, url.Values, bool) (v1Page, *refusal)) {
	if refused := onlyKnown(x.query, []string{"limit", "start"}); refused != nil {
		x.refuse(refused)
		return
	}
	q := x.query
	unpaged := strings.HasSuffix(x.r.URL.Path, "/pipelines")
	if unpaged {
		q = nil
	}
	p, refused := page(x.company, q, true)
	if refused != nil {
		x.refuse(refused)
		return
	}
	if unpaged {
		p.limit = defaultLimit
	}
	next := any(nil)
	if p.more {
		next = p.start + p.limit
	}
	e := encoder{buf: append(make([]byte, 0, len(p.records)+200), `{"success":true,"message":"SUCCESS","data":[`...)}
	e.buf = append(append(e.buf, p.records...), `],"pagination":`...)
	e.object(object{{"start", p.start}, {"limit", p.limit}, {"more_items_in_collection", p.more}, {"next_start", next}})
	e.buf = append(e.buf, '}')
	x.ok(e.buf)
}
