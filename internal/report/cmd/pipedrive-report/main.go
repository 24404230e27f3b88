// Command pipedrive-report writes an HTML page about the deals and the syncs
// in a SQLite file or a PostgreSQL database that the plugin was synced into.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/report"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pipedrive-report: ")
	database := flag.String("database", "pipedrive.db", "the SQLite file, or the postgres:// `address`, to report on")
	output := flag.String("o", "report.html", "the HTML `file` to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	address, err := run(ctx, *database, *output)
	stop()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("The report is ready. Open it in a browser:", address)
}

// run returns the address of the page that it wrote.
func run(ctx context.Context, database, output string) (string, error) {
	db, err := report.Open(database)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var page bytes.Buffer
	if err := report.Write(ctx, db, time.Now(), &page); err != nil {
		return "", err
	}
	if err := os.WriteFile(output, page.Bytes(), 0o600); err != nil { // names and amounts of a business
		return "", err
	}
	absolute, err := filepath.Abs(output)
	if err != nil {
		return "", err
	}
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(absolute)}
	return address.String(), nil
}
