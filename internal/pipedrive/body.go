package pipedrive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/scan"
)

const (
	// maxBody bounds the size of one body, in bytes. A page of 500 notes with 100 kB of HTML each is 50 MB.
	maxBody = 256 << 20
	// bodyBuffer is the size of the part of a body that is held during the reading, in bytes.
	bodyBuffer = 64 << 10
	// beginning is the size of the part of a body that shows whether it is HTML, in bytes.
	beginning = 64
)

var errTooLong = fmt.Errorf("the answer is longer than %d MiB", maxBody>>20)

// body is the body of an answer, read while it arrives. It keeps the error that broke it off, even if its reader
// ignores that.
type body struct {
	answer io.ReadCloser
	// release gives up the answer's place under the limits, given waited.
	release func(waited time.Duration)
	waited  time.Duration // for bytes
	length  int           // of the part that was read
	err     error         // that ended it, io.EOF at its end

	buffer   []byte // first, or a larger one for a larger record
	from, to int    // the part of the buffer that was read and not used yet
	client   *Client
	first    *[bodyBuffer]byte // from the client, which gets it back
}

// open returns the body of an answer that has a place under the limits. It must be closed.
func (c *Client) open(answer io.ReadCloser, release func(waited time.Duration)) *body {
	first, ok := c.buffers.Get().(*[bodyBuffer]byte)
	if !ok {
		first = new([bodyBuffer]byte)
	}
	return &body{client: c, first: first, buffer: first[:], answer: answer, release: release}
}

// held is the part of the body that was read and not used yet.
func (b *body) held() []byte { return b.buffer[b.from:b.to] }

// hold reads on until most bytes are held. If the body ends before, and fewer than least are held, it returns an error.
func (b *body) hold(least, most int) error {
	for b.err == nil && b.to-b.from < most {
		b.more()
	}
	if b.to-b.from < least {
		return b.err
	}
	return nil
}

// more reads on once.
func (b *body) more() {
	if b.from > 0 {
		b.from, b.to = 0, copy(b.buffer, b.held())
	}
	if b.to == len(b.buffer) {
		b.buffer = append(b.buffer, make([]byte, len(b.buffer))...)
	}
	begin := time.Now()
	n, err := b.answer.Read(b.buffer[b.to:])
	b.waited += time.Since(begin)
	b.to, b.err = b.to+n, err
	if b.length += n; b.length > maxBody {
		b.to, b.err = b.from, errTooLong
	}
}

// beginning returns the first bytes of a body that was not used yet.
func (b *body) beginning() []byte {
	_ = b.hold(0, beginning)
	return b.buffer[b.from:min(b.to, b.from+beginning)]
}

// Read is that of an [io.Reader]. An opening bracket is the last byte that it returns at a time. A decoder that has come to
// a list has thus read nothing of it.
func (b *body) Read(p []byte) (int, error) {
	if err := b.hold(1, 1); err != nil {
		return 0, err
	}
	n := copy(p, b.held())
	if i := bytes.IndexByte(p[:n], '['); i >= 0 {
		n = i + 1
	}
	b.from += n
	return n, nil
}

// next returns the next byte that is not white space, and leaves it held. The end of the body is an error.
func (b *body) next() (byte, error) {
	for b.from += scan.Space(b.held(), 0); b.from == b.to; b.from += scan.Space(b.held(), 0) {
		if err := b.hold(1, 1); err != nil {
			return 0, err
		}
	}
	return b.buffer[b.from], nil
}

// brokeOff is the error that broke the body off; nil if there is none so far.
func (b *body) brokeOff() error {
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// close gives up the connection, unless the body was read to its end, and the answer's place under the limits.
func (b *body) close() {
	b.answer.Close()
	b.release(b.waited)
	b.client.buffers.Put(b.first)
	b.first, b.buffer = nil, nil
}

// brokenOff is the error of an answer whose body could not be read to its end.
func (c *Client) brokenOff(r request, status int, cause error) error {
	if errors.Is(cause, errTooLong) {
		return c.failure(r, status, cause.Error(), nil)
	}
	return transient(c.failure(r, status, "the answer breaks off", cause))
}
