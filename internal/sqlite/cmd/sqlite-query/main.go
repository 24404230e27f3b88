// Command sqlite-query runs SQL on a SQLite file, without changing it, and
// prints each result as a table. It is for people who have no sqlite3 shell.
//
//	sqlite-query FILE 'SELECT count(*) FROM pipedrive_deals'
//	sqlite-query FILE < queries.sql
//
// A comment line in front of a statement becomes the title of its table.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite/readonly"
)

const usage = "usage: sqlite-query FILE [SQL]    (without SQL, statements are read from standard input)"

var errUsage = errors.New(usage)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	stop()
	switch {
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "sqlite-query:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, stdin io.Reader, stdout io.Writer) error {
	var text string
	switch len(arguments) {
	case 1:
		read, err := io.ReadAll(stdin)
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		text = string(read)
	case 2:
		text = arguments[1]
	default:
		return errUsage
	}
	statements := split(text)
	if len(statements) == 0 {
		return errUsage
	}
	db, err := readonly.Open(arguments[0])
	if err != nil {
		return err
	}
	defer db.Close()
	for i, statement := range statements {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if err := show(ctx, db, statement, stdout); err != nil {
			return err
		}
	}
	return nil
}

// show runs one statement and prints its title, its rows and their number.
func show(ctx context.Context, db *sql.DB, s statement, out io.Writer) error {
	rows, err := db.QueryContext(ctx, s.sql)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name(), err)
	}
	defer rows.Close()
	result, err := readTable(rows)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name(), err)
	}
	if s.title != "" {
		fmt.Fprintln(out, s.title)
	}
	_, err = io.WriteString(out, result.String())
	return err
}
