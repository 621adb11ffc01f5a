package gemini_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

// FuzzReply sends any body as a stream. The provider must not panic, and may succeed only
// if a frame has a finish reason. Text, thoughts, finish reason and usage must be equal to
// those that encoding/json decodes from the frames.
func FuzzReply(f *testing.F) {
	f.Add(longStream())
	f.Add(sse(parts(text("a")), parts(text("b")), strings.Replace(parts(text("c")), "text", "Text", 1), stopped))
	f.Add(sse(parts(text("a"))) + "{\n\"error\": {\"code\": 500}\n}\n")
	f.Add(sse(finished(`"finishReason":"STOP"`), finished(`"finishReason":"RECITATION"`)))
	f.Add(": ping\n\ndata: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n")
	f.Add("data: null\n\ndata: [1]\n\ndata: \"x\"\n\n")
	var body string
	p := provider(f, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: handled(func(w http.ResponseWriter, r *http.Request) {
		says(200, "text/event-stream", body)(w, r)
	})}})
	f.Fuzz(func(t *testing.T, fuzzed string) {
		body = fuzzed
		resp, err := ask(t, p, llm.Prompt("hi"))
		if err != nil {
			if _, ok := errors.AsType[*llm.Error](err); !ok {
				t.Errorf("the error %v is not an *llm.Error", err)
			}
			return
		}
		want, ok := byFrames(t, fuzzed)
		if !ok {
			return // an odd member: the decoder's tests have those
		}
		if want.Finish == "" {
			t.Fatal("a stream without a finish reason succeeded")
		}
		equal(t, "the answer", frameReading{resp.Text(), resp.Reasoning(), resp.RawFinishReason, len(resp.ToolCalls())}, want)
	})
}

// FuzzWholeReply sends any body as a reply that is not streamed. A successful answer must
// have a finish reason. Stopping at the first event must not cause an error.
func FuzzWholeReply(f *testing.F) {
	f.Add(stopped)
	f.Add("[" + parts(text("a")) + "," + stopped + "]")
	f.Add("[" + parts(text("a")) + `,{"error":{"code":500,"message":"oops"}}]`)
	f.Add(sse(parts(text("a")), stopped))
	f.Add(`{"candidates":[{"content":{"parts":[{"hologram":1},{"functionCall":{"name":"f","args":[1]}},{"inlineData":{"data":"aGk="}}]},"finishReason":"X","groundingMetadata":{"groundingChunks":[{}],` +
		`"groundingSupports":[{"groundingChunkIndices":[0,-1]}]},"logprobsResult":{"chosenCandidates":[{}]}}],"promptFeedback":{}}`)
	var body string
	p := provider(f, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: handled(func(w http.ResponseWriter, r *http.Request) {
		says(200, "application/json", body)(w, r)
	})}})
	req := with(func(r *llm.Request) { r.NonStreaming = true })
	f.Fuzz(func(t *testing.T, fuzzed string) {
		body = fuzzed
		for range llm.New(p, model).Stream(t.Context(), req).Events() {
			break
		}
		resp, err := ask(t, p, req)
		if err != nil {
			if _, ok := errors.AsType[*llm.Error](err); !ok {
				t.Errorf("the error %v is not an *llm.Error", err)
			}
			return
		}
		if resp.RawFinishReason == "" || resp.FinishReason == llm.FinishUnknown {
			t.Errorf("an answer without a finish reason: %+v", resp)
		}
		if again := throughJSON(t, &llm.Request{Messages: resp.Messages}); len(again.Messages) > 0 { // it can be sent back
			again.Messages = append(append([]llm.Message{llm.User("hi")}, again.Messages...), llm.User("go on"))
			if _, err := llm.New(p, model).Generate(t.Context(), again); llm.KindOf(err) == llm.InvalidRequest {
				t.Errorf("the answer %+v cannot be sent back: %v", resp.Messages, err)
			}
		}
	})
}

// longStream is a long stream with all kinds of content.
func longStream() string {
	frames := []string{parts(`{"text":"Let me","thought":true}`), parts(`{"text":" see: é🦙","thought":true}`)}
	for _, word := range strings.SplitAfter("The answer is, after some time and a \"good\" deal\n of thought, 42 🦙 of course.", " ") {
		frames = append(frames, parts(text(word)))
	}
	return sse(append(frames, parts(`{"functionCall":{"name":"now","args":{"zone":"UTC"}},"thoughtSignature":"c2ln"}`), stopped)...)
}

// frameReading is the content of a stream, decoded with encoding/json alone.
type frameReading struct {
	Text, Thoughts, Finish string
	Calls                  int
}

func byFrames(t testing.TB, body string) (r frameReading, ok bool) {
	t.Helper()
	frames := stream.NewSSE(strings.NewReader(body), 0)
	for {
		f, err := frames.Next()
		if err != nil {
			return r, true
		}
		var chunk struct {
			Candidates []struct {
				Index   int    `json:"index"`
				Finish  string `json:"finishReason"`
				Content struct {
					Parts []struct {
						Text    string `json:"text"`
						Thought bool   `json:"thought"`
						Call    *struct {
							Name string `json:"name"`
						} `json:"functionCall"`
						others
					} `json:"parts"`
				} `json:"content"`
			} `json:"candidates"`
		}
		switch err := json.Unmarshal(f.Data, &chunk); {
		case json.Valid(f.Data) && err != nil:
			return r, false
		case err != nil:
			continue // a keep-alive: everything else that is broken is an error
		}
		for _, c := range chunk.Candidates {
			if c.Index != 0 {
				continue
			}
			if c.Finish != "" && c.Finish != "FINISH_REASON_UNSPECIFIED" {
				r.Finish = c.Finish
			}
			for _, p := range c.Content.Parts {
				switch {
				case p.Call != nil:
					if p.Call.Name != "" { // calls without a name are not returned
						r.Calls++
					}
				case p.media():
				case p.Thought:
					r.Thoughts += p.Text
				default:
					r.Text += p.Text
				}
			}
		}
	}
}

// others are the other kinds of parts. They are not text, even if they have a text member.
type others struct {
	Inline *struct{} `json:"inlineData"`
	File   *struct{} `json:"fileData"`
	Code   *struct{} `json:"executableCode"`
	Result *struct{} `json:"codeExecutionResult"`
}

func (o *others) media() bool {
	return o.Inline != nil || o.File != nil || o.Code != nil || o.Result != nil
}
