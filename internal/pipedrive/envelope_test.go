package pipedrive

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

// decodeText returns a record as it is.
func decodeText(b []byte) (string, int, error) {
	end := scan.Value(b, 0)
	return string(b[:max(0, end)]), end, nil
}

// envelopeOf reads an answer.
func envelopeOf[T any](body io.Reader, l Listing, decode Decode[T]) (envelope[T], error) {
	c, _ := start(nil)
	b := c.open(io.NopCloser(body), func(time.Duration) {})
	defer b.close()
	return decodeEnvelope(b, l, decode)
}

// torn is a body that comes in two parts.
func torn(body string, at int) io.Reader {
	return io.MultiReader(strings.NewReader(body[:at]), strings.NewReader(body[at:]))
}

// TestDecodeEnvelope_isTheSameInAnyParts: records and the other members may come in any number of parts, and be larger than
// the buffer.
func TestDecodeEnvelope_isTheSameInAnyParts(t *testing.T) {
	records := []string{`{"a":"[\"\\","b":[ 1 ,{}]}`, "12", `-1.5e+3`, `null`, `"\u00e4\n"`, `[]`, `{ }`, "0"}
	const form = ` {"message":"[x", "related":{"a":[[1]]},"success" : true , "data":[ %s ],"additional_data":{"next_cursor":"n"}} `
	small := fmt.Sprintf(form, strings.Join(records, " ,\n"))
	want, err := envelopeOf(strings.NewReader(small), cursorListing, decodeText)
	require.NoError(t, err)
	require.Equal(t, records, want.records)
	require.Equal(t, "n", want.nextCursor)
	for at := range len(small) {
		got, err := envelopeOf(torn(small, at), cursorListing, decodeText)
		require.NoError(t, err, "torn at %d", at)
		require.Equal(t, want, got, "torn at %d", at)
	}
	for name, part := range map[string]func(io.Reader) io.Reader{
		"byte by byte": iotest.OneByteReader, "halves": iotest.HalfReader, "the end with the data": iotest.DataErrReader,
	} {
		got, err := envelopeOf(part(strings.NewReader(small)), cursorListing, decodeText)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for _, size := range []int{bodyBuffer - 100, bodyBuffer, 3*bodyBuffer + 7} {
		large := []string{`"` + strings.Repeat("x", size) + `"`, "1", `{"a":"` + strings.Repeat("y", size) + `"}`, "2"}
		got, err := envelopeOf(strings.NewReader(fmt.Sprintf(form, strings.Join(large, ","))), cursorListing, decodeText)
		require.NoError(t, err)
		require.Equal(t, large, got.records)
	}
}

// TestDecodeEnvelope_triesALargeRecordRarely: each attempt has twice the bytes of the one before, however few come at a
// time.
func TestDecodeEnvelope_triesALargeRecordRarely(t *testing.T) {
	record := `"` + strings.Repeat("x", 1<<15) + `"`
	attempts, tried := 0, 0
	got, err := envelopeOf(iotest.OneByteReader(strings.NewReader(`{"data":[`+record+`]}`)), Listing{}, func(b []byte) (string, int, error) {
		attempts, tried = attempts+1, tried+len(b)
		return decodeText(b)
	})
	require.NoError(t, err)
	require.Equal(t, []string{record}, got.records)
	require.LessOrEqual(t, attempts, 17)
	require.Less(t, tried, 4*len(record))
}

// TestDecodeEnvelope_namesABrokenRecord, and reads nothing behind the part of the body that it holds then.
func TestDecodeEnvelope_namesABrokenRecord(t *testing.T) {
	for list, message := range map[string]string{
		`[{"id":1},{"id":2x`:    "record 2 of the answer is broken: ",
		`[{"id":1},]`:           "record 2 of the answer is broken: ",
		`[,`:                    "record 1 of the answer is broken: ",
		`[{"id":1}{`:            `the answer has '{' behind record 1`,
		`[{"id":1}}`:            `the answer has '}' behind record 1`,
		"[{\"id\":\"\x01\"":     "record 1 of the answer is broken: ",
		`[{"id":1},{"id":"\u1x`: "record 2 of the answer is broken: ",
	} {
		read := &counting{from: io.MultiReader(strings.NewReader(`{"data":`+list), endless{})}
		_, err := envelopeOf(read, Listing{}, decodeText)
		require.ErrorContains(t, err, message, list)
		require.Less(t, read.bytes, 2*bodyBuffer, list)
	}
	for _, list := range []string{"[", "[1", "[1,", `[{"id":1`, `[{"id":1}`, `[{"id":1} , `} {
		_, err := envelopeOf(strings.NewReader(`{"data":`+list), Listing{}, decodeText)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, list)
	}
}

// counting counts the bytes that are read.
type counting struct {
	from  io.Reader
	bytes int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.bytes += n
	return n, err
}

// TestDecodeEnvelope_refusesCompleteRecordsOnly: the beginning of a number is another number.
func TestDecodeEnvelope_refusesCompleteRecordsOnly(t *testing.T) {
	decode := func(b []byte) (string, int, error) {
		text, end, err := decodeText(b)
		if text == "1" || text == "1.5" {
			err = Refuse(errNoNext)
		}
		return text, end, err
	}
	got, err := envelopeOf(iotest.OneByteReader(strings.NewReader(`{"data":[1.5e3,12]}`)), Listing{}, decode)
	require.NoError(t, err)
	require.Equal(t, []string{"1.5e3", "12"}, got.records)
	_, err = envelopeOf(strings.NewReader(`{"data":[12,1]}`), Listing{}, decode)
	require.ErrorIs(t, err, errNoNext)
}

// TestBody_buffersGoBack: the client keeps the buffers of bodies, but none that grew for a large record.
func TestBody_buffersGoBack(t *testing.T) {
	c, _ := start(nil)
	b := c.open(io.NopCloser(strings.NewReader(strings.Repeat("x", 3*bodyBuffer))), func(time.Duration) {})
	require.NoError(t, b.hold(3*bodyBuffer, 3*bodyBuffer))
	require.Greater(t, len(b.buffer), bodyBuffer)
	first := b.first
	b.close()
	if again, ok := c.buffers.Get().(*[bodyBuffer]byte); ok { // the pool may forget it
		require.Same(t, first, again)
	}
}
