// Package login gets the first refresh token of an OAuth app: it sends the user to Pipedrive, receives the code on this
// machine, and keeps the token for syncs.
package login

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/oauth2"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"
)

// defaultAuthorizeURL is the page on which users consent ([Pipedrive: OAuth authorization]).
//
// [Pipedrive: OAuth authorization]: https://pipedrive.readme.io/docs/marketplace-oauth-authorization
const defaultAuthorizeURL = "https://oauth.pipedrive.com/oauth/authorize"

// options are the command's flags and variables.
type options struct {
	clientID, clientSecret            string
	authorizeURL, tokenURL, tokenFile string
	redirectURL                       *url.URL
}

// Run is the command `login`. It prints the address to open to out, waits for the user's consent until ctx ends,
// writes the token file and prints the lines for the spec. The client secret comes from the variable
// PIPEDRIVE_CLIENT_SECRET, since other users of the machine can see a command's arguments.
func Run(ctx context.Context, arguments []string, out io.Writer) (err error) {
	o, err := parse(arguments, out)
	if err != nil {
		return err
	}
	var secrets redact.Secrets
	secrets.AddBasic(o.clientID, o.clientSecret)
	defer func() { err = secrets.Error(err) }()
	config := oauth2.Config{
		ClientID: o.clientID, ClientSecret: o.clientSecret, RedirectURL: o.redirectURL.String(),
		Endpoint: oauth2.Endpoint{AuthURL: o.authorizeURL, TokenURL: o.tokenURL, AuthStyle: oauth2.AuthStyleInHeader},
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.redirectURL.Host)
	if err != nil {
		return fmt.Errorf("can't receive the answer: %w", err)
	}
	state := rand.Text()
	fmt.Fprintf(out, "Open this address in a browser and allow the app:\n\n  %s\n\n", config.AuthCodeURL(state))
	code, err := receive(ctx, listener, o.redirectURL.Path, state)
	if err != nil {
		return err
	}
	secrets.Add(code)
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{
		Timeout: time.Minute,
		// A redirect would send the code and the app's secret to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	token, err := config.Exchange(ctx, code)
	if err != nil {
		return explain(err)
	}
	if token.RefreshToken == "" {
		return errors.New("pipedrive's answer holds no refresh token")
	}
	if err := pipedrive.WriteTokenFile(o.tokenFile, token.RefreshToken); err != nil {
		return err
	}
	fmt.Fprintf(out, `Connected. The refresh token is in %[1]s, which only you can read. In the plugin's spec:

  oauth:
    client_id: "${PIPEDRIVE_CLIENT_ID}"
    client_secret: "${PIPEDRIVE_CLIENT_SECRET}"
    token_file: %[1]s
`, o.tokenFile)
	return nil
}

// Help prints the command's usage.
func Help(out io.Writer) {
	var o options
	var redirect string
	o.flags(&redirect, out).Usage()
}

// flags returns the command's flags, which fill o and redirect.
func (o *options) flags(redirect *string, out io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet("cq-source-pipedrive login", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.clientID, "client-id", os.Getenv("PIPEDRIVE_CLIENT_ID"),
		"the app's client id; default: the variable PIPEDRIVE_CLIENT_ID")
	flags.StringVar(&o.tokenFile, "token-file", ".pipedrive/token.json", "where to keep the refresh token")
	flags.StringVar(redirect, "redirect-url", "http://127.0.0.1:8976/callback",
		"the app's callback URL, as in the Developer Hub; on this machine")
	flags.StringVar(&o.authorizeURL, "authorize-url", defaultAuthorizeURL, "where users consent")
	flags.StringVar(&o.tokenURL, "token-url", pipedrive.DefaultTokenURL, "where the code is exchanged")
	flags.Usage = func() {
		fmt.Fprint(out, `Connect an OAuth app and keep its refresh token for the syncs. The app's secret comes from the variable
PIPEDRIVE_CLIENT_SECRET.

Usage:
  cq-source-pipedrive login [flags]

Flags:
`)
		flags.PrintDefaults()
	}
	return flags
}

func parse(arguments []string, out io.Writer) (options, error) {
	o := options{clientSecret: os.Getenv("PIPEDRIVE_CLIENT_SECRET")}
	var redirect string
	if err := o.flags(&redirect, out).Parse(arguments); err != nil {
		return o, err
	}
	if o.clientID == "" || o.clientSecret == "" {
		return o, errors.New("set PIPEDRIVE_CLIENT_ID and PIPEDRIVE_CLIENT_SECRET to the app's credentials from Pipedrive's Developer Hub")
	}
	var err error
	if o.redirectURL, err = url.Parse(redirect); err != nil {
		return o, fmt.Errorf("-redirect-url: %w", err)
	}
	if o.redirectURL.Scheme != "http" || !spec.IsLoopback(o.redirectURL.Hostname()) {
		return o, fmt.Errorf("-redirect-url: %s is not an http address of this machine, like http://127.0.0.1:8976/callback", redirect)
	}
	for _, address := range []string{o.authorizeURL, o.tokenURL} {
		if err := spec.CheckURL("login", address); err != nil {
			return o, err
		}
	}
	return o, nil
}

// answer holds the parameters with which Pipedrive redirects the browser.
type answer struct {
	code string
	err  error
}

// receive serves the callback until it is called with this login's state.
func receive(ctx context.Context, listener net.Listener, path, state string) (string, error) {
	answers := make(chan answer, 1)
	server := &http.Server{
		ReadHeaderTimeout: 10 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			if r.URL.Path != cmp.Or(path, "/") || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
				http.Error(w, "This is not the answer to this login.", http.StatusBadRequest)
				return
			}
			a := answer{code: q.Get("code")}
			if a.code == "" {
				a.err = fmt.Errorf("pipedrive did not allow the app: %q", cmp.Or(q.Get("error"), "no code"))
			}
			select {
			case answers <- a:
				fmt.Fprintln(w, "You can close this window and go back to the terminal.")
			default:
				http.Error(w, "The answer has come already.", http.StatusConflict)
			}
		}),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		shutdown, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(shutdown)
	}()
	select {
	case a := <-answers:
		return a.code, a.err
	case err := <-served:
		return "", err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// explain leaves out the token endpoint's body, which may repeat the request's secrets.
func explain(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if status := refused.Response.StatusCode; status >= http.StatusMultipleChoices && status < http.StatusBadRequest {
			return fmt.Errorf("pipedrive did not exchange the code: HTTP %d, a redirect, which is not followed; is -token-url right?",
				status)
		}
		return fmt.Errorf("pipedrive did not exchange the code: HTTP %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return fmt.Errorf("pipedrive did not exchange the code: %w", err)
}
