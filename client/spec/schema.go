package spec

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// GenerateJSONSchema returns the JSON schema of [Spec]. dir is the folder of this package's source, whose comments
// become the descriptions.
func GenerateJSONSchema(dir string) ([]byte, error) {
	r := jsonschema.Reflector{RequiredFromJSONSchemaTags: false}
	if err := r.AddGoComments("github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec", dir); err != nil {
		return nil, err
	}
	reflected := r.Reflect(&Spec{})
	for _, general := range []string{"Duration", "Time"} { // used by all plugins; the rules here are stricter
		delete(reflected.Definitions, general)
	}
	schema, err := json.MarshalIndent(reflected, "", "  ")
	return append(schema, '\n'), err
}
