// Command gen writes the JSON schema of the plugin's spec to the given file.
package main

import (
	"log"
	"os"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/spec"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

func main() {
	schema, err := spec.GenerateJSONSchema(".", tables.Versioned())
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], schema, 0o644); err != nil {
		log.Fatal(err)
	}
}
