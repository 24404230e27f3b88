package pipedrive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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
	client *Client
	buffer *bufio.Reader
	answer io.Closer
	// release gives up the answer's place under the limits.
	release func()
	length  int // of the part that was read
	err     error
}

// open returns the body of an answer that has a place under the limits. It must be closed.
func (c *Client) open(answer io.ReadCloser, release func()) *body {
	buffer, ok := c.buffers.Get().(*bufio.Reader)
	if !ok {
		buffer = bufio.NewReaderSize(nil, bodyBuffer)
	}
	buffer.Reset(answer)
	return &body{client: c, buffer: buffer, answer: answer, release: release}
}

// beginning returns the first bytes of a body that was not read yet.
func (b *body) beginning() []byte {
	first, _ := b.buffer.Peek(beginning) // Read returns the error too
	return first
}

// Read is that of an [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.buffer.Read(p)
	if b.length += n; b.length > maxBody {
		n, err = 0, errTooLong
	}
	if !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// close gives up the connection, unless the body was read to its end, and the answer's place under the limits.
func (b *body) close() {
	b.answer.Close()
	b.release()
	b.buffer.Reset(nil)
	b.client.buffers.Put(b.buffer)
}

// brokenOff is the error of an answer whose body could not be read to its end.
func (c *Client) brokenOff(r request, status int, cause error) error {
	if errors.Is(cause, errTooLong) {
		return c.failure(r, status, cause.Error(), nil)
	}
	return transient(c.failure(r, status, "the answer breaks off", cause))
}
