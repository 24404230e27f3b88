// Package redact keeps secrets out of errors and log lines. A program collects its secrets in one [Secrets] and
// passes all errors and log lines through it before they leave.
package redact

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

const (
	// hidden replaces a secret.
	hidden = "[hidden]"
	// ellipsis ends a text that was cut.
	ellipsis = "…"
	// shortest is the length in bytes from which a secret is also hidden inside words. A shorter one is hidden
	// only as a word of its own, since it may be part of ordinary words.
	shortest = 6
)

// Secrets are texts that nobody may read. It is safe for concurrent use; a nil Secrets hides nothing.
type Secrets struct {
	mu    sync.RWMutex
	forms []string       // of all secrets, longest first
	any   *regexp.Regexp // of forms, nil for none
}

// Add adds secrets. Empty ones are left out.
func (s *Secrets) Add(secrets ...string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := len(s.forms)
	for _, secret := range secrets {
		for _, form := range formsOf(strings.TrimSpace(secret)) {
			if !slices.Contains(s.forms, form) {
				s.forms = append(s.forms, form)
			}
		}
	}
	if len(s.forms) == known {
		return
	}
	slices.SortStableFunc(s.forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	patterns := make([]string, len(s.forms))
	for i, form := range s.forms {
		patterns[i] = pattern(form)
	}
	s.any = regexp.MustCompile(strings.Join(patterns, "|"))
}

// AddBasic adds the forms of an app's credentials in an Authorization header ([RFC 6749, section 2.3.1]).
//
// [RFC 6749, section 2.3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
func (s *Secrets) AddBasic(id, secret string) {
	s.Add(secret, id+":"+secret, url.QueryEscape(id)+":"+url.QueryEscape(secret))
}

// formsOf returns the forms in which an answer or a log line may repeat a secret.
func formsOf(secret string) []string {
	if secret == "" {
		return nil
	}
	quoted, _ := json.Marshal(secret) // of a string
	var plain strings.Builder
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret) // of a string, with a line break after it
	return []string{
		secret,
		string(quoted[1 : len(quoted)-1]),
		plain.String()[1 : plain.Len()-2],
		base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
		url.QueryEscape(secret),
		url.PathEscape(secret),
	}
}

var (
	beginsWord = regexp.MustCompile(`^\w`)
	endsWord   = regexp.MustCompile(`\w$`)
)

// pattern matches a form; a short form only as a word of its own.
func pattern(form string) string {
	p := regexp.QuoteMeta(form)
	if strings.Contains(form, "%") {
		p = "(?i:" + p + ")" // hexadecimal digits of either case
	}
	if len(form) >= shortest {
		return p
	}
	if beginsWord.MatchString(form) {
		p = `\b` + p
	}
	if endsWord.MatchString(form) {
		p += `\b`
	}
	return p
}

// String returns text with all secrets hidden.
func (s *Secrets) String(text string) string {
	if s == nil {
		return text
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.any == nil {
		return text
	}
	parts := strings.SplitAfter(s.any.ReplaceAllLiteralString(text, hidden), ellipsis)
	for i, part := range parts {
		if before, cut := strings.CutSuffix(part, ellipsis); cut {
			parts[i] = s.withoutBeginning(before) + ellipsis
		}
	}
	return strings.Join(parts, "")
}

// withoutBeginning hides the beginning of a secret at the end of a text that was cut.
func (s *Secrets) withoutBeginning(text string) string {
	for _, form := range s.forms {
		for n := min(len(form), len(text)); n >= shortest; n-- {
			if before, found := strings.CutSuffix(text, form[:n]); found {
				return before + hidden
			}
		}
	}
	return text
}

// Error returns err with all secrets hidden in its text. errors.Is and errors.As reach the wrapped error, so only
// the text of the returned error is safe to print.
func (s *Secrets) Error(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if safe := s.String(text); safe != text {
		return &redacted{text: safe, cause: err}
	}
	return err
}

type redacted struct {
	text  string
	cause error
}

func (r *redacted) Error() string { return r.text }

func (r *redacted) Unwrap() error { return r.cause }
