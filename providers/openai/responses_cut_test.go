package openai_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// testResponsesCuts cuts a stream at many places. Only a cut after the last event may be an
// answer, and the partial answer must be the beginning of the whole.
func testResponsesCuts(t *testing.T, body string, every int) {
	t.Helper()
	complete := -1 // the end of the event that ends the answer
	for _, last := range []string{`"response.completed"`, `"response.incomplete"`} {
		if at := strings.Index(body, `"type":`+last); at >= 0 {
			complete = at + strings.IndexAny(body[at:]+"\n", "\r\n")
		}
	}
	whole := readOutput(t, body, true)
	text, reasoning := whole.text(), whole.reasoning()
	var at int
	var end error
	client := &http.Client{Transport: providertest.RoundTrip(func(*http.Request) (*http.Response, error) {
		return providertest.Respond(200, "text/event-stream", &cutBody{strings.NewReader(body[:at]), end}), nil
	})}
	config := responsesConfig
	config.HTTPClient = client
	m := llm.New(provider(t, config), "m")
	offsets := providertest.Offsets(body)
	for i := 0; i < len(offsets); i += every {
		at = offsets[i]
		for how, kind := range map[string]error{"the connection dropped": io.ErrUnexpectedEOF, "the body ended": io.EOF} {
			end = kind
			resp, err := ask(t, m)
			if failed, ok := errors.AsType[*llm.Error](err); ok {
				resp = failed.Partial
			}
			success := complete >= 0 && (at >= complete && end == io.EOF || at >= complete+2)
			if got := llm.KindOf(err); success != (err == nil) || !success && got != llm.Incomplete && !whole.Failed {
				t.Fatalf("after %d of %d bytes, %s: the error is %v", at, len(body), how, err)
			}
			if resp == nil {
				continue
			}
			if got := textOf(resp); !strings.HasPrefix(text, got) || !strings.HasPrefix(reasoning, resp.Reasoning()) {
				t.Fatalf("after %d bytes, %s: the text %q or the reasoning %q is not the beginning of the whole", at, how, got, resp.Reasoning())
			}
		}
	}
}

// textOf returns the text of all messages.
func textOf(resp *llm.Response) string {
	var b strings.Builder
	for _, m := range resp.Messages {
		b.WriteString(m.Text())
	}
	return b.String()
}

// cutBody reads a text and then fails.
type cutBody struct {
	text io.Reader
	end  error
}

func (r *cutBody) Read(p []byte) (int, error) {
	n, err := r.text.Read(p)
	if err == io.EOF {
		err = r.end
	}
	return n, err
}

// everyItem is a stream with all kinds of items.
var everyItem = typed(created,
	added(0, `{"type":"reasoning","id":"rs","summary":[]}`), `{"type":"response.reasoning_summary_text.delta","item_id":"rs","output_index":0,"summary_index":0,"delta":"Let me 🦙"}`,
	doneItem(0, `{"type":"reasoning","id":"rs","encrypted_content":"e","summary":[{"type":"summary_text","text":"Let me 🦙"}]}`),
	doneItem(1, `{"type":"web_search_call","id":"ws","status":"completed"}`),
	added(2, messageItem("")), deltaOf("output_text", 2, "The answer"), deltaOf("output_text", 2, " is \n"), deltaOf("output_text", 2, `"42" é`), doneItem(2, messageItem("The answer is \n\"42\" é!")),
	added(3, callItem("c", "f", "")), deltaOf("function_call_arguments", 3, `{"a":`), deltaOf("function_call_arguments", 3, `1}`), doneItem(3, callItem("c", "f", `{"a":1}`)),
	completed)

func TestResponsesStreamCutAnywhereIsNoSuccess(t *testing.T) {
	testResponsesCuts(t, everyItem, 1)
}

func TestRecordedResponsesStreamCutAnywhereIsNoSuccess(t *testing.T) {
	for _, e := range responsesExchanges(t, isResponse) {
		if isStreamed(&e) {
			every := 1
			if len(e.Body) > providertest.EveryByte {
				every = 11 // a sample of what takes minutes
			}
			t.Run(e.Name, func(t *testing.T) { testResponsesCuts(t, e.Body, every) })
		}
	}
}

// FuzzResponses gives the provider any body as a stream. It must not panic, and it may make
// an answer of it only if an event ends it. An answer can be sent back.
func FuzzResponses(f *testing.F) {
	f.Add(everyItem)
	f.Add(strings.ReplaceAll(everyItem, "\n", "\r\n"))
	f.Add(typed(created, deltaOf("output_text", 0, "a"), `{"type":"error","code":"server_error","message":"no"}`))
	f.Add(typed(created, added(0, callItem("a", "f", "")), added(0, callItem("b", "g", "")), deltaOf("function_call_arguments", 0, "{"), doneItem(0, callItem("a", "f", "{}")), completed))
	f.Add(typed(doneItem(0, `{"type":"image_generation_call","result":"AAAA"}`), doneItem(0, `{"type":"code_interpreter_call","outputs":[{"type":"logs","logs":"a"}]}`), doneItem(9, `{"type":"x"}`), doneItem(9, `{"type":""}`), completed))
	f.Add(typed(doneItem(0, `{"type":"message","content":[{"type":"output_text","text":"a","annotations":[{"url":"u","start_index":0,"end_index":1}]},{"type":"refusal","refusal":"b"},{"type":"z"}]}`), completed))
	f.Add(`data: {"object":"response","status":"completed","output":[{"type":"message","content":"a"}]}` + "\n\n")
	f.Add("data: null\n\ndata: []\n\n{\"error\":1}\n")
	var body string
	m := model(f, responsesConfig, func(w http.ResponseWriter, r *http.Request) { streams(body)(w, r) })
	back := model(f, responsesConfig, says(200, "application/json", `{"object":"response","status":"completed","output":[]}`))
	f.Fuzz(func(t *testing.T, fuzzed string) {
		body = fuzzed
		resp, err := ask(t, m)
		if err != nil {
			if _, ok := errors.AsType[*llm.Error](err); !ok {
				t.Errorf("the error %v is not an *llm.Error", err)
			}
			return
		}
		if !strings.Contains(fuzzed, "response") && !strings.Contains(fuzzed, "status") {
			t.Fatal("a stream without a response became an answer")
		}
		for _, c := range resp.ToolCalls() {
			if c.Name == "" {
				t.Error("a call has no name")
			}
		}
		history := append([]llm.Message{llm.User("hi")}, roundTrip(t, resp.Messages)...)
		if _, err := back.Generate(t.Context(), &llm.Request{Messages: append(llm.CloseCalls(history, "not run"), llm.User("and?"))}); err != nil {
			t.Errorf("the answer cannot be sent back: %v", err)
		}
	})
}
