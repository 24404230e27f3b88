package sqlite

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/float16"
	"github.com/cloudquery/plugin-sdk/v4/types"
	"github.com/go-json-experiment/json/jsontext"
	gojson "github.com/goccy/go-json"
	"github.com/google/uuid"
)

// A columnType defines the storage of an Arrow type in SQLite: the declared type of the column, and the conversions of
// values in both directions. The caller handles nulls.
type columnType struct {
	declared string
	bind     func(arrow.Array) binder
	restore  func(array.Builder) restorer
}

// A binder returns the SQL value of one row of an array. The value may refer to the array's memory.
type binder func(row int) (any, error)

// A restorer appends an SQL value from the driver to a builder.
type restorer func(value any) error

// The declared types. SQLite derives a column's affinity from parts of the name. Only the right affinity keeps values
// unchanged.
const (
	integerColumn   = "INTEGER"
	realColumn      = "REAL"
	booleanColumn   = "BOOLEAN"
	textColumn      = "TEXT"
	blobColumn      = "BLOB"
	timestampColumn = "TIMESTAMP"
	dateColumn      = "DATE"
	// A column declared as plain JSON has numeric affinity, which rewrites documents that are a bare number: 1.10
	// becomes 1.1, and a long number loses digits.
	jsonColumn = "JSON TEXT"
)

// arrowTypes holds the Arrow types that are not stored in their text form.
var arrowTypes = map[arrow.Type]columnType{
	arrow.INT8:   integer[int8](),
	arrow.INT16:  integer[int16](),
	arrow.INT32:  integer[int32](),
	arrow.INT64:  integer[int64](),
	arrow.UINT8:  integer[uint8](),
	arrow.UINT16: integer[uint16](),
	arrow.UINT32: integer[uint32](),
	// SQLite's integers end at 2^63-1; larger ones would be rounded.
	arrow.UINT64: scalar(textColumn,
		func(v uint64) any { return strconv.FormatUint(v, 10) },
		parsed(func(s string) (uint64, error) { return strconv.ParseUint(s, 10, 64) })),

	// SQLite has no NaN; it stores NULL instead.
	arrow.FLOAT16: scalar(realColumn,
		func(v float16.Num) any { return float64(v.Float32()) },
		func(v any) (float16.Num, error) { f, err := expect[float64](v); return float16.New(float32(f)), err }),
	arrow.FLOAT32: scalar(realColumn,
		func(v float32) any { return float64(v) },
		func(v any) (float32, error) { f, err := expect[float64](v); return float32(f), err }),
	arrow.FLOAT64: scalar(realColumn, unchanged[float64], expect[float64]),

	arrow.BOOL: scalar(booleanColumn, unchanged[bool],
		func(v any) (bool, error) { n, err := expect[int64](v); return n != 0, err }),

	arrow.STRING:            scalar(textColumn, unchanged[string], expect[string]),
	arrow.LARGE_STRING:      scalar(textColumn, unchanged[string], expect[string]),
	arrow.STRING_VIEW:       scalar(textColumn, unchanged[string], expect[string]),
	arrow.BINARY:            scalar(blobColumn, bindBytes, expect[[]byte]),
	arrow.LARGE_BINARY:      scalar(blobColumn, bindBytes, expect[[]byte]),
	arrow.BINARY_VIEW:       scalar(blobColumn, bindBytes, expect[[]byte]),
	arrow.FIXED_SIZE_BINARY: scalar(blobColumn, bindBytes, expect[[]byte]),

	arrow.TIMESTAMP: timestamps,
	arrow.DATE32: scalar(dateColumn,
		func(v arrow.Date32) any { return formatDate(v.ToTime()) },
		func(v any) (arrow.Date32, error) { t, err := restoreDate(v); return arrow.Date32FromTime(t), err }),
	arrow.DATE64: scalar(dateColumn,
		func(v arrow.Date64) any { return formatDate(v.ToTime()) },
		func(v any) (arrow.Date64, error) { t, err := restoreDate(v); return arrow.Date64FromTime(t), err }),

	arrow.STRUCT:          nested,
	arrow.MAP:             nested,
	arrow.LIST:            nested,
	arrow.LARGE_LIST:      nested,
	arrow.LIST_VIEW:       nested,
	arrow.LARGE_LIST_VIEW: nested,
	arrow.FIXED_SIZE_LIST: nested,
}

// extensionTypes holds CloudQuery's own types, by their registered names, that are not stored in their text form.
var extensionTypes = map[string]columnType{
	types.ExtensionTypes.UUID.ExtensionName(): scalar(textColumn,
		func(v uuid.UUID) any { return v.String() }, parsed(uuid.Parse)),
	types.ExtensionTypes.JSON.ExtensionName(): documents,
}

