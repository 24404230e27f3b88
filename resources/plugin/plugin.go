// Package plugin is what CloudQuery sees: the plugin with its tables, its sync and its connection test.
package plugin

import (
	"github.com/cloudquery/plugin-sdk/v4/plugin"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
)

// The plugin's name on CloudQuery's hub.
const (
	Name = "pipedrive"
	Kind = "source"
	Team = "cq-source-pipedrive"
)

// Version is set when a release is built.
var (
	Version = "development"
)

// Plugin returns the plugin.
func Plugin() *plugin.Plugin {
	return plugin.NewPlugin(Name, Version, Configure,
		plugin.WithKind(Kind),
		plugin.WithTeam(Team),
		plugin.WithJSONSchema(spec.JSONSchema),
		plugin.WithConnectionTester(TestConnection),
	)
}

// userAgent names plugin and version to Pipedrive.
func userAgent() string {
	return "cq-source-pipedrive/" + Version + " (+https://github.com/cq-source-pipedrive/cq-source-pipedrive)"
}
