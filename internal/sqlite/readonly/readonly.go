// Package readonly opens SQLite files for programs that only look at them.
package readonly

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

// Open refuses a file that is not there, which SQLite reports only as one it
// cannot open.
func Open(path string) (*sql.DB, error) {
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
	uri := url.URL{Scheme: "file", Path: absolute, RawQuery: "mode=ro&_busy_timeout=10000"}
	return sql.Open("sqlite", uri.String())
}
