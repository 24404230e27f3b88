package report

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// A tab shows the report and records its network requests.
type tab struct {
	ctx       context.Context
	mu        sync.Mutex
	requested []string
}

// open shows a page of a given width and colour scheme, on the screen or in print.
func open(t *testing.T, file string, width int64, scheme, medium string) *tab {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("REQUIRE_CHROMIUM") != "" {
			t.Fatal("REQUIRE_CHROMIUM is set, and there is no chromium")
		}
		t.Skip("SKIPPED, THE REPORT IS NOT LOOKED AT: there is no chromium (apt-get install chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // a browser that hangs must not block the tests
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	shown := &tab{ctx: ctx}
	address := (&url.URL{Scheme: "file", Path: file}).String()
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		if request, ok := event.(*network.EventRequestWillBeSent); ok && request.Request.URL != address {
			shown.mu.Lock()
			defer shown.mu.Unlock()
			shown.requested = append(shown.requested, request.Request.URL)
		}
	}))
	call(t, shown, network.Enable, network.EnableParams{})
	call(t, shown, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 800, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	call(t, shown, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: medium, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	run(t, shown, chromedp.Navigate(address))
	return shown
}

func call[P, R any](t *testing.T, s *tab, command cdp.Command[P, R], parameters P) {
	t.Helper()
	_, err := chromedp.Call(s.ctx, command, parameters)
	require.NoError(t, err)
}

func run[T any](t *testing.T, s *tab, action chromedp.Action[T]) T {
	t.Helper()
	result, err := chromedp.Run(s.ctx, action)
	require.NoError(t, err)
	return result
}

// evaluate returns the value of a JavaScript expression.
func evaluate[T any](t *testing.T, s *tab, expression string) T {
	t.Helper()
	return run(t, s, chromedp.Evaluate[T](expression))
}

// asked returns the requested addresses other than the page's own.
func (s *tab) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requested)
}

// screenshot returns the whole page. With -artifacts it also saves it.
func (s *tab) screenshot(t *testing.T) image.Image {
	t.Helper()
	shot := run(t, s, chromedp.FullScreenshot(100))
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "page.png"), shot, 0o600))
	picture, err := png.Decode(bytes.NewReader(shot))
	require.NoError(t, err)
	return picture
}

// written is the file of a database's report.
func written(t *testing.T, statements ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short no browser is started")
	}
	var out bytes.Buffer
	require.NoError(t, Write(t.Context(), database(t, statements...), now, &out))
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
	return file
}

// A drawn is a chart as the browser shows it: its place on the page, the colours of its bars, and the area that
// they should cover.
type drawn struct {
	Title                    string
	Left, Top, Width, Height float64
	Colours                  [][3]uint8
	Area                     float64
	Lengths                  []float64 // of horizontal bars
	Outside                  []string  // texts that do not fit into the drawing
}

const drawings = `[...document.querySelectorAll('figure')].filter(f => f.checkVisibility({contentVisibilityAuto: true})).map(f => {
	const svg = [...f.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width > 0);
	if (svg.length != 1) throw f.textContent + ' has ' + svg.length + ' drawings in sight';
	const box = svg[0].getBoundingClientRect();
	const bars = [...svg[0].querySelectorAll('path')].filter(p => getComputedStyle(p).fill != 'none');
	const boxes = bars.map(b => b.getBoundingClientRect());
	return {
		title: f.querySelector('figcaption').textContent,
		left: box.left + scrollX, top: box.top + scrollY, width: box.width, height: box.height,
		colours: [...new Set(bars.map(b => getComputedStyle(b).fill))].map(c => c.match(/\d+/g).map(Number)),
		area: boxes.reduce((sum, b) => sum + b.width * b.height, 0),
		lengths: boxes.map(b => b.width),
		outside: [...svg[0].querySelectorAll('text')].filter(text => {
			const b = text.getBoundingClientRect();
			return b.left < box.left - 2 || b.right > box.right + 2 || b.top < box.top - 2 || b.bottom > box.bottom + 2;
		}).map(text => text.textContent),
	};
})`

