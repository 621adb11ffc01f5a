package openai_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers/openai"
)

// numbered are the events of a stream with sequence numbers, each with its blank line.
func numbered(stream string) (all []string) {
	for i, event := range strings.SplitAfter(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		at := strings.LastIndex(event, "}")
		if strings.Contains(event, "sequence_number") {
			all = append(all, strings.TrimRight(event, "\n")+"\n\n")
			continue
		}
		all = append(all, strings.TrimRight(event[:at], "\n")+`,"sequence_number":`+strconv.Itoa(i)+"}\n\n")
	}
	return all
}

// background is a server that makes one response in the background.
type background struct {
	events   []string
	cuts     []int // the number of bytes of each stream; further streams are whole
	repeats  bool  // a resumed stream begins with all events
	tooOld   bool  // streams cannot be resumed
	pending  int   // the number of replies before the response is complete
	whole    string
	requests []string
}

func (b *background) RoundTrip(r *http.Request) (*http.Response, error) {
	b.requests = append(b.requests, r.Method+" "+r.URL.RequestURI())
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	body, from := "", 0
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("stream") == "":
		if b.pending--; b.pending >= 0 {
			return providertest.Respond(200, "application/json", strings.NewReader(`{"id":"resp_1","object":"response","status":"in_progress","output":[]}`)), nil
		}
		return providertest.Respond(200, "application/json", strings.NewReader(b.whole)), nil
	case r.Method == http.MethodGet && b.tooOld:
		return providertest.Respond(400, "application/json", strings.NewReader(`{"error":{"message":"Response can no longer be streamed because it is more than 5 minutes old.","type":"invalid_request_error"}}`)), nil
	case r.Method == http.MethodGet && !b.repeats:
		if after := r.URL.Query().Get("starting_after"); after != "" {
			n, err := strconv.Atoi(after)
			if err != nil {
				return nil, err
			}
			from = n + 1
		}
	}
	for _, event := range b.events[from:] {
		body += event
	}
	var end error = io.EOF
	if len(b.cuts) > 0 {
		body, end = body[:min(b.cuts[0], len(body))], io.ErrUnexpectedEOF
		b.cuts = b.cuts[1:]
	}
	return providertest.Respond(200, "text/event-stream", &cutBody{strings.NewReader(body), end}), nil
}

// backgroundModel is a model of the server, with Resume.
func backgroundModel(t testing.TB, b *background, resumes int) *llm.Model {
	config := responsesConfig
	config.HTTPClient = &http.Client{Transport: b}
	options := []llm.ModelOption{llm.WithDefaults(llm.Request{Options: []llm.Options{openai.Options{Background: true}}})}
	if resumes > 0 {
		options = append(options, llm.WithMiddleware(&middleware.Resume{MaxResumes: resumes, NoReset: true}))
	}
	return llm.New(provider(t, config), "gpt-6-luna", options...)
}

// wholeOfEvery is the response of everyItem in one piece.
var wholeOfEvery = `{"id":"resp_1","object":"response","model":"gpt-6","status":"completed","output":[{"type":"reasoning","id":"rs","encrypted_content":"e","summary":[{"type":"summary_text","text":"Let me 🦙"}]},` +
	`{"type":"web_search_call","id":"ws","status":"completed"},` + messageItem("The answer is \n\"42\" é!") + `,` + callItem("c", "f", `{"a":1}`) + `],"usage":{"input_tokens":7,"output_tokens":5,"total_tokens":12}}`

// collected reads a stream, and returns the text of its events as a program would show it.
func collected(t testing.TB, m *llm.Model) (shown string, resp *llm.Response, err error) {
	t.Helper()
	s := m.Stream(t.Context(), llm.Prompt("hi"))
	var b strings.Builder
	for ev, failed := range s.Events() {
		err = failed
		switch ev.Type {
		case llm.EventText, llm.EventReasoning, llm.EventToolCallDelta:
			b.WriteString(ev.Text)
		}
	}
	return b.String(), s.Response(), err
}

func withoutAttempts(resp *llm.Response) *llm.Response {
	plain := *resp
	plain.Attempts, plain.Raw = nil, nil
	return &plain
}

