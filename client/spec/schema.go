package spec

import (
	"encoding/json"

	"github.com/invopop/jsonschema"
)

// GenerateJSONSchema returns the JSON schema of [Spec]. dir is the folder of this package's source, whose comments
// become the descriptions. histories are the types of record whose versions can be kept.
func GenerateJSONSchema(dir string, histories []string) ([]byte, error) {
	r := jsonschema.Reflector{RequiredFromJSONSchemaTags: false}
	if err := r.AddGoComments("github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec", dir); err != nil {
		return nil, err
	}
	reflected := r.Reflect(&Spec{})
	for _, general := range []string{"Duration", "Time"} { // used by all plugins; the rules here are stricter
		delete(reflected.Definitions, general)
	}
	history, _ := reflected.Definitions["Spec"].Properties.Get("history")
	for _, records := range histories {
		history.Items.Enum = append(history.Items.Enum, records)
	}
	schema, err := json.MarshalIndent(reflected, "", "  ")
	return append(schema, '\n'), err
}
