// Command cq-destination-double serves the double of an official destination to CloudQuery. A plugin's name is fixed
// before its spec is known. So the file name of the program names the destination, like cq-destination-bigquery.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/cloudquery/plugin-sdk/v4/serve"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/warehouse"
)

func main() {
	kind := warehouse.Kind(strings.TrimPrefix(filepath.Base(os.Args[0]), "cq-destination-"))
	if err := serve.Plugin(kind.Plugin()).Serve(context.Background()); err != nil {
		log.Fatalf("failed to serve plugin: %v", err)
	}
}