func TestReport_isDrawnOnEveryScreenWithoutTheNetwork(t *testing.T) {
	file := written(t, schema, history, twoAccounts, runs("acme", 75), runs("beta", 1), children, twoProducts, renamed(contacts, 1),
		changes, renamed(ways, 2), calendar, renamed(busy, 1))
	for _, screen := range []struct {
		name, scheme, medium string
		width                int64
		paper                colour
	}{
		{"phone", "light", "screen", 360, paper},
		{"tablet", "light", "screen", 768, paper},
		{"desktop", "light", "screen", 1280, paper},
		{"dark desktop", "dark", "screen", 1280, paper},
		{"dark phone", "dark", "screen", 360, paper},
		{"print", "dark", "print", 700, colour{Light: "#ffffff", Dark: "#ffffff"}},
	} {
		t.Run(screen.name, func(t *testing.T) {
			s := open(t, file, screen.width, screen.scheme, screen.medium)
			require.LessOrEqual(t, evaluate[int64](t, s, "document.documentElement.scrollWidth"), screen.width, "it scrolls sideways")

			shown := evaluate[[]drawn](t, s, drawings)
			picture := s.screenshot(t)
			background := screen.paper.Light
			if screen.scheme == "dark" {
				background = screen.paper.Dark
			}
			require.Equal(t, background, hex(picture.At(2, 2)))

			var titles []string
			for _, c := range shown {
				titles = append(titles, c.Title)
				require.Empty(t, c.Outside, c.Title)
				require.Greater(t, c.Width, 180.0, c.Title)
				require.Greater(t, c.Height, 25.0, c.Title)
				require.NotEmpty(t, c.Colours, c.Title)
				// Edges between pixels are mixtures.
				require.InEpsilon(t, c.Area, painted(picture, c), 0.35, "%s: %v", c.Title, c)
			}
			require.Equal(t, titlesInSight, titles)
			require.Empty(t, s.asked())
		})
	}
}

// titlesInSight are the titles of the charts that are visible without opening anything.
var titlesInSight = []string{
	"Open deals", "Open value, EUR", // Sales; only one stage has dollars, and no other stage has two currencies
	"Deals that reached a stage", // the funnel of the deals of ways; its other pipeline has one stage
	"Overdue, by owner", "Done, by owner", "Done, by type",
	"Open deals", "Open value, USD", // owners of two accounts
	"June 2025 – May 2026",
	"Won deals", "Revenue, EUR", // products
	"Rows per run", "API tokens per run", // acme; beta has one run
}

// twoProducts are products of deals that were won in April and February.
const twoProducts = `
	INSERT INTO pipedrive_deal_products (account_id, id, deal_id, product_id, name, quantity, sum, currency) VALUES
		('acme', 1, 20, 1, 'Kit', 2, 100, 'EUR'), ('acme', 2, 20, 2, 'Service', 1, 40.5, 'EUR'), ('acme', 3, 21, 2, 'Service', 1, 9, 'EUR'),
		('beta', 1, 20, 1, 'Paket', 1, 7, 'USD');`

// painted counts the pixels of a chart that have the colour of one of its bars.
func painted(picture image.Image, c drawn) float64 {
	var pixels float64
	for y := int(c.Top); y < int(c.Top+c.Height); y++ {
		for x := int(c.Left); x < int(c.Left+c.Width); x++ {
			for _, colour := range c.Colours {
				if hex(picture.At(x, y)) == fmt.Sprintf("#%02x%02x%02x", colour[0], colour[1], colour[2]) {
					pixels++
				}
			}
		}
	}
	return pixels
}

