package client

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/plan"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/client/table"
	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/pipedrive"
)

// Tables that no plugin has. Albums have UUIDs as keys. A request for photos names one album in its path, and the
// photos do not name their album. Orders have numbers as keys. A request for lines names up to 100 orders in its query,
// and orders have a counter of lines.
func albumsAndOrders() (albums, photos, orders, lines *table.Table) {
	id := table.Column{Name: "id", Type: table.Int, Key: true}
	updated := table.Column{Name: "update_time", Type: table.Timestamp}
	albums = &table.Table{
		Records: "albums", V2: []pipedrive.Listing{{Path: "/v1/albums", Cost: 5}},
		Columns: []table.Column{{Name: "id", Key: true}, updated},
	}
	photos = &table.Table{
		Records: "photos", Incremental: true, Parent: &table.Parent{Table: albums, Column: "album_id"},
		V2: []pipedrive.Listing{{
			Path: "/v1/albums/{id}/photos", Cost: 10, Paging: pipedrive.Offset, Parent: pipedrive.Parent{Param: "id", Batch: 1},
		}},
		Columns: []table.Column{
			{Name: "album_id", Key: true, V2: table.OfParent("id")},
			{Name: "nr", Type: table.Int, Key: true},
			{Name: "album_update_time", Type: table.Timestamp, IncrementalKey: true, V2: table.OfParent("update_time")},
		},
	}
	orders = &table.Table{
		Records: "orders", V2: []pipedrive.Listing{pipedrive.ByIDV2("/api/v2/orders", 5, nil)},
		Columns: []table.Column{id, updated, {Name: "lines_count", Type: table.Int}},
	}
	lines = &table.Table{
		Records: "lines", Incremental: true, Parent: &table.Parent{Table: orders, Column: "order_id", Count: "lines_count"},
		V2: []pipedrive.Listing{pipedrive.ByIDV2("/api/v2/lines", 10, nil)},
		Columns: []table.Column{
			id,
			{Name: "order_id", Type: table.Int},
			{Name: "order_update_time", Type: table.Timestamp, IncrementalKey: true, V2: table.OfParent("update_time")},
		},
	}
	lines.V2[0].Parent = pipedrive.Parent{Param: "order_ids", Batch: 100}
	return albums, photos, orders, lines
}

