// Command sqlite-query runs SQL on a SQLite file and prints each result as a table. It is for people without the
// sqlite3 shell. Without -write it does not change the file.
//
//	sqlite-query FILE 'SELECT count(*) FROM pipedrive_deals'
//	sqlite-query FILE < queries.sql
//	sqlite-query -write FILE < views.sql
//
// A comment line before a statement becomes the title of its table.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/sqlite/file"
)

const usage = "usage: sqlite-query [-write] FILE [SQL]    (without SQL, statements are read from standard input)"

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
	mode := file.ReadOnly
	if len(arguments) > 0 && arguments[0] == "-write" {
		mode, arguments = file.ReadWrite, arguments[1:]
	}
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
	db, err := file.Open(arguments[0], mode)
	if err != nil {
		return err
	}
	defer db.Close()
	between := ""
	for _, statement := range statements {
		result, err := query(ctx, db, statement.sql)
		if err != nil {
			return fmt.Errorf("%s: %w", statement.name(), err)
		}
		if len(result.header) == 0 { // not a query
			continue
		}
		fmt.Fprint(stdout, between)
		if statement.title != "" {
			fmt.Fprintln(stdout, statement.title)
		}
		fmt.Fprint(stdout, result)
		between = "\n"
	}
	return nil
}

func query(ctx context.Context, db *sql.DB, statement string) (*table, error) {
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return readTable(rows)
}
