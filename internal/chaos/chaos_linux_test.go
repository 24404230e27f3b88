// Package chaos plays histories of syncs with all possible failures of the API, the processes and, above all, the
// destination. It runs the real CloudQuery CLI, the plugin and a destination as separate processes against a simulated
// Pipedrive whose records change all the while. After the last disturbed run and one undisturbed run, the destination
// must have the truth. After a full refresh it must have no row that is deleted at Pipedrive.
//
// A history follows from its seed alone. But the order of requests and batches also depends on the tables that are
// read side by side, so a failing seed may need a few repetitions to fail again.
package chaos

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/programs"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/truth"
)

var (
	histories = flag.Int("histories", 10, "how many histories are played, from seed 1 on")
	seed      = flag.Uint64("seed", 0, "the seed of the only history that is played")
	verify    = flag.Bool("verify", true, "have the plugin check what arrived; without, rows that it could not know of are only counted")
)

// built is the folder with the programs that the tests run.
var built string

func TestMain(m *testing.M) { os.Exit(programs.Main(m, &built, "./internal/chaos/destination")) }

func TestChaos(t *testing.T) {
	played := tally{played: map[string]int{}, rows: map[truth.Kind]int{}, failed: map[string][]uint64{}}
	began := time.Now()
	t.Run("seed", func(t *testing.T) {
		for _, s := range seeds() {
			t.Run(fmt.Sprint(s), func(t *testing.T) {
				t.Parallel()
				h := draw(s)
				o := play(t, h)
				played.add(h, o)
				if len(o.differences) > 0 && (*verify || o.hidden == "") {
					t.Errorf("%v%s", h, listed(o.differences))
				}
			})
		}
	})
	fmt.Printf("%vin %v\n", &played, time.Since(began).Round(time.Second))
}

// listed are the first differences, one per line.
func listed(differences []truth.Difference) string {
	text := ""
	for i, d := range differences {
		if i == 10 {
			return text + fmt.Sprintf("and %d more\n", len(differences)-i)
		}
		text += d.String() + "\n"
	}
	return text
}

func seeds() []uint64 {
	if *seed != 0 {
		return []uint64{*seed}
	}
	all := make([]uint64, *histories)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	return all
}

// tally counts the outcomes of histories.
type tally struct {
	mu     sync.Mutex
	played map[string]int // by destination
	struck int
	rows   map[truth.Kind]int
	failed map[string][]uint64 // seeds by the way in which rows were lost
}

func (c *tally) add(h history, o outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.played[h.destination]++
	c.struck += o.struck
	for _, d := range o.differences {
		c.rows[d.Kind]++
	}
	if len(o.differences) > 0 {
		c.failed[o.hidden] = append(c.failed[o.hidden], h.seed)
	}
}

func (c *tally) String() string {
	text := fmt.Sprintf("histories %v with %d events, verify %t: %d rows lost, %d stale, %d duplicate, %d that should be gone\n",
		c.played, c.struck, *verify, c.rows[truth.Lost], c.rows[truth.Stale], c.rows[truth.Duplicate], c.rows[truth.Surplus])
	for hidden, seeds := range c.failed {
		slices.Sort(seeds)
		text += fmt.Sprintf("%d histories are wrong at their ends (%s), seeds %v\n", len(seeds), cmp.Or(hidden, "nothing was hidden"), seeds)
	}
	return text
}
