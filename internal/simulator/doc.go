// Package simulator is an HTTP server that behaves like Pipedrive's REST API,
// for tests, a demo and benchmarks that need no account.
//
// A [Company] holds one account's records and can be changed while it is
// served; a [Server] serves any number of companies, each under its own API
// token, OAuth app or export token. What a correct reader must end up with is
// told by [Company.Truth], which doesn't go through the HTTP encoding.
//
// Persons, organizations, deals, notes, pipelines, stages and users have types
// of their own; every other kind of record is a declaration in kinds.go, which
// one store, one encoder and one rule for the truth serve.
//
// Facts about the API come from the vendor's OpenAPI files (cited by path, as
// in "[v2 /deals]") and its documentation (cited as "[Pipedrive: title of the
// page]"). Where the vendor documents nothing, the doc comment of the option or
// function concerned says what the simulator does instead.
package simulator
