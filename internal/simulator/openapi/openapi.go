// Package openapi holds the parts of the vendor's OpenAPI files that describe the paths of the simulator:
// parameters, costs, scopes, schemas and examples, without the prose. Tests validate the simulator's answers
// against them.
package openapi

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// The reduced files come from the vendor's files in OPENAPI_DIR. Without it they stay unchanged.
//
//go:generate go run ./generate
//go:embed *.yaml
var reduced embed.FS

// Files are the vendor's files. The oldest describes the lists of v1 that v2 has replaced.
var Files = []string{"v2.yaml", "v1.yaml", "v1-2026-01-14.yaml"}

// replaced are the lists of v1 that only the oldest file has.
var replaced = []string{"/v1/deals", "/v1/persons", "/v1/organizations", "/v1/pipelines", "/v1/stages"}

// FileOf names the file that describes a path of the API, like "/api/v2/deals".
func FileOf(path string) string {
	switch {
	case slices.Contains(replaced, path):
		return "v1-2026-01-14.yaml"
	case strings.HasPrefix(path, "/api/v2/"):
		return "v2.yaml"
	}
	return "v1.yaml"
}

// In is a path of the API in the notation of the vendor's files, which have the version in the server's address.
func In(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, "/api/v2"), "/v1")
}

// Reduced returns the reduced form of one of [Files].
func Reduced(file string) ([]byte, error) { return reduced.ReadFile(file) }

// Reduce returns the parts of one of the vendor's files that describe paths, given in the API's notation. Paths of
// other files are left out; a path that the file should have and lacks is an error.
func Reduce(file string, content []byte, paths []string) ([]byte, error) {
	var doc struct {
		OpenAPI string                          `yaml:"openapi"`
		Paths   map[string]map[string]yaml.Node `yaml:"paths"`
	}
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	operations := map[string]any{}
	for _, path := range paths {
		if FileOf(path) != file {
			continue
		}
		get, ok := doc.Paths[In(path)]["get"]
		if !ok {
			return nil, fmt.Errorf("%s has no GET %s", file, In(path))
		}
		operations[In(path)] = map[string]any{"get": operation(&get)}
	}
	out := bytes.NewBufferString("# Made by `make gen` of the vendor's file of the same name.\n")
	e := yaml.NewEncoder(out)
	e.SetIndent(1)
	err := e.Encode(map[string]any{
		"openapi": doc.OpenAPI, "paths": operations,
		"info": map[string]any{"title": file, "version": "reduced"},
	})
	return out.Bytes(), err
}

// operation is the part of a GET operation that tests need.
func operation(get *yaml.Node) *yaml.Node {
	ok := member(member(get, "responses"), "200")
	answer := member(member(ok, "content"), "application/json")
	return mapping(
		"x-token-cost", member(get, "x-token-cost"), "x-scopes", scopes(member(get, "security")),
		"parameters", parameters(member(get, "parameters")),
		"responses", mapping("200", mapping("description", scalar("ok"), "content", mapping("application/json", mapping(
			"schema", schema(member(answer, "schema")), "example", example(answer),
		)))),
	)
}

// scopes are OAuth scopes; a request needs one of them.
func scopes(security *yaml.Node) *yaml.Node {
	if security == nil {
		return nil
	}
	for _, s := range security.Content {
		if oauth := member(s, "oauth2"); oauth != nil {
			return oauth
		}
	}
	return nil
}

// example is an answer's example; the vendor gives one or several.
func example(answer *yaml.Node) *yaml.Node {
	if one := member(answer, "example"); one != nil {
		return one
	}
	several := member(answer, "examples")
	if several == nil || len(several.Content) < 2 {
		return nil
	}
	return member(several.Content[1], "value")
}

// parameters are the query's parameters, without their prose.
func parameters(all *yaml.Node) *yaml.Node {
	if all == nil {
		return nil
	}
	kept := &yaml.Node{Kind: yaml.SequenceNode}
	for _, p := range all.Content {
		kept.Content = append(kept.Content, mapping(
			"in", member(p, "in"), "name", member(p, "name"), "required", member(p, "required"),
			"style", member(p, "style"), "explode", member(p, "explode"), "schema", schema(member(p, "schema")),
		))
	}
	return kept
}

// prose are the members of a schema that do not restrict its values.
var prose = []string{"description", "title", "example", "examples", "externalDocs", "deprecated", "default"}

// schema is a schema without prose, at all depths. A property may have the same name as a member of prose.
func schema(n *yaml.Node) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return n
	}
	kept := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case slices.Contains(prose, name.Value):
			continue
		case name.Value == "properties":
			value = each(value, schema)
		case value.Kind == yaml.SequenceNode: // allOf, oneOf, anyOf; enum and required have no mappings as elements
			value = each(value, schema)
		default:
			value = schema(value)
		}
		kept.Content = append(kept.Content, scalar(name.Value), value)
	}
	return kept
}

// each applies f to the values of a mapping or to the elements of a sequence.
func each(n *yaml.Node, f func(*yaml.Node) *yaml.Node) *yaml.Node {
	kept, first, step := &yaml.Node{Kind: n.Kind}, 0, 1
	if n.Kind == yaml.MappingNode {
		first, step = 1, 2
	}
	for i := first; i < len(n.Content); i += step {
		if step == 2 {
			kept.Content = append(kept.Content, scalar(n.Content[i-1].Value))
		}
		kept.Content = append(kept.Content, f(n.Content[i]))
	}
	return kept
}

// member is the value of a mapping's member, nil if there is none.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// mapping is a mapping of names and nodes, without the nil ones.
func mapping(members ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(members); i += 2 {
		name, _ := members[i].(string)
		if value, _ := members[i+1].(*yaml.Node); value != nil {
			n.Content = append(n.Content, scalar(name), value)
		}
	}
	return n
}

func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}
