// Package simulator is an HTTP server that behaves like Pipedrive's REST API,
// for tests, a demo and benchmarks that need no account.
//
// A [Company] holds one account's records and can be changed while it is served; a [Server] serves any number of
// companies, each under its own API token, OAuth app or export token. [Company.Truth] gives the rows that a
// correct reader must end up with. It does not share the HTTP encoding.
//
// Persons, organizations, deals, notes, pipelines, stages and users have their own types. Every other kind of
// record is a declaration in kinds.go. One store, one encoder and one rule for the truth serve them all.
//
// Facts about the API come from the vendor's OpenAPI files (cited by path, as in "[v2 /deals]") and its
// documentation (cited as "[Pipedrive: title of the page]"). For undocumented cases, the doc comment of the option
// or function gives the simulator's behaviour.
package simulator