func hex(c color.Color) string {
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

func TestReport_drawsBarsAsLongAsTheirValues(t *testing.T) {
	s := open(t, written(t, schema, twoAccounts), 1280, "light", "screen")
	sales := evaluate[[]drawn](t, s, drawings)[1]
	require.Equal(t, "Open value, EUR", sales.Title)
	require.Len(t, sales.Lengths, 4)
	longest := slices.Max(sales.Lengths)
	require.Greater(t, longest, sales.Width*0.7)
	for i, value := range []float64{7, 0, 100.5, 200} { // from the bottom
		require.InDelta(t, value/200, sales.Lengths[i]/longest, 0.02, value)
	}
}

func TestReport_showsNamesAsTheyAre(t *testing.T) {
	const name = `<script>document.title = "gone"</script><img src="https://example.com/x.png"> & 'quoted' 🔁 {{.}} ]]> </svg>`
	long := strings.Repeat("Überlänge ", 20)
	quoted := strings.ReplaceAll(name, "'", "''")
	s := open(t, written(t, schema, history, runs(quoted, 1), withStatus, fmt.Sprintf(`
		INSERT INTO pipedrive_pipelines (account_id, id, name) VALUES ('%[1]s', 1, '%[1]s'), ('b', 1, '%[2]s');
		INSERT INTO pipedrive_stages (account_id, id, name, pipeline_id, order_nr, rotten_flag, rotten_days)
			VALUES ('%[1]s', 1, '%[1]s', 1, 2, 1, 0), ('%[1]s', 2, 'First', 1, 1, 0, 0), ('b', 1, '%[2]s', 1, 1, 0, 0), ('b', 2, '%[2]s', 1, 2, 0, 0);
		INSERT INTO pipedrive_deals (account_id, id, status, value, currency, pipeline_id, stage_id, title, owner_id, owner_name, add_time) VALUES
			('%[1]s', 1, 'open', 10, '<b>', 1, 1, '%[1]s', 1, '%[1]s', '2026-05-01 12:00:00'),
			('%[1]s', 2, 'open', 10, '<b>', 1, 2, '%[2]s', 1, '%[1]s', NULL),
			('b', 1, 'open', 10, 'EUR', 1, 1, NULL, 1, '%[2]s', NULL), ('b', 2, 'open', 10, 'EUR', 1, 2, NULL, 1, '%[2]s', NULL);
		UPDATE pipedrive_syncs SET status = 'failed', reason = '%[1]s', unfinished_tables = '["%[2]s"]';`,
		quoted, long)), 360, "light", "screen")

	require.Equal(t, "Pipedrive sales report", evaluate[string](t, s, "document.title"))
	require.Zero(t, evaluate[int](t, s, "document.querySelectorAll('script, img, b b, figcaption b').length"))
	require.Equal(t, name, evaluate[string](t, s, "document.querySelector('article h3').textContent"))
	require.Equal(t, "<b>First"+name, evaluate[string](t, s, "[...document.querySelectorAll('article thead th:first-child, article tbody th')].slice(0, 3).map(e => e.textContent).join('')"))
	require.Contains(t, evaluate[string](t, s, "document.querySelector('[aria-labelledby=late]').textContent"), name)
	require.Contains(t, evaluate[string](t, s, "document.querySelector('.banner').textContent"), name)
	require.Contains(t, evaluate[string](t, s, "document.querySelector('[role=img]').ariaLabel"), name)
	require.Equal(t, "Open value, <b>", evaluate[string](t, s, "document.querySelectorAll('figcaption')[1].textContent"))
	require.Contains(t, evaluate[string](t, s, "document.querySelector('svg text:last-of-type').textContent"), "<script>document")

	require.LessOrEqual(t, evaluate[int](t, s, "document.documentElement.scrollWidth"), 360)
	for _, c := range evaluate[[]drawn](t, s, drawings) {
		require.Empty(t, c.Outside, c.Title)
	}
	s.screenshot(t)
	require.Empty(t, s.asked())
}

func TestReport_namesMissingData(t *testing.T) {
	for name, statements := range map[string][]string{"no tables": nil, "empty tables": {schema, history}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, written(t, statements...), 360, "light", "screen")
			text := evaluate[string](t, s, "document.body.innerText")
			for _, hint := range []string{
				"Nothing was synced yet", "No open deals yet", "No pipelines yet", "No deal was won or lost yet",
				"No activities yet", "No products of deals won", "No contacts yet", "No history of syncs yet",
			} {
				require.Contains(t, text, hint)
			}
			require.NotContains(t, text, "NaN")
			s.screenshot(t)
		})
	}
}

