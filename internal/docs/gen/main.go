// Command gen writes the pages on the plugin's tables to the folder that it is given, in place of what is there.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/docs"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(folder string) error {
	pages, err := docs.TablePages()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
