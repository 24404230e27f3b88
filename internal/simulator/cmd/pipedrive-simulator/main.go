// Command pipedrive-simulator serves a made-up Pipedrive company. If a command follows --, it runs that command
// against the server and ends with it:
//
//	pipedrive-simulator -deals 5000 -- cloudquery sync config.yml
//
// The command finds the server in PIPEDRIVE_API_URL and the token in
// PIPEDRIVE_API_TOKEN.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cq-source-pipedrive/cq-source-pipedrive/internal/simulator"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("pipedrive-simulator: ")
	code, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Print(err)
	}
	os.Exit(code)
}

// settings are the flags.
type settings struct {
	addr    string
	company simulator.Config
	token   string
	latency time.Duration
	burst   int
	budget  int64
	faults  []simulator.Fault
	refused map[string]int // statuses, by missing feature
	command []string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{company: simulator.Config{CompanyID: 1, Records: map[string]int{}}, refused: map[string]int{}}
	f := flag.NewFlagSet("pipedrive-simulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: pipedrive-simulator [flags] [-- command argument ...]")
		f.PrintDefaults()
	}
	f.StringVar(&s.addr, "addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	f.Uint64Var(&s.company.Seed, "seed", 1, "the same seed gives the same records")
	f.IntVar(&s.company.Deals, "deals", 5000, "number of deals")
	f.IntVar(&s.company.Persons, "persons", 10000, "number of persons")
	f.IntVar(&s.company.Organizations, "organizations", 3000, "number of organizations")
	f.IntVar(&s.company.Notes, "notes", 10000, "number of notes")
	f.Func("records", "`number` of records of another kind, as leads=900; may be repeated", func(v string) error {
		return setNumber(s.company.Records, v, simulator.Kinds())
	})
	refused := "`feature` that the account lacks and the status that says so, as projects=402; may be repeated"
	f.Func("refuse", refused, func(v string) error {
		return setNumber(s.refused, v, simulator.Gates())
	})
	f.StringVar(&s.token, "token", "simulator", "API token to accept")
	f.DurationVar(&s.latency, "latency", 0, "delay of each answer")
	f.IntVar(&s.burst, "burst", 0, "requests allowed in 2 seconds; 0: no limit")
	f.Int64Var(&s.budget, "budget", 0, "API tokens allowed in a day; 0: no limit")
	f.Func("fault", "`fault` to inject, as path=/api/v2/deals,every=10,do=502; may be repeated", func(v string) error {
		fault, err := simulator.ParseFault(v)
		s.faults = append(s.faults, fault)
		return err
	})
	err := f.Parse(args)
	s.command = f.Args()
	return s, err
}

// setNumber reads a setting like leads=900, whose name must be known.
func setNumber(settings map[string]int, text string, known []string) error {
	name, value, _ := strings.Cut(text, "=")
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is not name=number", text)
	}
	if !slices.Contains(known, name) {
		return fmt.Errorf("unknown name %q: allowed are %s", name, strings.Join(known, ", "))
	}
	settings[name] = n
	return nil
}

// run does everything but exit; its result is the exit code. Its outputs are files, which a command inherits as
// they are. With a pipe, a process that the command leaves running could delay the end.
func run(args []string, stdout, stderr *os.File) (code int, err error) {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0, err
	} else if err != nil {
		return 2, nil // the flag package has printed the error
	}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)

	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", s.addr)
	if err != nil {
		return 1, err
	}
	company := simulator.Generate(s.company)
	for feature, status := range s.refused {
		company.Refuse(feature, status)
	}
	sim := simulator.NewServer(
		simulator.WithCompany(s.token, company),
		simulator.WithLatency(s.latency), simulator.WithBurst(s.burst, 0), simulator.WithDailyBudget(s.budget),
		simulator.WithFaults(s.faults...),
	)
	sim.SetSkew(time.Since(company.Now())) // the company's clock stands still, but the server's does not
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		err = errors.Join(err, server.Close())
		printUsage(stderr, sim.Usage())
	}()

	url := "http://" + listener.Addr().String()
	if len(s.command) == 0 {
		fmt.Fprintln(stdout, url)
		select {
		case err := <-served:
			return 1, err
		case <-signals:
			return 0, nil
		}
	}
	fmt.Fprintln(stderr, url)
	return runCommand(s.command, []string{"PIPEDRIVE_API_URL=" + url, "PIPEDRIVE_API_TOKEN=" + s.token}, signals, stdout, stderr)
}

func printUsage(w io.Writer, u simulator.Usage) {
	fmt.Fprintf(w, "%d requests, %d API tokens, %d throttled, %d token refreshes\n", u.Requests, u.Tokens, u.Throttled, u.Refreshes)
	paths := make([]string, 0, len(u.ByPath))
	for path := range u.ByPath {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		fmt.Fprintf(w, "%8d requests %8d API tokens  %s\n", u.ByPath[path].Requests, u.ByPath[path].Tokens, path)
	}
}
