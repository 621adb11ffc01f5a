package openai

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// framesOf returns the data of a body's events, or the body if it has none.
func framesOf(body string) []string {
	if !strings.HasPrefix(body, "data:") {
		return []string{body}
	}
	var frames []string
	for line := range strings.Lines(body) {
		if data, ok := strings.CutPrefix(line, "data:"); ok {
			frames = append(frames, strings.TrimSpace(data))
		}
	}
	return frames
}

// bodyTransport answers every request with one body.
type bodyTransport Exchange

func (b bodyTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: b.Status, ProtoMajor: 1, ProtoMinor: 1, Header: b.Header,
		Body: io.NopCloser(strings.NewReader(b.Body)), ContentLength: -1,
	}, nil
}

func TestAnswersAreTheSameWithoutTemplates(t *testing.T) {
	answers := 0
	for _, e := range Exchanges(t) {
		if e.Status != http.StatusOK || !strings.HasSuffix(e.Path, "/chat/completions") {
			continue
		}
		answers++
		t.Run(e.Name, func(t *testing.T) {
			checkTemplates(t, e)
		})
	}
	t.Logf("%d recorded answers compared", answers)
	if answers == 0 {
		t.Error("there are no recorded answers")
	}
}

// checkTemplates reads an answer with the learned templates and again without, and
// compares the results.
func checkTemplates(t testing.TB, e Exchange) {
	t.Helper()
	short, shortErr := llm.Collect(readBody(t, e, false))
	long, longErr := llm.Collect(readBody(t, e, true))
	if diff := cmp.Diff(long, short); diff != "" {
		t.Errorf("the answer (-without templates +with them):\n%s", diff)
	}
	if fmt.Sprint(shortErr) != fmt.Sprint(longErr) || llm.KindOf(shortErr) != llm.KindOf(longErr) {
		t.Errorf("the error with templates is %v, without them %v", shortErr, longErr)
	}
	if _, ours := errors.AsType[*llm.Error](shortErr); shortErr != nil && !ours {
		t.Errorf("the error is a %T, want an *llm.Error: %v", shortErr, shortErr)
	}
}

// readBody reads an answer as the provider does, or without templates.
func readBody(t testing.TB, e Exchange, decodeAll bool) llm.Events {
	p, err := New(Config{APIKey: "none", HTTPClient: &http.Client{Transport: bodyTransport(e)}})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(llm.Event, error) bool) {
		r, err := p.client.Do(t.Context(), &httpcall.Request{Method: http.MethodPost, URL: "http://server.test"})
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		defer r.Close()
		a := &answer{provider: p}
		a.Answer = provider.Answer{Reply: r, Request: llm.Prompt("hi"), Yield: yield}
		dialect := *chatDialect
		if decodeAll {
			dialect.Spec = &stream.Spec{} // with which nothing can be learned
		}
		if err := provider.ReadChat(&a.Answer, &dialect, a); err != nil {
			yield(llm.Event{}, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	var usual strings.Builder
	for _, frame := range usualFrames {
		usual.WriteString("data: " + frame + "\n\n")
	}
	f.Add([]byte(usual.String()), "text/event-stream")
	for _, frame := range append(usualFrames, oddFrames...) {
		f.Add([]byte(frame), "application/json")
		for _, odd := range []string{"data: " + frame + "\n\n", frame + "\n", "event: error\ndata: " + frame + "\n\n", "error: " + frame + "\n\n"} {
			f.Add([]byte(strings.Repeat("data: "+usualFrames[1]+"\n\n", 4)+odd+"data: "+usualFrames[5]+"\n\n"), "text/event-stream")
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		checkTemplates(t, Exchange{Status: http.StatusOK, Header: http.Header{"Content-Type": {contentType}}, Body: string(body)})
	})
}
