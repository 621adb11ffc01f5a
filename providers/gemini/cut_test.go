package gemini_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

// testCuts truncates a streamed reply after every byte, with a clean end and with a broken
// connection. The call may succeed only if the reply ends cleanly after a finish reason. The
// partial answer must be a prefix of the complete answer.
func testCuts(t *testing.T, config gemini.Config, body string) {
	t.Helper()
	whole := readReply(body)
	synctest.Test(t, func(t *testing.T) {
		srv := llmtest.NewServer(t)
		config.BaseURL, config.HTTPClient = srv.URL, srv.Client()
		m := llm.New(provider(t, config), model)
		for _, n := range providertest.Offsets(body) {
			wire := llmtest.HTTPReply{Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: []byte(body)} // without Content-Length
			for _, broken := range []bool{false, true} {
				cut, how := wire.CutClean(n), "the body ended"
				if broken {
					cut, how = wire.CutReset(n), "the connection broke"
				}
				srv.Add(cut)
				resp, err := m.Generate(t.Context(), llm.Prompt("hi"))
				got := partial(resp, err)
				said := readReply(body[:n])
				switch kind := llm.KindOf(err); {
				case err == nil && (broken || said.Finish == "" || !lineIsWhole(body, n)):
					t.Fatalf("after %d of %d bytes %s, the call succeeded, want an error", n, len(body), how)
				case err == nil:
					checkReading(t, resp, said)
				case kind != llm.Incomplete && !(whole.Failure != "" && kind == llm.Server):
					t.Fatalf("after %d of %d bytes %s: the error is %v, want one of kind %q", n, len(body), how, err, llm.Incomplete)
				case !broken && said.Finish != "" && lineIsWhole(body, n) && whole.Failure == "":
					t.Fatalf("after %d of %d bytes %s, a complete answer is an error: %v", n, len(body), how, err)
				}
				if !strings.HasPrefix(whole.Text, got.Text()) || !strings.HasPrefix(whole.Reasoning, got.Reasoning()) || len(got.ToolCalls()) > len(whole.Calls) {
					t.Fatalf("after %d bytes %s: the text %q, reasoning %q or calls %v are not a prefix of the complete answer", n, how, got.Text(), got.Reasoning(), got.ToolCalls())
				}
			}
		}
	})
}

// lineIsWhole reports whether the line at the end of the first n bytes has complete JSON, or
// is empty.
func lineIsWhole(body string, n int) bool {
	line := body[strings.LastIndex(body[:n], "\n")+1 : n]
	return strings.TrimSpace(line) == "" || strings.HasSuffix(strings.TrimSpace(line), "}") && strings.HasPrefix(strings.TrimLeft(body[n:], "\r")+"\n", "\n")
}

func TestTruncatedReply(t *testing.T) {
	testCuts(t, gemini.Config{APIKey: key}, longStream())
}

func TestTruncatedRecordedReply(t *testing.T) {
	for _, e := range recordings(t) {
		if e.streamed() {
			t.Run(e.name, func(t *testing.T) { testCuts(t, e.config(), e.reply) })
		}
	}
}

func TestTruncatedMockReply(t *testing.T) {
	for _, m := range mocks(t) {
		if m.streamed() && (strings.Contains(m.name, "-success-") || strings.HasSuffix(m.name, "error-mid-stream.txt")) {
			t.Run(m.name, func(t *testing.T) { testCuts(t, gemini.Config{APIKey: key}, m.body) })
		}
	}
}
