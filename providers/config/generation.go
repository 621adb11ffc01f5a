package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
)

// generation is the result of reading the file once. A reload replaces it by another.
type generation struct {
	names       []string
	defaultName string
	warnings    []Problem
	stamps      []stamp

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
	system []llm.Message // sent before the messages of each request
	info   catalog.Model
	lacks  []Problem // the missing keys, if there is no other
}

// maxUnnamed is the number of models that a generation keeps in addition to those of the
// file. Their names can come from anywhere.
const maxUnnamed = 1000

// entry returns the model with this name. A name of the form provider/model that the file
// does not have is opened.
func (g *generation) entry(name string) (*entry, error) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if e := g.entries[name]; e != nil {
		return e, nil
	}
	if !strings.Contains(name, "/") {
		return nil, &llm.Error{
			Kind: llm.NotFound, Model: name,
			Message: fmt.Sprintf("the config file has no model %q; %s", name, suggest(name, g.names)),
		}
	}
	if g.closed {
		return nil, errClosed
	}
	e, err := g.builder.unnamed(name)
	if err != nil {
		return nil, err
	}
	if len(g.entries) >= len(g.names)+maxUnnamed {
		maps.DeleteFunc(g.entries, func(name string, _ *entry) bool { return !slices.Contains(g.names, name) })
	}
	g.entries[name] = e
	return e, nil
}

// hold keeps the generation open for a call. It reports false if the generation is retired.
func (g *generation) hold() bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if !g.retired {
		g.calls++
	}
	return !g.retired
}

// release ends a call that began with hold.
func (g *generation) release() {
	g.lock.Lock()
	defer g.lock.Unlock()
	g.calls--
	_ = g.closeIfDone() // the call has its answer, so nobody waits for this error
}

// retire closes the generation when its last call has ended.
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
	return closeAll(g.builder.closers())
}

func closeAll(closers []io.Closer) error {
	var errs []error
	for _, c := range closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
