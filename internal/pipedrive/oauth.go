package pipedrive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/oauth2"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"
)

// DefaultTokenURL is Pipedrive's token endpoint ([Pipedrive: OAuth authorization]).
//
// [Pipedrive: OAuth authorization]: https://pipedrive.readme.io/docs/marketplace-oauth-authorization
const DefaultTokenURL = "https://oauth.pipedrive.com/oauth/token"

// refreshAhead is the longest time before its expiry at which an access token is replaced. Pipedrive's tokens last
// an hour.
const refreshAhead = 2 * time.Minute

// aheadOf returns the time before its expiry at which a token of the given life is replaced.
func aheadOf(life time.Duration) time.Duration { return min(refreshAhead, life/10) }

// laterLooks are the pauses before each look into the token file after its token was refused. Then another process has
// used that token up, and writes the new one as soon as it has the answer.
var laterLooks = [...]time.Duration{0, 250 * time.Millisecond, time.Second}

const reconnect = "connect the account again with `cq-source-pipedrive login`"

// OAuthConfig configures an [OAuth] authorizer.
type OAuthConfig struct {
	ClientID, ClientSecret string
	// RefreshToken is the user's consent; empty if TokenFile has it.
	RefreshToken string
	// TokenFile keeps the newest refresh token between runs; empty for none.
	TokenFile string
	// TokenURL is the endpoint that refreshes tokens.
	TokenURL string
	// Timeout of one request to TokenURL.
	Timeout time.Duration
	// Transport sends the requests; nil for http.DefaultTransport.
	Transport http.RoundTripper
	// Secrets gets the tokens that come from the token file and the token endpoint; nil for nowhere.
	Secrets *redact.Secrets
	// Logger gets the retries, as in [Config].
	Logger zerolog.Logger
}

// OAuth authorizes requests with an access token. It replaces the token before it expires or when the API refuses it.
// One refresh serves all requests that wait for a new token.
type OAuth struct {
	config oauth2.Config
	http   *http.Client
	file   *tokenFile
	// secrets get each token before a message can contain it.
	secrets *redact.Secrets
	logger  zerolog.Logger

	turn    chan struct{} // its holder may refresh
	refresh string        // the newest refresh token
	unsaved bool          // whether the token file could not take it
	access  *oauth2.Token
	renew   time.Time // when access is replaced
}

// NewOAuth returns the authorizer of one account. The token file's refresh token is newer than the spec's, unless
// the spec's was replaced since.
func NewOAuth(c OAuthConfig) (*OAuth, error) {
	o := &OAuth{
		config: oauth2.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret,
			Endpoint: oauth2.Endpoint{TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInHeader},
		},
		http: &http.Client{
			Transport:     c.Transport,
			Timeout:       c.Timeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		secrets: c.Secrets,
		logger:  c.Logger,
		turn:    make(chan struct{}, 1),
		refresh: c.RefreshToken,
	}
	if c.TokenFile != "" {
		o.file = newTokenFile(c.TokenFile, c.RefreshToken)
		stored, err := o.stored()
		if err != nil {
			return nil, err
		}
		if stored != "" {
			o.refresh = stored
		}
	}
	if o.refresh == "" {
		return nil, Errorf(TokenNotFound,
			"oauth has no refresh_token, and token_file none either; `cq-source-pipedrive login` gets the first one")
	}
	return o, nil
}

// Authorize adds the access token, after refreshing it if that is due.
func (o *OAuth) Authorize(r *http.Request) error {
	token, err := o.token(r.Context(), "")
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+token.AccessToken)
	return nil
}

// Remedy names the command that connects an account.
func (*OAuth) Remedy() string { return reconnect }

// Renew replaces the access token that r was refused with, unless another request has done so already.
func (o *OAuth) Renew(r *http.Request) (bool, error) {
	_, err := o.token(r.Context(), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	return err == nil, err
}

// Grant is the access that a user has consented to.
type Grant struct {
	// APIDomain is the host that serves the account, with its scheme.
	APIDomain string
	// Scopes that were granted; empty if the answer does not list them.
	Scopes []string
}

// Login gets an access token, with up to maxRetries retries, and returns the grant that comes with it.
func (o *OAuth) Login(ctx context.Context, maxRetries int) (Grant, error) {
	token, err := retry(ctx, maxRetries, func() (*oauth2.Token, error) { return o.token(ctx, "") },
		noteRetries(o.logger, pathOf(o.config.Endpoint.TokenURL)))
	if err != nil {
		return Grant{}, err
	}
	domain, _ := token.Extra("api_domain").(string)
	scope, _ := token.Extra("scope").(string)
	return Grant{
		APIDomain: strings.TrimRight(domain, "/"),
		// The documentation separates scopes by commas, OAuth itself by spaces.
		Scopes: strings.FieldsFunc(scope, func(c rune) bool { return c == ',' || c == ' ' }),
	}, nil
}

// token returns an access token other than refused.
func (o *OAuth) token(ctx context.Context, refused string) (*oauth2.Token, error) {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if o.access != nil && o.access.AccessToken != refused && time.Now().Before(o.renew) {
		return o.access, nil
	}
	if err := o.exchange(ctx); err != nil {
		return nil, err
	}
	return o.access, nil
}

// exchange trades the refresh token for an access token. Pipedrive documents that the answer repeats the refresh
// token. A changed one is accepted too, and stored before it is used.
func (o *OAuth) exchange(ctx context.Context) error {
	if err := o.prepare(); err != nil {
		return err
	}
	// The end of the run must not lose the answer, which may have the only valid token.
	exchanging := context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, o.http)
	trade := func() (*oauth2.Token, error) {
		return o.config.TokenSource(exchanging, &oauth2.Token{RefreshToken: o.refresh}).Token()
	}
	token, err := trade()
	for refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.ErrorCode == "invalid_grant"; {
		newer, lookErr := o.newer(ctx)
		if lookErr != nil {
			return lookErr
		}
		if !newer {
			break
		}
		token, err = trade()
	}
	if err != nil {
		return tokenError(err, o.config.Endpoint.TokenURL, o.access != nil)
	}
	o.accept(token)
	return nil
}