func TestBackgroundStreamCutAnywhereIsReadToItsEnd(t *testing.T) {
	events := numbered(everyItem)
	body := strings.Join(events, "")
	want, wantResp, err := collected(t, backgroundModel(t, &background{events: events}, 2))
	if err != nil {
		t.Fatal(err)
	}
	for _, repeats := range []bool{false, true} {
		for at := strings.Index(body, "\n\n") + 2; at < len(body)-2; at += 3 {
			b := &background{events: events, cuts: []int{at, at % 700}, repeats: repeats}
			synctest.Test(t, func(t *testing.T) {
				got, resp, err := collected(t, backgroundModel(t, b, 2))
				if err != nil {
					t.Fatalf("cut after %d bytes: %v (%v)", at, err, b.requests)
				}
				if got != want || len(resp.Attempts) < 2 || !strings.HasPrefix(b.requests[1], "GET /v1/responses/resp_1?stream=true&starting_after=") {
					t.Fatalf("cut after %d bytes: %q with %d attempts and the requests %v, want %q", at, got, len(resp.Attempts), b.requests, want)
				}
				equal(t, "the answer", withoutAttempts(resp), withoutAttempts(wantResp))
			})
		}
	}
}

func TestBackgroundStreamThatIsTooOldIsRequestedWhole(t *testing.T) {
	events := numbered(everyItem)
	want, wantResp, err := collected(t, backgroundModel(t, &background{events: events}, 1))
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i, event := range events {
		if at += len(event); i == len(events)-1 {
			break
		}
		synctest.Test(t, func(t *testing.T) {
			b := &background{events: events, cuts: []int{at}, tooOld: true, pending: 2, whole: wholeOfEvery}
			got, resp, err := collected(t, backgroundModel(t, b, 1))
			if err != nil || got != want {
				t.Errorf("cut after %d events: %q and %v, want %q", i, got, err, want)
				return
			}
			equal(t, "the messages", resp.Messages, wantResp.Messages)
			equal(t, "the usage", resp.Usage, wantResp.Usage)
		})
	}
}

func TestBackgroundAnswerInOnePieceIsPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &background{pending: 3, whole: wholeOfEvery}
		config := responsesConfig
		config.HTTPClient = &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				b.requests = append(b.requests, "POST "+r.URL.Path)
				return providertest.Respond(200, "application/json", strings.NewReader(`{"id":"resp_1","object":"response","status":"queued","output":[]}`)), nil
			}
			return b.RoundTrip(r)
		})}
		start := time.Now()
		m := llm.New(provider(t, config), "gpt-6-luna")
		resp := answer(t, m, &llm.Request{Messages: hi, NonStreaming: true, Options: []llm.Options{openai.Options{Background: true}}})
		equal(t, "the text", resp.Text(), "The answer is \n\"42\" é!")
		equal(t, "the id", resp.ID, "resp_1")
		equal(t, "the requests", strings.Join(b.requests, ", "), "POST /v1/responses"+strings.Repeat(", GET /v1/responses/resp_1", 4))
		equal(t, "the time", time.Since(start), time.Second+1500*time.Millisecond+2250*time.Millisecond+3375*time.Millisecond)
	})
}

func TestBackgroundStreamIsNotReadOnUnasked(t *testing.T) {
	b := &background{events: numbered(everyItem), cuts: []int{900}}
	_, _, err := collected(t, backgroundModel(t, b, 0))
	wantError(t, err, llm.Incomplete, "set Options.ResponseID", "resp_1")
	equal(t, "the number of requests", len(b.requests), 1)
}

func TestStreamThatIsNotInTheBackgroundIsNotReadOn(t *testing.T) {
	b := &background{events: numbered(everyItem), cuts: []int{900}}
	m := backgroundModel(t, b, 2).With(llm.WithDefaults(llm.Request{Options: []llm.Options{openai.Options{}}}))
	_, _, err := collected(t, m)
	wantError(t, err, llm.Incomplete)
	equal(t, "the number of requests", len(b.requests), 1)
}

func TestBackgroundResponseThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &background{events: numbered(everyItem), cuts: []int{900}, tooOld: true, pending: 1, whole: `{"id":"resp_1","object":"response","status":"failed","error":{"code":"server_error","message":"it broke"},"usage":{"input_tokens":7,"output_tokens":1}}`}
		_, _, err := collected(t, backgroundModel(t, b, 3))
		wantError(t, err, llm.Server, "it broke")
		b = &background{events: numbered(everyItem), cuts: []int{900}, tooOld: true, whole: `{"id":"resp_1","object":"response","status":"cancelled","output":[]}`}
		_, _, err = collected(t, backgroundModel(t, b, 3))
		wantError(t, err, llm.Incomplete, "cancelled")
		equal(t, "the number of requests", len(b.requests), 3)
	})
}

func TestResponseIsReadByItsID(t *testing.T) {
	events := numbered(everyItem)
	for _, b := range []*background{{events: events}, {events: events, tooOld: true, whole: wholeOfEvery}} {
		m := backgroundModel(t, b, 0).With(llm.WithDefaults(llm.Request{Options: []llm.Options{openai.Options{ResponseID: "resp_1"}}}))
		got, _, err := collected(t, m)
		if err != nil || !strings.Contains(got, "é!") {
			t.Errorf("the answer is %q, %v", got, err)
		}
		if b.requests[0] != "GET /v1/responses/resp_1?stream=true" {
			t.Errorf("the requests are %v", b.requests)
		}
	}
}

func TestWaitingForABackgroundResponseEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &background{events: numbered(everyItem), cuts: []int{900}, tooOld: true, pending: 1 << 30}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		_, err := backgroundModel(t, b, 1).Generate(ctx, llm.Prompt("hi"))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the error is %v", err)
		}
		wantError(t, err, llm.Timeout)
		if n := len(b.requests); n < 300 || n > 400 {
			t.Errorf("there were %d requests in an hour", n)
		}
	})
}

func TestResponsesAreCanceledAndDeleted(t *testing.T) {
	var requests []string
	config := responsesConfig
	config.HTTPClient = &http.Client{Transport: handled(func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Method+" "+r.URL.Path)
		if strings.Contains(r.URL.Path, "gone") {
			says(404, "application/json", `{"error":{"message":"Response with id 'gone' not found.","type":"invalid_request_error"}}`)(w, r)
			return
		}
		says(200, "application/json", `{"id":"resp_1","object":"response","status":"cancelled","error":null}`)(w, r)
	})}
	p := provider(t, config)
	if err := errors.Join(p.CancelResponse(t.Context(), "resp_1"), p.DeleteResponse(t.Context(), "resp_1")); err != nil {
		t.Fatal(err)
	}
	equal(t, "the requests", requests, []string{"POST /v1/responses/resp_1/cancel", "DELETE /v1/responses/resp_1"})
	wantError(t, p.CancelResponse(t.Context(), "gone"), llm.NotFound, "not found")
}

// TestRecordedBackgroundResponses replays the recorded exchanges of background mode.
func TestRecordedBackgroundResponses(t *testing.T) {
	all := responsesExchanges(t, func(e *providertest.Exchange) bool { return strings.Contains(e.Name, "background_mode") })
	for name, nonStreaming := range map[string]bool{"background_mode_vcr": true, "background_mode_streaming_starting_after_vcr": false} {
		var exchanges []providertest.Exchange
		for _, e := range all {
			if strings.HasSuffix(e.Name, "/"+name) {
				exchanges = append(exchanges, e)
			}
		}
		synctest.Test(t, func(t *testing.T) {
			n := 0
			config := responsesConfig
			config.HTTPClient = &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
				e := exchanges[min(n, len(exchanges)-1)]
				n++
				if r.Body != nil {
					io.Copy(io.Discard, r.Body)
				}
				if isStreamed(&e) {
					body, end := e.Body, io.EOF
					if n == 1 { // cut after the first event
						body, end = body[:strings.Index(body, "\n\n")+2], io.ErrUnexpectedEOF
					}
					return providertest.Respond(200, "text/event-stream", &cutBody{strings.NewReader(body), end}), nil
				}
				return providertest.Respond(200, "application/json", strings.NewReader(e.Body)), nil
			})}
			m := llm.New(provider(t, config), "gpt-4o", llm.WithMiddleware(&middleware.Resume{}))
			resp := answer(t, m, &llm.Request{Messages: hi, NonStreaming: nonStreaming, Options: []llm.Options{openai.Options{Background: true}}})
			equal(t, "the text", resp.Text(), "2 + 2 equals 4.")
		})
	}
}
