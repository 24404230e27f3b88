// Command gen writes the generated files of docs and spec.yml.example into the repository at the given path. The
// pages about tables and the views of current rows replace all existing ones.
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
	for _, folder := range []string{"docs/tables", docs.CurrentViews} {
		if err := os.RemoveAll(filepath.Join(root, folder)); err != nil {
			return err
		}
	}
	for name, text := range files {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
