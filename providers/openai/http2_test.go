package openai_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// overHTTP2 returns the model "m" of a server that speaks HTTP/2, as hosted ones
// do.
func overHTTP2(t *testing.T, limits llm.Limits, handler http.HandlerFunc) *llm.Model {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("the request came by %s, want HTTP/2", r.Proto)
		}
		io.Copy(io.Discard, r.Body)
		handler(w, r)
	}))
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // streams are reset in the middle
	server.StartTLS()
	t.Cleanup(server.Close)
	return llm.New(provider(t, openai.Config{BaseURL: server.URL, HTTPClient: server.Client(), Limits: limits}), "m")
}

func TestAnswersOverHTTP2(t *testing.T) {
	hang := func(w http.ResponseWriter, r *http.Request) {
		piece(w, events(text("Hel"), text("lo")))
		<-r.Context().Done()
	}
	for _, tt := range []struct {
		name    string
		limits  llm.Limits
		handler http.HandlerFunc
		cancel  bool // after the second piece of text
		kind    llm.Kind
	}{
		{"whole", llm.Limits{}, streams(events(text("Hel"), text("lo"), finish("stop"), usage, done)), false, ""},
		{"ended before its end", llm.Limits{}, streams(events(text("Hel"), text("lo"))), false, llm.Incomplete},
		{"reset", llm.Limits{}, func(w http.ResponseWriter, r *http.Request) {
			piece(w, events(text("Hel"), text("lo")))
			panic(http.ErrAbortHandler)
		}, false, llm.Incomplete},
		{"cancelled", llm.Limits{}, hang, true, llm.Canceled},
		{"too slow", llm.Limits{Idle: 40 * time.Millisecond}, hang, false, llm.Timeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := overHTTP2(t, tt.limits, tt.handler).Stream(ctx, llm.Prompt("hi"))
			var failure error
			var said string
			for piece, err := range s.Text() {
				failure, said = err, said+piece
				if tt.cancel && said == "Hello" {
					cancel()
				}
			}
			equal(t, "text", s.Response().Text(), "Hello")
			if tt.kind == "" {
				equal(t, "error and usage", []any{failure, s.Response().Usage}, []any{error(nil), usage7and5})
				return
			}
			equal(t, "partial text", wantError(t, failure, tt.kind).Partial.Text(), "Hello")
		})
	}
}

func TestServersLearnThatStreamsOverHTTP2WereLeft(t *testing.T) {
	const streams = 50
	var left sync.WaitGroup
	left.Add(streams)
	m := overHTTP2(t, llm.Limits{}, func(w http.ResponseWriter, r *http.Request) {
		defer left.Done()
		piece(w, events(text("on and on")))
		<-r.Context().Done()
	})
	var all sync.WaitGroup
	for range streams {
		all.Go(func() {
			for _, err := range m.Stream(t.Context(), llm.Prompt("hi")).Text() {
				if err != nil {
					t.Error(err)
				}
				break
			}
		})
	}
	all.Wait()
	left.Wait() // the test binary's own limit is what ends a wait in vain
}
