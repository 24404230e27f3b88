package pipedrive

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// tokenFile keeps the newest refresh token between runs.
type tokenFile struct {
	path string
	// origin is the fingerprint of the spec's refresh token. A file with another origin is older than the spec.
	origin string
	// sync flushes the file to the disk. It is (*os.File).Sync outside of tests.
	sync func(*os.File) error
}

func newTokenFile(path, specToken string) *tokenFile {
	return &tokenFile{path: path, origin: fingerprint(specToken), sync: (*os.File).Sync}
}

type tokenFileContent struct {
	RefreshToken string `json:"refresh_token"`
	// Origin is the fingerprint of the spec's refresh token that this one descends from; empty if it comes from a
	// login.
	Origin string `json:"origin,omitempty"`
}

func fingerprint(token string) string {
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:8])
}

// read returns the file's refresh token, or "" if there is none newer than the spec's.
func (f *tokenFile) read() (string, error) {
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", f.failed("read", err)
	}
	var content tokenFileContent
	if err := json.Unmarshal(raw, &content); err != nil {
		return "", f.failed("read", errors.New("no sync or login wrote it; remove it to start from the spec's refresh_token"))
	}
	switch {
	case f.origin == "":
		f.origin = content.Origin // the spec has no token of its own
	case content.Origin != "" && content.Origin != f.origin:
		return "", nil
	}
	return content.RefreshToken, nil
}

// write replaces the file in one step. The file holds either the old or the new token whatever happens, and only
// its owner can read it.
func (f *tokenFile) write(token string) error {
	return f.stage(token, func(temporary string) error { return os.Rename(temporary, f.path) })
}

// try returns the error that replacing the file would meet, without replacing it: another process may have written
// a newer token meanwhile.
func (f *tokenFile) try(token string) error { return f.stage(token, os.Remove) }

// stage writes a token to a new file in the same folder, flushes it to the disk and hands it to finish.
func (f *tokenFile) stage(token string, finish func(temporary string) error) (err error) {
	raw, err := json.Marshal(tokenFileContent{RefreshToken: token, Origin: f.origin})
	if err != nil {
		return f.failed("write", err)
	}
	folder := filepath.Dir(f.path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return f.failed("write", err)
	}
	temporary, err := os.CreateTemp(folder, filepath.Base(f.path)+".*") // of mode 0600
	if err != nil {
		return f.failed("write", err)
	}
	defer func() {
		if err != nil {
			err = f.failed("write", errors.Join(err, temporary.Close(), os.Remove(temporary.Name())))
		}
	}()
	if _, err := temporary.Write(append(raw, '\n')); err != nil {
		return err
	}
	if err := f.sync(temporary); err != nil {
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return finish(temporary.Name())
}

func (f *tokenFile) failed(what string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err // the message names the path already
	}
	return Errorf(InvalidSpec, "token_file: can't %s %s: %v", what, f.path, err)
}

// WriteTokenFile keeps the refresh token of a login, for the next sync to start from.
func WriteTokenFile(path, refreshToken string) error {
	return newTokenFile(path, "").write(refreshToken)
}
