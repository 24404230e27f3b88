package estimate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/plugin"
	"gopkg.in/yaml.v3"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	source "github.com/cq-source-pipedrive/cq-source-pipedrive/resources/plugin"
)

// config is a source of a sync's configuration.
type config struct {
	tables    plugin.TableOptions
	state     bool   // whether it has backend_options
	spec      []byte // of the plugin, as JSON
	maxTokens int64
}

// document is a part of a configuration file.
type document struct {
	Kind string `yaml:"kind"`
	Spec struct {
		Name                string    `yaml:"name"`
		Path                string    `yaml:"path"`
		Tables              []string  `yaml:"tables"`
		SkipTables          []string  `yaml:"skip_tables"`
		SkipDependentTables bool      `yaml:"skip_dependent_tables"`
		BackendOptions      yaml.Node `yaml:"backend_options"`
		Spec                any       `yaml:"spec"`
	} `yaml:"spec"`
}

// read returns the sources of configuration files that are this plugin: those with its name or path, or the only one.
func read(files []string) ([]config, error) {
	var all, own []config
	for _, file := range files {
		documents, err := readFile(file)
		if err != nil {
			return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "%s: %v", file, err)
		}
		for _, d := range documents {
			if d.Kind != "source" {
				continue
			}
			c, err := d.config()
			if err != nil {
				return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "%s: %v", file, err)
			}
			if all = append(all, c); strings.Contains(d.Spec.Name+" "+d.Spec.Path, source.Name) {
				own = append(own, c)
			}
		}
	}
	switch {
	case len(own) > 0:
		return own, nil
	case len(all) == 1:
		return all, nil
	}
	return nil, pipedrive.Errorf(pipedrive.InvalidSpec, "%s: no source with the name %s", strings.Join(files, ", "), source.Name)
}

func readFile(name string) (documents []document, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, errors.Unwrap(err) // it would repeat the name
	}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var node yaml.Node
		if err := decoder.Decode(&node); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return nil, err
		}
		if err := expand(&node); err != nil {
			return nil, err
		}
		var d document
		if err := node.Decode(&d); err != nil {
			return nil, err
		}
		documents = append(documents, d)
	}
}

// config is a source as the plugin gets it.
func (d *document) config() (c config, err error) {
	c.tables.Tables, c.tables.SkipTables, c.tables.SkipDependentTables = d.Spec.Tables, d.Spec.SkipTables, d.Spec.SkipDependentTables
	if len(c.tables.Tables) == 0 {
		return c, errors.New("spec.tables: name the tables to sync; all are [\"*\"]")
	}
	c.state = d.Spec.BackendOptions.Kind == yaml.MappingNode
	if of, ok := d.Spec.Spec.(map[string]any); ok {
		if n, ok := of["max_tokens"].(int); ok {
			c.maxTokens = int64(n)
		}
	}
	c.spec, err = json.Marshal(d.Spec.Spec)
	return c, err
}

// variable is the form of variables in a configuration file ([CloudQuery: environment variables]).
//
// [CloudQuery: environment variables]: https://docs.cloudquery.io/docs/advanced-topics/environment-variable-substitution
var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

// expand puts the values of variables and files into a part of a configuration, as the CLI does. A moment stays the text
// that it is.
func expand(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		for _, part := range node.Content {
			if err := expand(part); err != nil {
				return err
			}
		}
		return nil
	}
	if node.Tag == "!!timestamp" {
		node.Tag = "!!str"
	}
	if !variable.MatchString(node.Value) {
		return nil
	}
	var errs []error
	node.Value = variable.ReplaceAllStringFunc(node.Value, func(found string) string {
		value, err := valueOf(variable.FindStringSubmatch(found)[1])
		errs = append(errs, err)
		return value
	})
	if node.Style == 0 {
		node.Tag = "" // the type of a plain value follows from its form
	}
	return errors.Join(errs...)
}

// valueOf is the value of a variable, or the content of a file for file:path.
func valueOf(name string) (string, error) {
	if path, ok := strings.CutPrefix(name, "file:"); ok {
		content, err := os.ReadFile(path)
		return string(content), err
	}
	value, ok := os.LookupEnv(name)
	if !ok {
		return "", fmt.Errorf("the variable %s is not set", name)
	}
	return value, nil
}
