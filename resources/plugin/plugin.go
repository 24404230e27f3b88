// Package plugin is the interface to CloudQuery: the plugin with its tables, its sync and its connection test.
package plugin

import (
	"slices"

	"github.com/cloudquery/plugin-sdk/v4/plugin"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
)

// The plugin's name on CloudQuery's hub.
const (
	Name = "pipedrive"
	Kind = "source"
	Team = "cq-source-pipedrive"
)

// Version is set in release builds; the SDK's package command expects this form.
var (
	Version = "development"
)

// targets are the targets of a package: the SDK's own, and Windows on ARM.
var targets = append(slices.Clone(plugin.DefaultBuildTargets), plugin.BuildTarget{
	OS: plugin.GoOSWindows, Arch: plugin.GoArchArm64, Tags: plugin.DefaultBuildTargets[0].Tags,
})

// Plugin returns the plugin; options come after its own.
func Plugin(options ...plugin.Option) *plugin.Plugin {
	return On(client.ThisMachine, options...)
}

// On returns the plugin on another machine, for tests.
func On(machine client.Machine, options ...plugin.Option) *plugin.Plugin {
	return plugin.NewPlugin(Name, Version, configureOn(machine), append([]plugin.Option{
		plugin.WithKind(Kind),
		plugin.WithTeam(Team),
		plugin.WithJSONSchema(spec.JSONSchema),
		plugin.WithConnectionTester(TestConnection),
		plugin.WithBuildTargets(targets),
	}, options...)...)
}

// userAgent names plugin and version to Pipedrive.
func userAgent() string {
	return "cq-source-pipedrive/" + Version + " (+https://github.com/cq-source-pipedrive/cq-source-pipedrive)"
}