func TestReport_printsTheNumbers(t *testing.T) {
	s := open(t, written(t, schema, twoAccounts, changes, renamed(ways, 1), calendar, busy), 700, "dark", "print")
	require.True(t, evaluate[bool](t, s, "document.querySelector('table').checkVisibility()"), "the tables stay closed")
	pdf := run(t, s, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "report.pdf"), pdf, 0o600))
	pages := bytes.Count(pdf, []byte("/Type /Page\n"))
	require.Positive(t, pages)
	require.LessOrEqual(t, pages, 6)
}

// sevenCurrencies are deals of all kinds with the largest amounts.
func sevenCurrencies() string {
	var b strings.Builder
	for i, currency := range []string{"EUR", "USD", "GBP", "JPY", "KWD", "IDR", "VND"} {
		for n := range 20 - i {
			for k, status := range []string{"open", "won", "lost"} {
				fmt.Fprintf(&b, `INSERT INTO pipedrive_deals
					(account_id, id, title, status, value, currency, pipeline_id, stage_id, owner_id, owner_name, expected_close_date, add_time, won_time, lost_time)
					VALUES ('acme', %d, 'A deal with a name as long as they get', '%s', %d.255, '%s', 1, %d, %d, 'Margarethe von Württemberg-Hohenstein %d',
						'%s', '2026-01-01 12:00:00', '2026-0%d-01 12:00:00', '2026-0%d-02 12:00:00');`,
					100000+1000*i+10*n+k, status, 12345678901+n, currency, 11+n%3, 1+n%4, n%4, now.AddDate(0, n-5, 0).Format(time.DateOnly), 1+n%5, 1+n%5)
			}
		}
	}
	return b.String()
}

// overflowing are texts that overflow their card, in a table or on their own.
const overflowing = `[...document.querySelectorAll('.card')].flatMap(card => {
	const edge = card.getBoundingClientRect().right;
	return [...card.querySelectorAll('td, th, p, li, text')]
		.filter(e => e.checkVisibility({contentVisibilityAuto: true}) && !(getComputedStyle(e.closest('.table') ?? card).overflowX == 'auto' && e.closest('.table')))
		.filter(e => e.getBoundingClientRect().right > edge + 1).map(e => e.textContent);
})`

func TestReport_holdsSevenCurrencies(t *testing.T) {
	file := written(t, schema, quarter, sevenCurrencies())
	for _, page := range []struct {
		medium string
		width  int64
	}{{"print", 690}, {"screen", 1280}, {"screen", 360}} {
		t.Run(fmt.Sprint(page.medium, page.width), func(t *testing.T) {
			s := open(t, file, page.width, "light", page.medium)
			require.LessOrEqual(t, evaluate[int64](t, s, "document.documentElement.scrollWidth"), page.width, "it scrolls sideways")
			require.Empty(t, evaluate[[]string](t, s, overflowing))
			// All lists have the same order, by number of deals.
			for _, list := range evaluate[[][]string](t, s, `[...document.querySelectorAll('.value ul, .ledgers')].map(l =>
				[...l.querySelectorAll('.currency, thead th:first-child')].map(e => e.textContent))`) {
				require.Equal(t, []string{"EUR", "USD", "GBP", "JPY", "KWD", "IDR", "VND"}, list)
			}
			s.screenshot(t)
		})
	}
}

