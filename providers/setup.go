package providers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
)

// Setup is what a config file sets up: models with names of the user's. It comes
// from [Load] and is safe for concurrent use.
//
// Models stay connected to their setup: when it is read anew, calls that begin after
// that go where the file says then, and calls under way end as they began.
type Setup struct {
	path  string
	found bool // not named by anybody: see the rules in found.go
	with  Environment

	reloading sync.Mutex
	current   atomic.Pointer[generation]
	closing   sync.Mutex // held while current is replaced, so that none comes after the last
	closed    atomic.Bool
}

// errSetupClosed is what a setup says after Close.
var errSetupClosed = &llm.Error{Kind: llm.InvalidRequest, Message: "the setup of the config file has been closed"}

// Environment is what a config file is read in. The zero Environment is that of the process.
type Environment struct {
	// Getenv looks up environment variables; nil is [os.Getenv].
	Getenv func(string) string
	// HTTPClient, if set, is used by all providers. A file that asks for
	// TLS settings, a proxy or an egress list is refused then.
	HTTPClient *http.Client
	// Open opens the model that [Default] takes where there is no config file; nil is [OpenWith].
	Open func(name string, config Config) (*llm.Model, error)
}

func (e Environment) getenv(name string) string {
	if e.Getenv != nil {
		return e.Getenv(name)
	}
	return os.Getenv(name)
}

// Load reads a config file, in YAML or JSON. What the file may hold is in
// docs/config.md. Everything in it is checked: a mistake, a missing key and
// a provider that the program does not import are problems in a [*FileError].
// Names of fields and types of values are checked first, all of them; only where they
// are right, what the values say. Nothing is sent; commands that print keys are run.
//
// Close the setup to release its connections.
func Load(path string) (*Setup, error) { return LoadIn(path, Environment{}) }

// LoadIn is Load with an environment of the caller's.
func LoadIn(path string, with Environment) (*Setup, error) {
	return load(path, with, false)
}

func load(path string, with Environment, found bool) (*Setup, error) {
	s := &Setup{path: path, found: found, with: with}
	g, err := s.read()
	if err != nil {
		return nil, err
	}
	s.current.Store(g)
	return s, nil
}

// read reads the file and sets up what it says.
func (s *Setup) read() (*generation, error) {
	b := &builder{problems: problems{file: s.path}, with: s.with, found: s.found, dir: filepath.Dir(s.path)}
	if g := s.current.Load(); g != nil {
		b.earlier = g.builder.stores
	}
	b.watchFile(filepath.Base(s.path)) // before it is read, so that no change is missed
	data, err := readFile(s.path)
	if err != nil {
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: "the config file cannot be read: " + err.Error(), Err: err}
	}
	g := b.build(data)
	if err := b.err(); err != nil {
		_ = closeAll(b.closers) // none has been used
		return nil, err
	}
	return g, nil
}

// fileLimit is how large a config file may be, in bytes. A larger one is some other file, perhaps one without end.
const fileLimit = 1 << 20

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	if err == nil && len(data) > fileLimit {
		return nil, fmt.Errorf("%s is larger than %d bytes, as no config file is", path, fileLimit)
	}
	return data, err
}

// Path returns the file's path, as it was given.
func (s *Setup) Path() string { return s.path }

// String returns the file's path and the names of its models. No key is in it.
func (s *Setup) String() string { return s.path + ": " + strings.Join(s.Names(), ", ") }

// GoString returns what String returns.
func (s *Setup) GoString() string { return s.String() }

// Names returns the names of the file's models and groups, in its order.
func (s *Setup) Names() []string { return slices.Clone(s.current.Load().names) }

// Warnings returns what is not wrong with the file and should be mended all the same,
// such as a key in a file that everybody may read.
func (s *Setup) Warnings() []Problem { return slices.Clone(s.current.Load().warnings) }

// Model returns the model or group of this name. The empty name is the file's default, or its
// only model. A name of the form provider/model that the file does not have is that
// provider's model, with the file's settings for the provider and its egress list.
//
// The model need not be closed: the setup owns its connections. A name that there
// is not is an error of kind [llm.NotFound].
func (s *Setup) Model(name string, options ...llm.ModelOption) (*llm.Model, error) {
	g := s.current.Load()
	if name == "" {
		if name = g.standard; name == "" {
			return nil, &llm.Error{Kind: llm.InvalidRequest, Message: s.path + " has no default: set default to one of " + strings.Join(g.names, ", ")}
		}
	}
	e, err := g.entry(name)
	if err != nil {
		return nil, err
	}
	r := &route{setup: s, name: name, provider: e.model.Provider().Name()}
	return llm.New(r, e.model.Name(), options...), nil
}

// Info returns what is known of the model of this name: the catalog's entry with what
// the file says of it.
func (s *Setup) Info(name string) (catalog.Model, bool) {
	e, err := s.current.Load().entry(name)
	if err != nil {
		return catalog.Model{}, false
	}
	return e.info, e.info.Name != ""
}

// Reload reads the file anew. If there is an error, all stays as it was. Otherwise calls that begin from now on
// go where the file says now; the connections of before are closed when the last call on them has ended. After
// Close there is nothing to reload, which is an error.
func (s *Setup) Reload() error {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	if s.closed.Load() {
		return errSetupClosed
	}
	g, err := s.read()
	if err != nil {
		return err
	}
	old, err := s.replace(g)
	_ = old.retire() // what idle connections say as they close is no failure of the new setup
	return err
}

