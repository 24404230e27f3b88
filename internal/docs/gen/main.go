// Command gen writes the generated files of docs and spec.yml.example into the repository at the given path. The
// pages about tables replace all existing ones.
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

func run(root string) error {
	files, err := docs.Files(root)
	if err != nil {
		return err
	}
	pages := filepath.Join(root, "docs/tables")
	if err := os.RemoveAll(pages); err != nil {
		return err
	}
	if err := os.MkdirAll(pages, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
