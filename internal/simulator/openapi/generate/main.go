// Command generate reduces the vendor's OpenAPI files in OPENAPI_DIR to the paths that the simulator serves.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator/openapi"
)

func main() {
	log.SetFlags(0)
	dir := os.Getenv("OPENAPI_DIR")
	if dir == "" {
		fmt.Println("OPENAPI_DIR is not set: the reduced OpenAPI files stay as they are")
		return
	}
	for _, file := range openapi.Files {
		if err := reduce(dir, file); err != nil {
			log.Fatal(err)
		}
	}
}

func reduce(dir, file string) error {
	content, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	reduced, err := openapi.Reduce(file, content, simulator.Paths())
	if err != nil {
		return err
	}
	return os.WriteFile(file, reduced, 0o600)
}
