package ollama_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestStreamsLeftEarlyLeaveNothingBehind(t *testing.T) {
	endless := providertest.Endless("application/x-ndjson", text(" round")+"\n")
	providertest.LeaveEarly(t, endless, func(baseURL string) providertest.Closing {
		return provider(t, ollama.Config{BaseURL: baseURL})
	})
}

func TestConnectionIsUsedAgainAfterAWholeAnswer(t *testing.T) {
	var opened atomic.Int64
	server := httptest.NewUnstartedServer(streams(text("a"), done))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	p := provider(t, ollama.Config{BaseURL: server.URL})
	for range 20 {
		mustAsk(t, p, llm.Prompt("hi"))
	}
	equal(t, "the number of connections for 20 calls", opened.Load(), int64(1))
}

func TestLimitsOnWaiting(t *testing.T) {
	waits := func(lines ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil { // before that, a server does not see its client go
				t.Error(err)
			}
			w.Header().Set("Content-Type", "application/x-ndjson")
			io.WriteString(w, strings.Join(lines, "\n")+"\n")
			if len(lines) > 0 {
				http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
	}
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		limits  llm.Limits
		says    string
	}{
		"a model that loads for ever": {waits(), llm.Limits{FirstEvent: 20 * time.Millisecond}, "first part"},
		"a model that stalls":         {waits(text("a")), llm.Limits{Idle: 20 * time.Millisecond}, "between two parts"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			_, err := ask(t, provider(t, ollama.Config{BaseURL: server.URL, Limits: test.limits}), llm.Prompt("hi"))
			wantError(t, err, llm.Timeout, test.says, "20ms")
		})
	}
}
