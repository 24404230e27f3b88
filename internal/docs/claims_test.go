package docs

import (
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/resources/tables"
)

func read(t *testing.T, page string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(repository, page))
	require.NoError(t, err)
	return string(source)
}

// rowOf returns the cells of the first row, in a page's tables, whose first cell has the name.
func rowOf(t *testing.T, page, name string) []string {
	t.Helper()
	for line := range strings.Lines(read(t, page)) {
		cells := strings.Split(line, "|")
		if len(cells) > 2 && cells[0] == "" && strings.Contains(cells[1], "`"+name+"`") {
			return cells[2:]
		}
	}
	t.Fatalf("%s has no row for %s", page, name)
	return nil
}

func TestCost_isThatOfTheLists(t *testing.T) {
	t.Parallel()
	for _, list := range tables.Lists() {
		for _, l := range list.Listings(table.V2) {
			require.Equal(t, strconv.Itoa(l.Cost), strings.TrimSpace(rowOf(t, "docs/cost.md", l.Key())[0]), l.Key())
		}
	}
}

// TestCost_ofRuns: the page's formula gives the simulator's count.
func TestCost_ofRuns(t *testing.T) {
	t.Parallel()
	c := newComputer(t, nil)
	server, url := account(t)
	c.sync(url, "")
	require.Equal(t, fullRun(t, c), server.Usage().Tokens)

	c.sync(url, withState)
	server.ResetUsage()
	c.sync(url, withState)
	require.Contains(t, read(t, "docs/cost.md"), fmt.Sprintf("**%d tokens**", server.Usage().Tokens))
	require.Contains(t, read(t, "README.md"), fmt.Sprintf("nothing changed %d.", server.Usage().Tokens))

	server.ResetUsage()
	c.sync(url, withState, "lists_every: 24h")
	require.Contains(t, read(t, "docs/cost.md"), fmt.Sprintf("nothing changed costs %d tokens", server.Usage().Tokens))
}

// TestCost_ofKeysThatSave: the page gives the simulator's count.
func TestCost_ofKeysThatSave(t *testing.T) {
	t.Parallel()
	c := newComputer(t, nil)
	server, url := account(t)
	quiet := func(keys ...string) int64 {
		for range 2 { // the second run reads the last children again if the first one read their parents apart
			c.sync(url, withState, keys...)
		}
		server.ResetUsage()
		c.sync(url, withState, keys...)
		return server.Usage().Tokens
	}
	all := quiet()
	require.Contains(t, read(t, "docs/cost.md"), fmt.Sprintf("`archived: false` saves %d tokens", all-quiet("archived: false")))
	require.Contains(t, read(t, "docs/cost.md"), fmt.Sprintf("`custom_fields: off` %d,", all-quiet("custom_fields: off")))
}

// fullRun applies the page's formula to the records in the database.
func fullRun(t *testing.T, c *computer) (tokens int64) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.dir, "pipedrive.db"))
	require.NoError(t, err)
	defer db.Close()
	formula := regexp.MustCompile(`(?m)^    ([0-9]+) \+ (.*⌉)$`).FindStringSubmatch(read(t, "docs/cost.md"))
	require.NotNil(t, formula)
	tokens, err = strconv.ParseInt(formula[1], 10, 64)
	require.NoError(t, err)
	for term := range strings.SplitSeq(formula[2], " + ") {
		var cost, size, rows int64
		parts := regexp.MustCompile(`^([0-9]+)·⌈(.+)/([0-9]+)⌉$`).FindStringSubmatch(term)
		require.NotNil(t, parts, term)
		_, err := fmt.Sscan(parts[1]+" "+parts[3], &cost, &size)
		require.NoError(t, err)
		name, archived := strings.CutPrefix(parts[2], "archived ")
		name, with, children := strings.Cut(name, " with ")
		from := "pipedrive_" + strings.ReplaceAll(name, " ", "_")
		switch {
		case archived:
			from += " WHERE is_archived"
		case strings.Contains(formula[2], "archived "+name):
			from += " WHERE NOT is_archived"
		}
		if children {
			from += " AND " + with + "_count > 0 AND is_deleted IS NOT TRUE"
		}
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+from).Scan(&rows), term)
		tokens += cost * max(1, (rows+size-1)/size)
	}
	return tokens
}

func TestAuthentication_namesTheScopesOfTables(t *testing.T) {
	t.Parallel()
	for _, of := range tables.All() {
		for _, l := range of.Listings(table.V2) {
			scopes := rowOf(t, "docs/authentication.md", of.Name())[0]
			for _, s := range l.Scopes {
				require.Contains(t, scopes, "`"+s+"`", of.Name())
			}
			require.Equal(t, 2*len(l.Scopes), strings.Count(scopes, "`"), of.Name())
		}
	}
}

func TestOperations_coversEachError(t *testing.T) {
	t.Parallel()
	codes := []pipedrive.Code{
		pipedrive.InvalidSpec, pipedrive.InvalidType, pipedrive.TokenNotFound, pipedrive.TokenInvalidated,
		pipedrive.MissingScope, pipedrive.NotAvailable, pipedrive.RateLimitExceeded, pipedrive.ExternalAPIError,
	}
	for _, code := range codes {
		rowOf(t, "docs/operations.md", string(code))
	}
}

// TestOperations_quotesTheLog: each message in the page's table is in the code.
func TestOperations_quotesTheLog(t *testing.T) {
	t.Parallel()
	var code strings.Builder
	for _, folder := range []string{"client", "internal/pipedrive", "resources"} {
		err := fs.WalkDir(os.DirFS(repository), folder, func(name string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
				code.WriteString(read(t, name))
			}
			return err
		})
		require.NoError(t, err)
	}
	messages := regexp.MustCompile("(?m)^\\| (?:info|warning|error) \\| `(.+?)` \\|").FindAllStringSubmatch(read(t, "docs/operations.md"), -1)
	require.NotEmpty(t, messages)
	for _, m := range messages {
		require.Contains(t, code.String(), `Msg("`+m[1])
	}
}

// TestPages_nameColumnsThatExist: each `table.column` exists.
func TestPages_nameColumnsThatExist(t *testing.T) {
	t.Parallel()
	columns := map[string]bool{}
	for _, table := range tables.All() {
		for _, c := range table.Schema().Columns {
			columns[table.Name()+"."+c.Name] = true
		}
	}
	files := []string{"py", "yml", "sql"}
	for name := range pagesOfRepository(t) {
		for _, span := range regexp.MustCompile("`(pipedrive_\\w+\\.(\\w+))`").FindAllStringSubmatch(read(t, name), -1) {
			require.True(t, columns[span[1]] || slices.Contains(files, span[2]), "%s: there is no %s", name, span[1])
		}
	}
}
