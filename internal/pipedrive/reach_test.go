package pipedrive

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// unreached are the errors of addresses that lead nowhere.
var unreached = map[string]error{
	"no such host":       &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "api.pipedrive.test", IsNotFound: true}},
	"connection refused": &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED},
	"https to http":      http.ErrSchemeMismatch,
	"https to no TLS":    tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"},
}

func TestGet_aHostThatNeverAnsweredIsGivenUpSoon(t *testing.T) {
	for name, cause := range unreached {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				begin := time.Now()
				c, api := start(func(int, *http.Request) reply { return reply{err: cause} })
				c.config.MaxRetries, c.config.URLKey = 8, "api_url"
				_, err := collect(t, c, cursorListing, 2)
				requireCode(t, err, ExternalAPIError)
				require.ErrorContains(t, err, "no connection to https://api.pipedrive.test; is api_url right?")
				require.ErrorIs(t, err, cause)
				require.Less(t, time.Since(begin), 4*time.Second)
				require.Greater(t, len(api.requests), 2, "once more, and again")
			})
		})
	}
}

func TestGet_aHostThatHasAnsweredIsWaitedFor(t *testing.T) {
	for name, cause := range unreached {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				c, api := start(func(n int, _ *http.Request) reply {
					if 1 < n && n < 9 {
						return reply{err: cause}
					}
					return reply{body: onePage}
				})
				c.config.MaxRetries = 8
				for range 2 {
					_, err := collect(t, c, cursorListing, 2)
					require.NoError(t, err)
				}
				require.Len(t, api.requests, 9)
			})
		})
	}
}

func TestOAuth_aTokenEndpointThatNeverAnsweredIsGivenUpSoon(t *testing.T) {
	for name, cause := range unreached {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				begin := time.Now()
				s := &tokenServer{}
				for range 20 {
					s.fail = append(s.fail, reply{err: cause})
				}
				_, o := s.connect(t, nil)
				_, err := o.Login(context.Background(), 8)
				require.ErrorContains(t, err, "no connection to https://oauth.pipedrive.test/oauth/token; is oauth.token_url right?")
				require.ErrorIs(t, err, cause)
				require.Less(t, time.Since(begin), 8*time.Second, "each attempt takes a second here")
			})
		})
	}
}

func TestOAuth_aTokenEndpointThatHasAnsweredIsWaitedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &tokenServer{}
		c, _ := s.connect(t, nil)
		c.config.MaxRetries = 8
		_, err := collect(t, c, cursorListing, 2)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		for range 7 {
			s.fail = append(s.fail, reply{err: unreached["connection refused"]})
		}
		_, err = collect(t, c, cursorListing, 2)
		require.NoError(t, err)
	})
}

// TestRetries_areTold: retries after the first one are logged at info level, and the first one too if the pause is
// long.
func TestRetries_areTold(t *testing.T) {
	for name, test := range map[string]struct {
		bad   reply
		fails int
		lines int
	}{
		"one failure":   {reply{status: 502}, 1, 0},
		"four failures": {reply{status: 502}, 4, 3},
		"a long pause":  {reply{status: 429, header: map[string]string{"Retry-After": "70"}}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var log bytes.Buffer
				c, _ := start(func(n int, _ *http.Request) reply {
					if n <= test.fails {
						return test.bad
					}
					return reply{body: onePage}
				})
				c.config.MaxRetries = 8
				c.config.Logger = zerolog.New(&log).Level(zerolog.InfoLevel)
				_, err := collect(t, c, cursorListing, 2)
				require.NoError(t, err)
				require.Equal(t, test.lines, strings.Count(log.String(), "\n"), log.String())
			})
		})
	}
}

func TestOAuth_loginTellsItsRetries(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var log bytes.Buffer
		s := &tokenServer{fail: []reply{{status: 503}, {status: 503}, {err: errors.New("reset")}}}
		_, o := s.connect(t, func(c *OAuthConfig) { c.Logger = zerolog.New(&log).Level(zerolog.InfoLevel) })
		_, err := o.Login(context.Background(), 4)
		require.NoError(t, err)
		require.Equal(t, 2, strings.Count(log.String(), "\n"))
		require.Contains(t, log.String(), "/oauth/token")
	})
}
