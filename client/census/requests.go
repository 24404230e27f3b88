package census

import "github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"

// Requests is the number of requests that a reading of n records of a listing takes, with pages of at most limit records.
// Pages of lists by offset repeat a record of the page before, and silent ones take a further page. confirm is true if an empty
// answer is requested again.
func Requests(l pipedrive.Listing, n int64, limit int, confirm bool) int64 {
	size := int64(min(limit, l.Most()))
	switch {
	case n <= 0 && confirm:
		return 2
	case l.Silent && n > 0:
		l.Silent = false
		return 1 + Requests(l, n, limit, confirm)
	case n <= size, l.Paging == pipedrive.Unpaged:
		return 1
	case l.Paging == pipedrive.Offset:
		size = max(size, 2)
		return 1 + Batches(n-size, size-1)
	}
	return Batches(n, size)
}

// Batches is the number of batches of up to size that n make up.
func Batches(n, size int64) int64 { return (n + size - 1) / size }
