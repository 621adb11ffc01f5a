package openai

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/dialect"
	"github.com/parley-llm/parley/internal/reply"
	"github.com/parley-llm/parley/internal/send"
	"github.com/parley-llm/parley/llm"
)

func TestQuickDecoderReadsRecordedFramesAsEncodingJSONDoes(t *testing.T) {
	frames, quickly := 0, 0
	for _, e := range Exchanges(t) {
		for _, frame := range framesOf(e.Body) {
			frames++
			if checkQuick(t, &quickDecoder{text: &reply.Text{}}, []byte(frame)) {
				quickly++
			}
		}
	}
	t.Logf("%d of %d recorded frames are decoded quickly", quickly, frames)
	if frames == 0 || quickly*2 < frames {
		t.Errorf("only %d of %d frames are decoded quickly", quickly, frames)
	}
}

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

func TestAnswersAreTheSameWithoutTheShortWays(t *testing.T) {
	answers := 0
	for _, e := range Exchanges(t) {
		if e.Status != http.StatusOK || !strings.HasSuffix(e.Path, "/chat/completions") {
			continue
		}
		answers++
		t.Run(e.Name, func(t *testing.T) {
			short, shortErr := llm.Collect(readBody(t, e, nil))
			long, longErr := llm.Collect(readBody(t, e, func(*reply.Value) bool { return false }))
			if diff := cmp.Diff(long, short); diff != "" {
				t.Errorf("the answer (-by encoding/json alone +with the short ways):\n%s", diff)
			}
			if llm.KindOf(shortErr) != llm.KindOf(longErr) {
				t.Errorf("the error with the short ways is %v, without them %v", shortErr, longErr)
			}
		})
	}
	t.Logf("%d recorded answers compared", answers)
	if answers == 0 {
		t.Error("there are no recorded answers")
	}
}

// readBody reads an answer as the provider does, with another visitor in the
// quick decoder if there is one. One that accepts nothing also keeps shapes
// from being learnt by what was decoded quickly.
func readBody(t *testing.T, e Exchange, visit func(*reply.Value) bool) llm.Events {
	p, err := New(Config{APIKey: "none", HTTPClient: &http.Client{Transport: bodyTransport(e)}})
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(llm.Event, error) bool) {
		r, err := p.client.Do(t.Context(), &send.Request{Method: http.MethodPost, URL: "http://server.test"})
		if err != nil {
			yield(llm.Event{}, err)
			return
		}
		defer r.Close()
		a := &answer{provider: p}
		a.Answer = dialect.Answer{Reply: r, Request: llm.Ask("hi"), Yield: yield}
		a.quick.text, a.quick.visit = &a.Text, visit
		if err := a.read(); err != nil {
			yield(llm.Event{}, err)
		}
	}
}
