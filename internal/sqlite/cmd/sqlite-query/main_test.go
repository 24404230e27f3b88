package main

import (
	"bytes"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func newFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b.db")
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(`PRAGMA journal_mode = WAL; -- as the destination leaves it
		CREATE TABLE deals (id INTEGER, title TEXT, value REAL, at TIMESTAMP, day DATE);
		INSERT INTO deals VALUES
			(1, 'Plain', 12.5, '2024-05-06 07:08:09.120000', '2024-05-06'),
			(20, '日本語' || char(10) || 'é', NULL, '2024-05-06 07:08:09', NULL),
			(300, 'cafe' || char(769), 1000000, NULL, '2024-02-29')`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	return path
}

func TestRun_alignsColumns(t *testing.T) {
	var out bytes.Buffer
	script := "-- All deals;\n-- by id\nSELECT * FROM deals ORDER BY id;\n\n-- None\nSELECT id, title FROM deals WHERE title = ';--';"
	require.NoError(t, run(t.Context(), []string{newFile(t)}, strings.NewReader(script), &out))
	require.Equal(t, strings.TrimLeft(`
All deals; by id
 id  title       value  at                      day
---  --------  -------  ----------------------  ----------
  1  Plain        12.5  2024-05-06 07:08:09.12  2024-05-06
 20  日本語 é     NULL  2024-05-06 07:08:09     NULL
300  cafe@      1000000  NULL                    2024-02-29
(3 rows)

None
id  title
--  -----
(0 rows)
`, "\n"), strings.ReplaceAll(out.String(), "\u0301", "@"))
}

func TestRun_takesSQLAsAnArgument(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{newFile(t), "SELECT count(*) AS n FROM deals"}, nil, &out))
	require.Equal(t, "n\n-\n3\n(1 row)\n", out.String())
}

func TestRun_writesWhenAsked(t *testing.T) {
	file := newFile(t)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-write", file}, strings.NewReader("CREATE VIEW days AS SELECT day FROM deals"), &out))
	require.Empty(t, out.String())
	require.NoError(t, run(t.Context(), []string{file, "SELECT count(day) AS n FROM days"}, nil, &out))
	require.Equal(t, "n\n-\n2\n(1 row)\n", out.String())
}

func TestRun_explainsWhatIsWrong(t *testing.T) {
	file, missing := newFile(t), filepath.Join(t.TempDir(), "missing.db")
	for want, arguments := range map[string][]string{
		"usage: sqlite-query [-write] FILE":      nil,
		"usage:":                                 {file, " -- nothing\n"},
		"there is no file " + missing:            {missing, "SELECT 1"},
		"is a folder":                            {t.TempDir(), "SELECT 1"},
		"attempt to write a readonly database":   {file, "DELETE FROM deals"},
		"Ghosts: SQL logic error: no such table": {file, "-- Ghosts\nSELECT * FROM ghosts"},
	} {
		require.ErrorContains(t, run(t.Context(), arguments, strings.NewReader(""), &bytes.Buffer{}), want)
	}
	require.NoFileExists(t, missing)
}

func TestSplit(t *testing.T) {
	for script, want := range map[string][]statement{
		"":                            nil,
		" ; ;; -- only a comment":     nil,
		"SELECT 1":                    {{"", "SELECT 1"}},
		"SELECT 1; SELECT 2;":         {{"", "SELECT 1"}, {"", "SELECT 2"}},
		"SELECT ';', \"a;b\", [c;d]":  {{"", "SELECT ';', \"a;b\", [c;d]"}},
		"SELECT 'it''s; fine'; X":     {{"", "SELECT 'it''s; fine'"}, {"", "X"}},
		"SELECT 1 -- a; b\n+ 1; X":    {{"", "SELECT 1 -- a; b\n+ 1"}, {"", "X"}},
		"SELECT /* ; */ 1":            {{"", "SELECT /* ; */ 1"}},
		"-- About\n\n-- A\n-- B\nX":   {{"A B", "X"}},
		"-- A\n\nX":                   {{"A", "X"}},
		"-- A\nX; -- B\n /* C; */ Y;": {{"A", "X"}, {"B", "Y"}},
		"SELECT 'open; X":             {{"", "SELECT 'open; X"}},
	} {
		require.Equal(t, want, split(script), script)
	}
}
