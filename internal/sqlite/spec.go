package sqlite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	defaultBatchSize      = 10_000
	defaultBatchSizeBytes = 2 << 20

	// A larger transaction saves no time, and its log takes disk space.
	maxBatchSize = 1_000_000
)

// Spec is the `spec` block of the destination.
type Spec struct {
	// Path is the database file. It is created if it does not exist; its folder has to exist.
	Path string `json:"path"`
	// BatchSize is the largest number of rows in one transaction.
	BatchSize int64 `json:"batch_size"`
	// BatchSizeBytes is the largest size of one transaction in bytes, by Arrow's count. A larger row has a transaction
	// of its own. While a transaction is written, as many bytes wait in memory for the next one.
	BatchSizeBytes int64 `json:"batch_size_bytes"`
}

// parseSpec decodes the spec, sets the defaults and refuses unknown keys. CloudQuery does not apply a plugin's JSON
// schema during a sync, so a misspelt key would otherwise go unnoticed.
func parseSpec(specJSON []byte) (Spec, error) {
	spec := Spec{BatchSize: defaultBatchSize, BatchSizeBytes: defaultBatchSizeBytes}
	decoder := json.NewDecoder(bytes.NewReader(specJSON))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&spec); err != nil && !errors.Is(err, io.EOF) {
		return Spec{}, fmt.Errorf("sqlite spec: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, errors.New("sqlite spec: unexpected text after the end of the spec")
	}
	if err := spec.validate(); err != nil {
		return Spec{}, fmt.Errorf("sqlite spec: %w", err)
	}
	return spec, nil
}

func (s Spec) validate() error {
	var errs []error
	switch s.Path {
	case "":
		errs = append(errs, errors.New("path is required: the database file"))
	case ":memory:":
		errs = append(errs, errors.New("path must name a file: a database in memory is gone when the sync ends"))
	}
	if s.BatchSize < 1 || s.BatchSize > maxBatchSize {
		errs = append(errs, fmt.Errorf("batch_size must be between 1 and %d, not %d", maxBatchSize, s.BatchSize))
	}
	if s.BatchSizeBytes < 1 {
		errs = append(errs, fmt.Errorf("batch_size_bytes must be at least 1, not %d", s.BatchSizeBytes))
	}
	return errors.Join(errs...)
}
