package pipedrive

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPages_aRecordIsDecodedWhileItsPageArrives: no page is held as a whole. The rest of the page only comes once its
// first record was decoded, so that a reader of whole bodies would wait for ever.
func TestPages_aRecordIsDecodedWhileItsPageArrives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		decoded := make(chan struct{})
		go func() {
			io.WriteString(writer, `{"success":true,"data":[{"id":1,"text":"`+strings.Repeat("x", beginning)+`"},`)
			<-decoded
			io.WriteString(writer, `{"id":2}],"additional_data":{"next_cursor":null}}`)
			writer.Close()
		}()
		c, _ := start(func(int, *http.Request) reply { return reply{stream: reader} })
		decode := func(b []byte) (item, int, error) {
			i, end, err := decodeItem(b)
			if i.ID == 1 {
				close(decoded)
			}
			return i, end, err
		}
		for page, err := range Pages(context.Background(), c, cursorListing, Query{Limit: 2}, &Meter{}, decode) {
			require.NoError(t, err)
			require.Equal(t, []item{{ID: 1}, {ID: 2}}, page)
		}
	})
}

// TestPages_aBodyThatBreaksOffCountsAsAWhole: the records before the break are neither lost nor brought twice, and the
// error names the break rather than the JSON that it left incomplete.
func TestPages_aBodyThatBreaksOffCountsAsAWhole(t *testing.T) {
	const page = `{"success":true,"data":[{"id":1},{"id":2},{"id":3}],"additional_data":{"next_cursor":null}} `
	for at := range len(page) + 1 {
		bubble(t, func(t *testing.T) {
			breaks := 2
			c, api := start(func(n int, _ *http.Request) reply {
				if n <= breaks {
					return reply{body: page[:at], cut: true}
				}
				return reply{body: page}
			})
			pages, err := collect(t, c, cursorListing, 3)
			require.NoError(t, err)
			require.Equal(t, [][]int64{{1, 2, 3}}, pages, "cut at %d", at)
			require.Len(t, api.requests, breaks+1)

			breaks = 100
			pages, err = collect(t, c, cursorListing, 3)
			require.ErrorContains(t, err, "the answer breaks off", "cut at %d", at)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.Empty(t, pages)
		})
	}
}

// TestClient_anAnswerHoldsItsPlaceUntilItIsRead: requests whose answers are still being read count as under way.
func TestClient_anAnswerHoldsItsPlaceUntilItIsRead(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, _ := start(func(int, *http.Request) reply { return reply{body: onePage} })
		for range 3 {
			for _, err := range Pages(t.Context(), c, cursorListing, Query{Limit: 2}, &Meter{}, func(b []byte) (item, int, error) {
				require.Equal(t, 1, c.limiter.underWay)
				return decodeItem(b)
			}) {
				require.NoError(t, err)
			}
			require.Zero(t, c.limiter.underWay)
		}
	})
}

// TestBody_isNotReadWithoutEnd: another request would bring as long a body.
func TestBody_isNotReadWithoutEnd(t *testing.T) {
	c, _ := start(nil)
	b := c.open(io.NopCloser(endless{}), func(time.Duration) {})
	defer b.close()
	n, err := io.Copy(io.Discard, b)
	require.ErrorIs(t, err, errTooLong)
	require.LessOrEqual(t, n, int64(maxBody))
	_, passes := errors.AsType[transientError](c.brokenOff(request{}, http.StatusOK, b.err))
	require.False(t, passes)
}

// endless is a text without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
