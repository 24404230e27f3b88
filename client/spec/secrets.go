package spec

import "github.com/cq-source-pipedrive/cq-source-pipedrive/internal/redact"

// Secrets are the texts that must not appear in errors and log lines: the spec's own secrets, and the tokens that an
// account gets during a run.
func (s *Spec) Secrets() *redact.Secrets { return s.secrets }

// collectSecrets adds the spec's own secrets.
func (s *Spec) collectSecrets() {
	s.secrets = &redact.Secrets{}
	for _, a := range s.Connections() {
		s.secrets.Add(a.APIToken)
		if a.OAuth != nil {
			s.secrets.AddBasic(a.OAuth.ClientID, a.OAuth.ClientSecret)
			s.secrets.Add(a.OAuth.RefreshToken)
		}
		if a.Export != nil {
			s.secrets.Add(a.Export.Token)
		}
	}
}
