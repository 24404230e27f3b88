package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cloudquery/plugin-sdk/v4/message"
	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// echo is an API that repeats the credentials it gets. The log-in succeeds unless all is refused, and all other
// requests are answered with the status.
type echo struct {
	status int
	all    bool
	tokens int // given by the token endpoint
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = r.ParseForm()
	_, secret, _ := r.BasicAuth()
	got := r.Header.Get("x-api-token") + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + r.PostForm.Get("refresh_token") + secret
	text := "bad token " + got + " or " + url.QueryEscape(got)
	said, _ := json.Marshal(text + strings.Repeat(".", max(0, 287-len(text))) + " " + got) // cut in the middle of the token
	switch {
	case r.URL.Path == "/oauth/token" && (!e.all || e.tokens == 0):
		e.tokens++
		fmt.Fprintf(w, `{"access_token":"access-t0ken-%d","refresh_token":"refresh-t0ken-%d","token_type":"Bearer","expires_in":3600}`, e.tokens, e.tokens)
	case r.URL.Path == "/oauth/token":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":%s}`, said)
	case r.URL.Path == "/v1/users/me" && !e.all:
		fmt.Fprint(w, whoAmI)
	default:
		w.WriteHeader(e.status)
		fmt.Fprintf(w, `{"success":false,"error":%s}`, said)
	}
}

// TestSecrets_neverLeave: no error and no log line of any level has a secret, even if an answer repeats it.
func TestSecrets_neverLeave(t *testing.T) {
	for _, status := range []int{200, 400, 401, 403, 404, 500} {
		for _, all := range []bool{false, true} {
			for name, connection := range map[string]string{
				"api_token": `"api_token":"user-t0ken/1","api_url":%[1]q`,
				"export":    `"export":{"url":%[1]q,"token":"export-t0ken","account_id":"a"}`,
				"oauth": `"api_url":%[1]q,"oauth":{"client_id":"app","client_secret":"client-t0ken","refresh_token":"refresh-t0ken-0",
					"token_url":"%[1]s/oauth/token","token_file":%[2]q}`,
			} {
				t.Run(fmt.Sprintf("%s, %d, all %t", name, status, all), func(t *testing.T) {
					t.Parallel()
					api := &echo{status: status, all: all}
					raw := fmt.Sprintf(`{"max_retries":1,"custom_fields":"json",`+connection+`}`, httpServer(t, api), filepath.Join(t.TempDir(), "token.json"))
					var log bytes.Buffer
					logger := zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.TraceLevel)
					p := Plugin()
					p.SetLogger(logger)
					require.NoError(t, p.Init(context.Background(), []byte(raw), plugin.NewClientOptions{}))
					messages, err := p.SyncAll(context.Background(), plugin.SyncOptions{Tables: []string{"pipedrive_pipelines", "pipedrive_persons"}})
					require.NotContains(t, log.String(), "t0ken")
					require.NotContains(t, fmt.Sprint(err), "t0ken")
					require.Error(t, err)
					for _, m := range messages {
						if told, ok := m.(*message.SyncError); ok {
							require.NotContains(t, told.Error, "t0ken")
						}
					}
					var e *pipedrive.Error
					require.ErrorAs(t, err, &e)
					if (status != 401 || name != "oauth") && (status != 200 || !all) {
						require.ErrorContains(t, err, "bad token [hidden]")
					}
					err = TestConnection(context.Background(), logger, []byte(raw))
					refused := status == http.StatusForbidden || status == http.StatusNotFound // a probe takes this for a lacking feature
					require.Equal(t, all || name == "export" || !refused, err != nil)
					require.NotContains(t, fmt.Sprint(err), "t0ken")
					require.NotContains(t, log.String(), "t0ken")
				})
			}
		}
	}
}