// typeOf returns the storage of an Arrow type.
func typeOf(dataType arrow.DataType) columnType {
	if extension, ok := dataType.(arrow.ExtensionType); ok {
		if known, ok := extensionTypes[extension.ExtensionName()]; ok {
			return known
		}
		return textForm
	}
	if known, ok := arrowTypes[dataType.ID()]; ok {
		return known
	}
	return textForm
}

// as returns a value as type T, which a columnType guarantees. Another type is a bug in this package.
func as[T any](value any) T {
	t, ok := value.(T)
	if !ok {
		panic(fmt.Sprintf("%T is not a %v", value, reflect.TypeFor[T]()))
	}
	return t
}

// scalar describes a type whose arrays and builders have Go values of type T.
func scalar[T any](declared string, toSQL func(T) any, fromSQL func(any) (T, error)) columnType {
	return columnType{
		declared: declared,
		bind: func(a arrow.Array) binder {
			values := as[interface{ Value(row int) T }](a)
			return func(row int) (any, error) { return toSQL(values.Value(row)), nil }
		},
		restore: func(b array.Builder) restorer {
			builder := as[interface{ Append(value T) }](b)
			return func(value any) error {
				v, err := fromSQL(value)
				if err == nil {
					builder.Append(v)
				}
				return err
			}
		},
	}
}

func integer[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32]() columnType {
	return scalar(integerColumn,
		func(v T) any { return int64(v) },
		func(value any) (T, error) {
			n, err := expect[int64](value)
			if err == nil && int64(T(n)) != n {
				err = fmt.Errorf("%d does not fit in %T", n, T(0))
			}
			return T(n), err
		})
}

// timestamps are text in UTC; see formatTimestamp.
var timestamps = columnType{
	declared: timestampColumn,
	bind: func(a arrow.Array) binder {
		values, unit := as[*array.Timestamp](a), as[*arrow.TimestampType](a.DataType()).Unit
		return func(row int) (any, error) { return formatTimestamp(values.Value(row).ToTime(unit)), nil }
	},
	restore: func(b array.Builder) restorer {
		builder, unit := as[*array.TimestampBuilder](b), as[*arrow.TimestampType](b.Type()).Unit
		return func(value any) error {
			t, err := restoreTimestamp(value)
			if err != nil {
				return err
			}
			v, err := arrow.TimestampFromTime(t, unit)
			if err == nil {
				builder.Append(v)
			}
			return err
		}
	},
}

// documents are JSON as the source wrote it.
var documents = columnType{
	declared: jsonColumn,
	bind: func(a arrow.Array) binder {
		values := as[*array.Binary](as[*types.JSONArray](a).Storage())
		return func(row int) (any, error) {
			if !isJSON(values.Value(row)) {
				return nil, errors.New("the value is not valid JSON")
			}
			return values.ValueString(row), nil
		}
	},
	restore: func(b array.Builder) restorer {
		builder := as[*types.JSONBuilder](b)
		return func(value any) error {
			s, err := expect[string](value)
			if err == nil {
				builder.AppendBytes([]byte(s))
			}
			return err
		}
	},
}

// isJSON reports whether a document is valid by the rules of encoding/json, whose own check takes several times as
// long.
func isJSON(document []byte) bool {
	return jsontext.Value(document).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// nested values are JSON in Arrow's form: an array for a list, an object for a struct, an array of key-value objects
// for a map.
var nested = columnType{
	declared: jsonColumn,
	bind:     textForm.bind,
	restore: func(b array.Builder) restorer {
		return func(value any) error {
			s, err := expect[string](value)
			if err != nil {
				return err
			}
			decoder := gojson.NewDecoder(strings.NewReader(s))
			decoder.UseNumber() // a float64 does not hold every 64-bit integer
			return b.UnmarshalOne(decoder)
		}
	},
}

// textForm stores Arrow's own text form and reads it back: times of day, durations, intervals, decimals, network
// addresses, and any unknown type.
var textForm = columnType{
	declared: textColumn,
	bind: func(a arrow.Array) binder {
		return func(row int) (any, error) { return a.ValueStr(row), nil }
	},
	restore: func(b array.Builder) restorer {
		return func(value any) error {
			s, err := expect[string](value)
			if err != nil {
				return err
			}
			return b.AppendValueFromString(s)
		}
	},
}

func unchanged[T any](v T) any { return v }

// bindBytes distinguishes an empty value from NULL: the driver stores a nil slice as NULL.
func bindBytes(v []byte) any {
	if v == nil {
		return []byte{}
	}
	return v
}

// expect returns an SQL value as type T, which the driver uses for the storage class of the bound value.
func expect[T any](value any) (T, error) {
	v, ok := value.(T)
	if !ok {
		return v, fmt.Errorf("expected a stored %T, found %T", v, value)
	}
	return v, nil
}

func parsed[T any](parse func(string) (T, error)) func(any) (T, error) {
	return func(value any) (T, error) {
		s, err := expect[string](value)
		if err != nil {
			var zero T
			return zero, err
		}
		return parse(s)
	}
}
