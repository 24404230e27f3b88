package pipedrive

import (
	"maps"
	"net/http"
	"slices"
	"sync"
)

// dayBudget is the number of API tokens that an account has left for the day, as answers announce it.
type dayBudget struct {
	mu       sync.Mutex
	left     int64         // -1 if unknown
	perDay   int64         // 0 if unknown
	requests int           // that have begun so far
	sent     int           // requests that were sent so far; others wait for the limits
	known    int           // number of sent requests when left was learned
	underWay map[int]int64 // costs of the requests whose answers were not read yet, by their numbers
	ended    chan struct{} // closed when one of them ends
}

func newDayBudget() *dayBudget {
	return &dayBudget{left: -1, underWay: map[int]int64{}, ended: make(chan struct{})}
}

// begin notes that a request begins, and returns its number.
func (b *dayBudget) begin(cost int) (number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests++
	b.underWay[b.requests] = int64(cost)
	return b.requests
}

// end notes that a request has ended and that its answer, if there was one, was read.
func (b *dayBudget) end(number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.underWay, number)
	close(b.ended)
	b.ended = make(chan struct{})
}

// sends notes that a request is sent, and returns its number among the sent ones.
func (b *dayBudget) sends() (number int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent++
	return b.sent
}

// learn notes the budget in the headers of the answer to a request, given its number among the sent ones. Answers overtake
// each other, so a higher number of tokens counts only if the request was sent after the present one was learned.
func (b *dayBudget) learn(h http.Header, sent int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if left, ok := number(h, "X-Daily-Ratelimit-Token-Remaining"); ok && (b.left < 0 || left < b.left || sent > b.known) {
		b.left, b.known = max(0, left), b.sent
	}
	if tokens, ok := number(h, "X-Daily-Ratelimit-Token-Limit"); ok {
		b.perDay = max(0, tokens)
	}
}

// tokens is the state of the budget.
type tokens struct {
	left     int64 // after the requests under way
	known    bool
	underWay int64           // cost of the requests under way
	oldest   int             // number of the oldest one of these; one more than that of the last request if there are none
	requests int             // number of the last request
	next     <-chan struct{} // closed when a request ends
}

func (b *dayBudget) tokens() tokens {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := tokens{known: b.left >= 0, requests: b.requests, oldest: b.requests + 1, next: b.ended}
	if len(b.underWay) > 0 {
		t.oldest = slices.Min(slices.Collect(maps.Keys(b.underWay)))
	}
	for _, cost := range b.underWay {
		t.underWay += cost
	}
	t.left = max(0, b.left-t.underWay)
	return t
}