// prepare takes the newest refresh token and checks that the next one can be stored, before this one is used up.
func (o *OAuth) prepare() error {
	switch {
	case o.file == nil:
		return nil
	case o.unsaved: // the file's token is used up
		o.save()
		return nil
	}
	stored, err := o.stored() // another process may have a newer one
	if err != nil {
		return err
	}
	if stored == "" {
		return o.file.write(o.refresh)
	}
	o.refresh = stored
	return o.file.try(stored)
}

// stored returns the token file's refresh token, or "" if there is none newer than the spec's.
func (o *OAuth) stored() (string, error) {
	token, err := o.file.read()
	o.secrets.Add(token)
	return token, err
}

// newer takes a refresh token other than the refused one from the token file, once it has one.
func (o *OAuth) newer(ctx context.Context) (bool, error) {
	if o.file == nil {
		return false, nil
	}
	for _, pause := range laterLooks {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
		stored, err := o.stored()
		if err != nil {
			return false, err
		}
		if stored != "" && stored != o.refresh {
			o.refresh = stored
			return true, nil
		}
	}
	return false, nil
}

// accept stores the tokens of an answer. The run continues with a refresh token that can't be written: it has the only
// copy.
func (o *OAuth) accept(token *oauth2.Token) {
	o.secrets.Add(token.AccessToken, token.RefreshToken)
	if token.RefreshToken != "" && token.RefreshToken != o.refresh {
		o.refresh = token.RefreshToken
		if o.file != nil {
			o.save()
		}
	}
	now := time.Now()
	if token.Expiry.IsZero() {
		token.Expiry = now.Add(time.Hour)
	}
	o.access, o.renew = token, token.Expiry.Add(-aheadOf(token.Expiry.Sub(now)))
}

// save writes the newest refresh token to the token file.
func (o *OAuth) save() {
	err := o.file.write(o.refresh)
	if o.unsaved = err != nil; o.unsaved {
		o.logger.Error().Err(err).Msg("this run has a new refresh token, which it writes again at the next refresh and at its end; " +
			"if the file does not take it by then, " + reconnect)
	}
}

// Close writes a refresh token that the token file could not take before.
func (o *OAuth) Close() {
	o.turn <- struct{}{}
	defer func() { <-o.turn }()
	if o.unsaved {
		o.save()
	}
}

// tokenError explains an error of the token endpoint. It leaves out the body, which may repeat the request's
// secrets. reached says whether the endpoint has answered before.
func tokenError(err error, tokenURL string, reached bool) error {
	e := &Error{Code: ExternalAPIError, Path: pathOf(tokenURL)}
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response == nil {
		e.Message, e.cause = "the access token can't be refreshed", withoutURL(err)
		return unanswered(e, tokenURL, "oauth.token_url", reached)
	}
	e.Status = refused.Response.StatusCode
	switch {
	case e.Status >= http.StatusInternalServerError, e.Status == http.StatusTooManyRequests, e.Status == http.StatusRequestTimeout:
		e.Message = "the access token can't be refreshed"
		return transient(e)
	case refused.ErrorCode == "invalid_client" || refused.ErrorCode == "unauthorized_client":
		e.Code = TokenInvalidated
		e.Message = "Pipedrive does not know the OAuth app: are client_id and client_secret right?"
	case e.Status == http.StatusOK:
		e.Message = "the answer holds no access token"
		return transient(e)
	case refused.ErrorCode == "" && e.Status != http.StatusBadRequest && e.Status != http.StatusUnauthorized:
		e.Message = "the answer is not that of a token endpoint; is oauth.token_url right?"
		return e
	default:
		e.Code = TokenInvalidated
		e.Message = "Pipedrive refuses the refresh token; " + reconnect
	}
	e.Message += fmt.Sprintf(" (%s)", refused.ErrorCode)
	return e
}

func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path
}
