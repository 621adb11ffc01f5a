package anthropic_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// An ending is how a body stops after its last byte.
var endings = map[string]error{"the connection dropped": io.ErrUnexpectedEOF, "the body ended": io.EOF}

// cutReader reads a text and then fails.
type cutReader struct {
	text io.Reader
	end  error
}

func (r *cutReader) Read(p []byte) (int, error) {
	n, err := r.text.Read(p)
	if err == io.EOF {
		err = r.end
	}
	return n, err
}

// testCuts cuts a streamed reply at many places. Only a cut after message_stop may be an
// answer, and the partial answer must be the beginning of the whole.
func testCuts(t *testing.T, body string, every int) {
	t.Helper()
	const last = `"message_stop"`
	complete := strings.Index(body, last)
	if complete >= 0 {
		complete = strings.Index(body[complete:], "}") + complete + 1
	}
	whole := readReply(t, body, true)
	text, thinking := whole.text("text", "text"), whole.text("thinking", "thinking")
	var at int
	var end error
	client := &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		return providertest.Respond(200, eventType, &cutReader{strings.NewReader(body[:at]), end}), nil
	})}
	p := provider(t, configWith(client))
	offsets := providertest.Offsets(body)
	for i := 0; i < len(offsets); i += every {
		at = offsets[i]
		for how, kind := range endings {
			end = kind
			resp, err := ask(t, p, llm.Prompt("hi"))
			if failed, ok := errors.AsType[*llm.Error](err); ok {
				resp = failed.Partial
			}
			// The last event needs its blank line, unless the body ends there.
			success := complete >= 0 && (at >= complete && end == io.EOF || at >= complete+2)
			if got := llm.KindOf(err); success != (err == nil) || !success && got != llm.Incomplete && !whole.Failed {
				t.Fatalf("after %d of %d bytes, %s: the error is %v", at, len(body), how, err)
			}
			if !strings.HasPrefix(text, resp.Text()) || !strings.HasPrefix(thinking, resp.Reasoning()) {
				t.Fatalf("after %d bytes, %s: the text %q or the reasoning %q is not the beginning of the whole", at, how, resp.Text(), resp.Reasoning())
			}
		}
	}
}

// everything is a stream with all kinds of blocks.
var everything = events(append([]string{
	begin, start(thinkBlock), ping, delta(`{"type":"thinking_delta","thinking":"Let me 🦙"}`), delta(`{"type":"signature_delta","signature":"c2ln"}`), stopAt(0),
	startAt(1, textBlock), deltaAt(1, textDelta("The answer")), deltaAt(1, textDelta(" is \n")), deltaAt(1, textDelta(`"42" é`)), stopAt(1),
	startAt(2, `{"type":"server_tool_use","id":"s","name":"web_search","input":{}}`), deltaAt(2, inputDelta(`{"query":"a"}`)), stopAt(2),
	startAt(3, `{"type":"tool_use","id":"t","name":"f","input":{}}`), deltaAt(3, inputDelta(`{"a":`)), deltaAt(3, inputDelta(`1}`)), stopAt(3),
}, end("tool_use")...)...)

func TestReplyCutAnywhereIsNoSuccess(t *testing.T) {
	testCuts(t, everything, 1)
}

func TestRecordedReplyCutAnywhereIsNoSuccess(t *testing.T) {
	for _, e := range chatsOf(t) {
		if isStream(&e) {
			every := 1
			if len(e.Body) > providertest.EveryByte {
				every = 5 // a sample of what takes a minute
			}
			t.Run(e.Name, func(t *testing.T) { testCuts(t, e.Body, every) })
		}
	}
}