// shop is a server with albums and orders: the parents, with the numbers of their children. A number below 0 stands for
// a parent that is deleted after its list was read.
type shop struct {
	url string

	mu       sync.Mutex
	albums   map[string]int
	orders   map[int]int
	changed  map[string]int // minutes, by the parents' ids
	foreign  bool           // whether an answer has the lines of all orders, not only of the requested ones
	broken   string         // an album whose photos can't be read
	asked    [][]string     // orders, by request for lines
	requests []string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{albums: map[string]int{}, orders: map[int]int{}, changed: map[string]int{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func moment(minute int) string {
	return time.Date(2026, 1, 2, 0, minute, 0, 0, time.UTC).Format(time.RFC3339)
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	path, album := r.URL.Path, ""
	if name, ok := strings.CutSuffix(path, "/photos"); ok {
		path, album = "photos", strings.TrimPrefix(name, "/v1/albums/")
	}
	records := []map[string]any{}
	parent := func(id string, number any) map[string]any {
		return map[string]any{"id": number, "update_time": moment(s.changed[id])}
	}
	switch path {
	case "/v1/users/me":
		fmt.Fprint(w, `{"success":true,"data":{"id":7,"company_id":4711}}`)
		return
	case "/v1/albums":
		for id := range s.albums {
			records = append(records, parent(id, id))
		}
	case "photos":
		if s.albums[album] < 0 || album == s.broken {
			w.WriteHeader(map[bool]int{true: http.StatusBadRequest, false: http.StatusNotFound}[album == s.broken])
			fmt.Fprint(w, `{"success":false,"error":"no photos"}`)
			return
		}
		for nr := range s.albums[album] {
			records = append(records, map[string]any{"nr": nr + 1})
		}
	case "/api/v2/orders":
		for id, lines := range s.orders {
			order := parent(strconv.Itoa(id), id)
			order["lines_count"] = lines
			records = append(records, order)
		}
	case "/api/v2/lines":
		asked := strings.Split(r.URL.Query().Get("order_ids"), ",")
		s.asked = append(s.asked, asked)
		for id, lines := range s.orders {
			for nr := range lines {
				if s.foreign || slices.Contains(asked, strconv.Itoa(id)) {
					records = append(records, map[string]any{"id": 1000*id + nr, "order_id": id})
				}
			}
		}
	}
	s.requests = append(s.requests, r.URL.Path)
	slices.SortFunc(records, func(a, b map[string]any) int {
		return cmp.Compare(fmt.Sprintf("%9v %9v", a["id"], a["nr"]), fmt.Sprintf("%9v %9v", b["id"], b["nr"]))
	})
	answerPage(w, r, records)
}

// answerPage answers with a page of records, by cursor or by offset: both are the index of its first record.
func answerPage(w http.ResponseWriter, r *http.Request, records []map[string]any) {
	q := r.URL.Query()
	start, _ := strconv.Atoi(cmp.Or(q.Get("cursor"), q.Get("start"), "0"))
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		limit = len(records)
	}
	start = min(start, len(records))
	end := min(start+limit, len(records))
	var next any
	if end < len(records) {
		next = strconv.Itoa(end)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "data": records[start:end], "additional_data": map[string]any{
		"next_cursor": next, "pagination": map[string]any{"more_items_in_collection": next != nil},
	}})
}

// count returns the number of requests whose path ends so.
func (s *shop) count(path string) (n int) {
	for _, p := range s.requests {
		if strings.HasSuffix(p, path) {
			n++
		}
	}
	return n
}

// values are those of some columns of rows, in order.
func values(rows []map[string]string, columns ...string) (values []string) {
	for _, row := range rows {
		var of []string
		for _, c := range columns {
			of = append(of, row[c])
		}
		values = append(values, strings.Join(of, " "))
	}
	slices.Sort(values)
	return values
}

const (
	red, green, blue = "0a1b2c3d-0000-4000-8000-00000000000a", "0a1b2c3d-0000-4000-8000-00000000000b", "0a1b2c3d-0000-4000-8000-00000000000c"
)

// TestChildren_areOfTheirParents: of the parents in the run's list, which one request reads for all tables.
func TestChildren_areOfTheirParents(t *testing.T) {
	s := newShop(t)
	s.albums, s.changed = map[string]int{red: 7, green: 0, blue: 1}, map[string]int{red: 10, green: 20, blue: 30}
	albums, photos, _, _ := albumsAndOrders()
	for name, tables := range map[string][]*table.Table{"after them": {albums, photos}, "before them": {photos, albums}, "without them": {photos}} {
		t.Run(name, func(t *testing.T) {
			s.requests = nil
			rows, err := readTrial(t, s.url, `,"page_size":3`, nil, tables...)
			require.NoError(t, err)
			want := []string{blue + " 1 " + moment(30)}
			for nr := range 7 {
				want = append(want, fmt.Sprintf("%s %d %s", red, nr+1, moment(10)))
			}
			slices.Sort(want)
			require.Equal(t, want, values(rows["pipedrive_photos"], "album_id", "nr", "album_update_time"))
			require.Len(t, rows["pipedrive_albums"], 3*(len(tables)-1))
			require.Equal(t, 1, s.count("/v1/albums"))
			require.Equal(t, 2, s.count(green+"/photos"), "an empty answer is confirmed")
		})
	}
}

// TestChildren_inBatches: a request names 100 parents, and none with a counter of 0 children.
func TestChildren_inBatches(t *testing.T) {
	s := newShop(t)
	var want []string
	for id := 1; id <= 280; id++ {
		s.changed[strconv.Itoa(id)] = id % 60
		s.orders[id] = id % 4
		for nr := range id % 4 {
			want = append(want, fmt.Sprint(1000*id+nr, " ", id, " ", moment(id%60)))
		}
	}
	slices.Sort(want)
	_, _, orders, lines := albumsAndOrders()
	rows, err := readTrial(t, s.url, `,"page_size":50`, nil, lines, orders)
	require.NoError(t, err)
	require.Equal(t, want, values(rows["pipedrive_lines"], "id", "order_id", "order_update_time"))
	require.Len(t, rows["pipedrive_orders"], 280)
	require.Equal(t, 6, s.count("/orders"))
	require.Len(t, want, 420)
	require.Greater(t, s.count("/lines"), 420/50, "a batch has more than one page")
	asked := map[string]bool{}
	for _, orders := range s.asked {
		require.LessOrEqual(t, len(orders), 100)
		for _, id := range orders {
			asked[id] = true
		}
	}
	require.Len(t, asked, 210)
	require.LessOrEqual(t, s.count("/lines"), 420/50+3, "three batches")
}

// TestChildren_ofAnotherParentAreRefused: such an answer belongs to another request.
func TestChildren_ofAnotherParentAreRefused(t *testing.T) {
	s := newShop(t)
	s.foreign = true
	s.orders = map[int]int{}
	for id := 1; id <= 101; id++ {
		s.orders[id] = 1
	}
	_, _, _, lines := albumsAndOrders()
	_, err := readTrial(t, s.url, "", nil, lines)
	require.ErrorIs(t, err, pipedrive.ExternalAPIError)
	require.ErrorContains(t, err, "pipedrive_lines")
	require.ErrorContains(t, err, "which was not asked for")
}

// TestChildren_theNextRunReadsThoseOfChangedParents, and of no others.
func TestChildren_theNextRunReadsThoseOfChangedParents(t *testing.T) {
	s, kept := newShop(t), memory{}
	s.albums, s.changed = map[string]int{red: 2, green: 3, blue: 1}, map[string]int{red: 10, green: 20, blue: 30}
	_, photos, _, _ := albumsAndOrders()
	read := func() []string {
		s.requests = nil
		rows, err := readTrial(t, s.url, `,"verify":false,"lookback":"0s"`, kept, photos)
		require.NoError(t, err)
		return values(rows["pipedrive_photos"], "album_id", "nr")
	}
	require.Len(t, read(), 6)
	require.Equal(t, []string{blue + " 1"}, read(), "the last second may be incomplete")
	s.albums[red], s.changed[red] = 3, 40
	require.Equal(t, []string{red + " 1", red + " 2", red + " 3", blue + " 1"}, read())
	require.Zero(t, s.count(green+"/photos"))
	require.Equal(t, []string{red + " 1", red + " 2", red + " 3"}, read())
}

// TestChildren_theNextRunContinuesAfterTheBudget: no parent is left out, and few are read twice.
func TestChildren_theNextRunContinuesAfterTheBudget(t *testing.T) {
	s, kept := newShop(t), memory{}
	for i := range 40 {
		id := fmt.Sprintf("0a1b2c3d-0000-4000-8000-0000000000%02d", i)
		s.albums[id], s.changed[id] = 5, i
	}
	_, photos, _, _ := albumsAndOrders()
	read := map[string]bool{}
	for run := 0; len(read) < 40; run++ {
		require.Less(t, run, 8, "each run gets further")
		rows, err := readTrial(t, s.url, `,"verify":false,"page_size":2,"concurrency":3,"max_tokens":300`, kept, photos)
		require.NoError(t, err)
		times := map[string]int{}
		for _, row := range rows["pipedrive_photos"] {
			times[row["album_id"]]++
		}
		for id, n := range times {
			read[id] = read[id] || n == 5
		}
	}
	require.Less(t, s.count("/photos"), 40*4*3/2)
}

// TestChildren_ofAListByIDThatTheBudgetEnds: the parents that were not read may have changed before those that were. So the list
// is read to its end before tokens go to children, and the next run continues with these.
func TestChildren_ofAListByIDThatTheBudgetEnds(t *testing.T) {
	s, kept := newShop(t), memory{}
	for i := range 40 {
		id := fmt.Sprintf("0a1b2c3d-0000-4000-8000-0000000000%02d", i)
		s.albums[id], s.changed[id] = 1, 40-i
	}
	albums, photos, _, _ := albumsAndOrders()
	albums.Incremental, albums.Columns[1].IncrementalKey = true, true
	albums.V2 = []pipedrive.Listing{pipedrive.NewestV1("/v1/albums", 5, nil)}
	read := map[string]int{}
	for _, max := range []int{150, 0} {
		rows, err := readTrial(t, s.url, fmt.Sprintf(`,"verify":false,"page_size":5,"max_tokens":%d`, max), kept, photos)
		require.NoError(t, err)
		require.NotEmpty(t, rows["pipedrive_photos"])
		for _, album := range values(rows["pipedrive_photos"], "album_id") {
			read[album]++
		}
		require.Equal(t, max == 0, len(read) == 40)
	}
	for album, times := range read {
		require.Equal(t, 1, times, album)
	}
}

// TestChildren_theNextRunContinuesAfterAFailure: the checkpoint moves from stage to stage.
func TestChildren_theNextRunContinuesAfterAFailure(t *testing.T) {
	s, kept := newShop(t), memory{}
	for i := range 40 {
		s.broken = fmt.Sprintf("0a1b2c3d-0000-4000-8000-0000000000%02d", i)
		s.albums[s.broken], s.changed[s.broken] = 5, i
	}
	_, photos, _, _ := albumsAndOrders()
	_, err := readTrial(t, s.url, `,"verify":true,"page_size":2,"concurrency":3`, kept, photos)
	require.ErrorContains(t, err, "no photos")
	var stored struct {
		Marks map[string]plan.Position `json:"marks"`
	}
	require.NoError(t, json.Unmarshal([]byte(kept["pipedrive_photos,account=4711,api=v2"]), &stored))
	got := stored.Marks[photos.V2[0].Key()].Changed
	require.True(t, got.After(time.Date(2026, 1, 2, 0, 10, 0, 0, time.UTC)), "%v", got)
	require.True(t, got.Before(time.Date(2026, 1, 2, 0, 39, 0, 0, time.UTC)), "%v", got)
}

// TestChildren_ofSeveralParentsAreSentOnce, and the others are counted as left out.
func TestChildren_ofSeveralParentsAreSentOnce(t *testing.T) {
	s := newShop(t)
	s.albums = map[string]int{red: 2, green: 5, blue: 1}
	_, photos, _, _ := albumsAndOrders()
	photos.Once = true
	photos.Columns[0].Key = false
	rows, err := readTrial(t, s.url, "", nil, photos)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, values(rows["pipedrive_photos"], "nr"))
}

// TestChildren_ofADeletedParent are gone with it. If all parents are refused, the list itself is gone.
func TestChildren_ofADeletedParent(t *testing.T) {
	s := newShop(t)
	s.albums = map[string]int{red: 2, green: -1, blue: 1}
	albums, photos, _, _ := albumsAndOrders()
	rows, err := readTrial(t, s.url, "", nil, albums, photos)
	require.NoError(t, err)
	require.Equal(t, []string{red + " 1", red + " 2", blue + " 1"}, values(rows["pipedrive_photos"], "album_id", "nr"))

	s.albums = map[string]int{red: -1, green: -1}
	_, err = readTrial(t, s.url, "", nil, albums, photos)
	require.ErrorContains(t, err, "pipedrive_photos")
	require.ErrorContains(t, err, "HTTP 404")
}

// TestChildren_ofMissingParents: without parents there are no children.
func TestChildren_ofMissingParents(t *testing.T) {
	albums, photos, _, _ := albumsAndOrders()
	a := &Account{api: table.V2}
	require.NoError(t, a.lacks(photos))
	a.absent.why = map[string]error{albums.Records: pipedrive.Errorf(pipedrive.NotAvailable, "no camera")}
	require.ErrorContains(t, a.lacks(photos), "no camera")
}