func TestReport_drawsNoChartOfOneBar(t *testing.T) {
	s := open(t, written(t, schema, history, runs("acme", 1), `
		INSERT INTO pipedrive_pipelines (account_id, id, name) VALUES ('acme', 1, 'Sales');
		INSERT INTO pipedrive_stages (account_id, id, name, pipeline_id) VALUES ('acme', 1, 'Only', 1), ('acme', 2, 'Empty', 1);
		INSERT INTO pipedrive_deals (account_id, id, status, value, currency, pipeline_id, stage_id, owner_id)
			VALUES ('acme', 1, 'open', 10, 'EUR', 1, 1, 1), ('acme', 2, 'open', 10, 'EUR', 1, 1, 1);`), 1280, "light", "screen")
	require.Empty(t, evaluate[[]drawn](t, s, drawings))
	require.True(t, evaluate[bool](t, s, "document.querySelector('article table').checkVisibility()"), "the numbers stay closed")
	require.Contains(t, evaluate[string](t, s, "document.querySelector('[aria-labelledby=syncs]').innerText"), "3 May 2026")
	require.Contains(t, evaluate[string](t, s, "document.querySelector('[aria-labelledby=pipelines]').innerText"), "after a sync of pipedrive_deal_stage_changes")
}

func TestReport_saysHowOldAndHowCompleteItIs(t *testing.T) {
	s := open(t, written(t, history, withStatus, threeAccounts), 1280, "light", "screen")
	require.Equal(t, "As of 14 May 2026, 09:05 UTC · 1 day before this page was written · 3 accounts", evaluate[string](t, s, "document.querySelector('main > header .quiet').innerText"))
	require.Equal(t, []string{
		"Partial: the last sync of account beta, on 14 May 2026, 09:00 UTC, did not read everything: max_tokens is spent. " +
			"The figures below may be too low. Not finished: pipedrive_deals, pipedrive_notes.",
		"Failed: the last sync of account gamma, on 15 May 2026, 09:00 UTC, failed: the token is refused. The figures below may be too low.",
	}, evaluate[[]string](t, s, "[...document.querySelectorAll('.banner')].map(b => b.innerText)"))

	s = open(t, written(t, history, withStatus, threeAccounts, "DELETE FROM pipedrive_syncs WHERE account_id <> 'acme'"), 1280, "light", "screen")
	require.Zero(t, evaluate[int](t, s, "document.querySelectorAll('.banner').length"))
	require.Contains(t, evaluate[string](t, s, "document.querySelector('main > header .quiet').innerText"), "· complete")
}

func TestReport_marksTheRunningMonth(t *testing.T) {
	s := open(t, written(t, schema, quarter), 360, "light", "screen")
	closed := evaluate[string](t, s, "document.querySelector('[aria-labelledby=closed]').textContent")
	require.Contains(t, closed, "* so far, to 15 May 2026")
	require.Contains(t, closed, "May 2026, so far")
	require.Contains(t, evaluate[[]string](t, s, "[...document.querySelectorAll('[aria-labelledby=closed] svg text')].filter(e => e.checkVisibility()).map(e => e.textContent)"), "May*")
}

// columnsOff are the labels below columns that are not centred or touch the next one.
const columnsOff = `[...document.querySelectorAll('[aria-labelledby=closed] svg')].filter(s => s.getBoundingClientRect().width > 0).flatMap(svg => {
	const middle = e => { const b = e.getBoundingClientRect(); return (b.left + b.right) / 2; };
	const columns = [...svg.querySelectorAll('path')].filter(p => getComputedStyle(p).fill != 'none').map(middle);
	const half = columns.length / 12 == 2 ? (columns[12] - columns[0]) / 2 : 0;
	const labels = [...svg.querySelectorAll('text')].filter(t => /^[A-Z]/.test(t.textContent));
	return labels.filter((t, i) => Math.min(...columns.map(c => Math.abs(c + half - middle(t)))) > 5
		|| i > 0 && t.getBoundingClientRect().left < labels[i - 1].getBoundingClientRect().right + 4).map(t => t.textContent);
})`

func TestReport_writesMonthsBelowTheirColumns(t *testing.T) {
	for _, width := range []int64{360, 768, 1280} {
		s := open(t, written(t, schema, quarter, sevenCurrencies()), width, "light", "screen")
		require.Empty(t, evaluate[[]string](t, s, columnsOff), width)
	}
}
