package table

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	hashA = strings.Repeat("a", HashLength)
	hashB = strings.Repeat("b", HashLength)
)

func customFieldsOf(d *Decoder, record string) (string, error) {
	row, err := decodeWith(d, record)
	if err != nil {
		return "", err
	}
	return row.Value(1).Text, nil
}

func decoderV1() *Decoder {
	d := NewDecoder([]Column{{Name: "id", Type: Int, Key: true}, {Name: CustomFieldsColumn, Type: JSON}}, func(c Column) Source { return c.V1 })
	d.Custom = &CustomFieldsV1{Kinds: map[string]string{}}
	return d
}

// TestCustomFieldsV1_aDamagedAnswerLeavesNothing: the page is requested again, and its first record must not get
// values of the record at which the answer broke off.
func TestCustomFieldsV1_aDamagedAnswerLeavesNothing(t *testing.T) {
	d := decoderV1()
	_, err := customFieldsOf(d, `{"id":2,"`+hashA+`":"of another record","name":`)
	require.Error(t, err)
	got, err := customFieldsOf(d, `{"id":1,"`+hashB+`":7}`)
	require.NoError(t, err)
	require.JSONEq(t, `{"`+hashB+`":7}`, got)
}

// TestCustomFieldsV1_withoutAColumn: an account without custom fields may have got one since its lists of fields were read.
func TestCustomFieldsV1_withoutAColumn(t *testing.T) {
	d := NewDecoder([]Column{{Name: "id", Type: Int, Key: true}}, func(c Column) Source { return c.V1 })
	d.Custom = &CustomFieldsV1{}
	row, err := decodeWith(d, `{"`+hashA+`":7,"id":1}`)
	require.NoError(t, err)
	require.EqualValues(t, 1, row.RecordKey().Number)
}

// TestCustomFieldsV1_oddObjects: a broken character or a repeated name costs no value.
func TestCustomFieldsV1_oddObjects(t *testing.T) {
	for value, want := range map[string]string{
		"{\"value\":5,\"name\":\"\xff\"}":     "5",
		`{"value":5,"name":"a","name":"b"}`:   "5",
		`{"street":"a","street":"b"}`:         `{"street":"a","street":"b"}`,
		`[{"odd":{"street":1,"street":"b"}}]`: `[{"odd":{"street":1,"street":"b"}}]`,
	} {
		got, err := customFieldsOf(decoderV1(), `{"id":1,"`+hashA+`":`+value+`,"`+hashB+`":7}`)
		require.NoError(t, err)
		require.Equal(t, `{"`+hashA+`":`+want+`,"`+hashB+`":7}`, got)
	}
}