// replace makes g the current generation and returns the one before, or g itself if the setup was closed meanwhile.
func (s *Setup) replace(g *generation) (*generation, error) {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed.Load() {
		return g, errSetupClosed
	}
	return s.current.Swap(g), nil
}

// Watch reloads the setup whenever the file has changed, or a file of a key or
// certificate that it names, looking at the interval given. After each reload it
// calls report with the error, or with nil. It returns when the context ends, with its error, and after Close:
//
//	go setup.Watch(ctx, 5*time.Second, func(err error) { log.Println("config:", err) })
//
// There is no watching unless the program calls Watch. A nil report is allowed.
func (s *Setup) Watch(ctx context.Context, interval time.Duration, report func(error)) error {
	ticker := time.NewTicker(max(interval, time.Millisecond))
	defer ticker.Stop()
	last := s.current.Load().stamps
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		if s.closed.Load() {
			return errSetupClosed
		}
		now := stampsOf(last)
		if slices.Equal(last, now) {
			continue
		}
		err := s.Reload()
		if last = now; err == nil {
			last = s.current.Load().stamps // the files may be others now
		}
		if err == errSetupClosed {
			return err
		}
		if report != nil {
			report(err)
		}
	}
}

// Close releases the setup's connections. Calls under way go on, and theirs are released when they end; calls
// that begin after it are errors of kind [llm.InvalidRequest].
func (s *Setup) Close() error {
	s.closing.Lock()
	s.closed.Store(true)
	s.closing.Unlock()
	return s.current.Load().retire()
}

// route is a provider that asks, at each call, the model that its setup has then.
type route struct {
	setup    *Setup
	name     string
	provider string
}

// Name returns the provider's name at the time when the model was made.
func (r *route) Name() string { return r.provider }

// Do answers the call with the model that the setup has now.
func (r *route) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		g, err := r.setup.acquire()
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		defer g.release()
		e, err := g.entry(r.name)
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		if len(e.system) > 0 && call.Request != nil {
			call = call.Clone()
			call.Request.Messages = slices.Concat(e.system, call.Request.Messages)
		}
		e.model.Do(ctx, call)(yield)
	}
}

// acquire returns the current generation, held open until it is released.
func (s *Setup) acquire() (*generation, error) {
	for {
		if g := s.current.Load(); g.hold() {
			return g, nil
		}
		if s.closed.Load() { // otherwise it was replaced meanwhile
			return nil, errSetupClosed
		}
	}
}

// generation is what one reading of the file has set up.
type generation struct {
	names    []string
	standard string // the default's name
	warnings []Problem
	stamps   []stamp

	lock    sync.Mutex
	builder *builder
	entries map[string]*entry
	calls   int
	retired bool
	closed  bool
}

// entry is one model, ready to answer.
type entry struct {
	model  *llm.Model
	system []llm.Message // to go before each request's own
	info   catalog.Model
}

// entry returns the model of a name, or makes that of a name of the form provider/model.
func (g *generation) entry(name string) (*entry, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if e := g.entries[name]; e != nil {
		return e, nil
	}
	if !strings.Contains(name, "/") {
		return nil, &llm.Error{
			Kind: llm.NotFound, Model: name,
			Message: fmt.Sprintf("the config file has no model of this name; %s", orNearest(name, g.names)),
		}
	}
	if g.closed {
		return nil, errSetupClosed
	}
	b := g.builder
	b.list = nil
	e := b.model(name, &modelConfig{Model: &text{value: name}})
	if err := b.err(); err != nil {
		message := err.(*FileError).Problems[0].Message
		if !strings.HasPrefix(message, name) {
			message = name + " cannot be opened: " + message
		}
		return nil, &llm.Error{Kind: llm.InvalidRequest, Message: message}
	}
	if len(g.entries) >= len(g.names)+maxOthers {
		maps.DeleteFunc(g.entries, func(name string, _ *entry) bool { return !slices.Contains(g.names, name) })
	}
	g.entries[name] = e
	return e, nil
}

// maxOthers is how many models are kept that the file does not name. Their names may be anybody's.
const maxOthers = 1000

// hold keeps the generation open for a call, unless it is retired.
func (g *generation) hold() bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if !g.retired {
		g.calls++
	}
	return !g.retired
}

func (g *generation) release() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.calls--
	_ = g.closeIfDone() // there is nobody to tell: the call has its answer
}

// retire lets the generation end when its last call has.
func (g *generation) retire() error {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.retired = true
	return g.closeIfDone()
}

func (g *generation) closeIfDone() error {
	if !g.retired || g.calls > 0 || g.closed {
		return nil
	}
	g.closed = true
	return closeAll(g.builder.closers)
}

func closeAll(closers []io.Closer) error {
	var errs []error
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// stamp tells whether a file has changed.
type stamp struct {
	path string
	time time.Time
	size int64
}

func stampOf(path string) stamp {
	s := stamp{path: path, size: -1}
	if info, err := os.Stat(path); err == nil {
		s.time, s.size = info.ModTime(), info.Size()
	}
	return s
}

func stampsOf(old []stamp) []stamp {
	now := make([]stamp, len(old))
	for i, s := range old {
		now[i] = stampOf(s.path)
	}
	return now
}
