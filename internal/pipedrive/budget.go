package pipedrive

import (
	"net/http"
	"sync"
)

// dayBudget is the number of API tokens that an account has left for the day, as answers announce it.
type dayBudget struct {
	mu       sync.Mutex
	left     int64         // -1 if unknown
	perDay   int64         // 0 if unknown
	underWay int64         // cost of the requests under way
	ended    chan struct{} // closed when one of them ends
}

func newDayBudget() *dayBudget { return &dayBudget{left: -1, ended: make(chan struct{})} }

// begin notes that a request begins.
func (b *dayBudget) begin(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underWay += int64(cost)
}

// end notes that a request has ended and that its answer, if there was one, was read.
func (b *dayBudget) end(cost int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.underWay -= int64(cost)
	close(b.ended)
	b.ended = make(chan struct{})
}

// learn notes the budget in an answer's headers.
func (b *dayBudget) learn(h http.Header) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left, ok := number(h, "X-Daily-Ratelimit-Token-Remaining"); ok {
		b.left = max(0, left)
	}
	if tokens, ok := number(h, "X-Daily-Ratelimit-Token-Limit"); ok {
		b.perDay = max(0, tokens)
	}
}

// tokens returns the number of tokens that are left after the requests under way, whether it is known, and a channel that
// is closed when one of these ends, nil if there are none.
func (b *dayBudget) tokens() (left int64, known bool, next <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.underWay > 0 {
		next = b.ended
	}
	return max(0, b.left-b.underWay), b.left >= 0, next
}
