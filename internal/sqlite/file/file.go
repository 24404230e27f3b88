// Package file opens existing SQLite files.
package file

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the database/sql driver "sqlite"
)

// Mode is a program's access to a file.
type Mode string

// The modes, as SQLite calls them.
const (
	ReadOnly  Mode = "ro"
	ReadWrite Mode = "rw"
)

// Open opens an existing file. For a missing file, its error is clearer than SQLite's.
func Open(path string, mode Mode) (*sql.DB, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	absolute = filepath.ToSlash(absolute)
	if !strings.HasPrefix(absolute, "/") {
		absolute = "/" + absolute // a Windows drive: file:///C:/...
	}
	uri := url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=" + string(mode) + "&_busy_timeout=10000"}
	return sql.Open("sqlite", uri.String())
}
