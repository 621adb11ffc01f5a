package middleware_test

import (
	"context"
	"errors"
	"go/token"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/openai"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// discard is a logger whose records are discarded.
var discard = slog.New(slog.NewTextHandler(io.Discard, nil))

// piece has the methods of every piece of middleware.
type piece interface {
	llm.Middleware
	Validate() error
}

// use adds pieces whose settings must be valid, outermost first.
func use(t testing.TB, pieces ...piece) llm.ModelOption {
	t.Helper()
	all := make([]llm.Middleware, len(pieces))
	for i, p := range pieces {
		if err := p.Validate(); err != nil {
			t.Fatalf("%T is invalid: %v", p, err)
		}
		all[i] = p
	}
	return llm.WithMiddleware(all...)
}

// another returns a new piece with the settings of an existing one, for example for another
// machine that shares a store.
func another[T any](piece *T) *T {
	copied := new(T)
	from, to := reflect.ValueOf(piece).Elem(), reflect.ValueOf(copied).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return copied
}

// overHTTP returns a model of the openai provider that calls the server.
func overHTTP(t *testing.T, srv *llmtest.Server, options ...llm.ModelOption) *llm.Model {
	t.Helper()
	return overHTTPWithKey(t, srv, "any", options...)
}

func overHTTPWithKey(t *testing.T, srv *llmtest.Server, key llm.Secret, options ...llm.ModelOption) *llm.Model {
	t.Helper()
	p, err := openai.New(openai.Config{BaseURL: srv.URL, APIKey: key, HTTPClient: srv.Client()})
	if err != nil {
		t.Fatalf("the provider cannot be made: %v", err)
	}
	return llm.New(p, "scripted", options...)
}

// failure returns a reply that fails with an error of this kind.
func failure(kind llm.Kind) llmtest.Reply {
	return llmtest.Error(&llm.Error{Kind: kind, Message: "as scripted"})
}

// heard is an answer as its caller receives it.
type heard struct {
	events string // their types: "start text text done"
	resp   *llm.Response
	err    error
	took   time.Duration
}

// stream sends a streamed request and reads the whole answer.
func stream(ctx context.Context, model *llm.Model, req *llm.Request) heard {
	begun := time.Now()
	s := model.Stream(ctx, req)
	var h heard
	var words []string
	for ev, err := range s.Events() {
		if err != nil {
			h.err = err
			break
		}
		words = append(words, ev.Type.String())
	}
	h.events, h.resp, h.took = strings.Join(words, " "), s.Response(), time.Since(begun)
	return h
}

func ask(t *testing.T, model *llm.Model) heard { return stream(t.Context(), model, llm.Prompt("Hi")) }

// want checks the events and the kind of error of an answer.
func (h heard) want(t *testing.T, events string, kind llm.Kind) {
	t.Helper()
	if h.events != events || llm.KindOf(h.err) != kind || (h.err == nil) != (kind == "") {
		t.Errorf("the events are %q with the error %v, want %q with an error of kind %q", h.events, h.err, events, kind)
	}
}

// wantTook checks the duration of an answer, on a fake clock.
func (h heard) wantTook(t *testing.T, least, most time.Duration) {
	t.Helper()
	if h.took < least || h.took > most {
		t.Errorf("the answer took %v, want %v to %v", h.took, least, most)
	}
}

// equal compares values; errors are equal if they match by errors.Is.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	same := cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || errors.Is(b, a) })
	if d := cmp.Diff(want, got, same, exportedOnly); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", what, d)
	}
}

// exportedOnly has cmp compare the settings of pieces and not their state.
var exportedOnly = cmp.FilterPath(func(p cmp.Path) bool {
	field, ok := p.Last().(cmp.StructField)
	return ok && !token.IsExported(field.Name())
}, cmp.Ignore())
