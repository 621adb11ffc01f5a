package gemini_test

import (
	"testing"
	"time"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

func TestPart(t *testing.T) {
	clip, err := gemini.Part(&genai.Part{
		FileData:      &genai.FileData{FileURI: "https://youtu.be/9hE5", MIMEType: "video/mp4"},
		VideoMetadata: &genai.VideoMetadata{StartOffset: 90 * time.Second, EndOffset: 2 * time.Minute, FPS: new(0.5)},
	})
	if err != nil {
		t.Fatal(err)
	}
	req := throughJSON(t, &llm.Request{Messages: []llm.Message{llm.User("What happens here?", clip)}})
	for _, server := range []gemini.Server{gemini.Gemini, gemini.Vertex} {
		got := sent(t, gemini.Config{Server: server, APIKey: key}, chats(model, req))
		equal(t, "the contents", at[any](fromJSON(t, got.Body), "contents"), fromJSON(t, `[{"role":"user","parts":[{"text":"What happens here?"},`+
			`{"fileData":{"fileUri":"https://youtu.be/9hE5","mimeType":"video/mp4"},"videoMetadata":{"startOffset":"90s","endOffset":"120s","fps":0.5}}]}]`))
	}
	if _, err := gemini.Part(nil); err == nil {
		t.Error("Part(nil) returned no error")
	}
}

func TestChunks(t *testing.T) {
	first := `{"candidates":[{"content":{"parts":[{"text":"a"}]},"safetyRatings":[{"category":"HARM_CATEGORY_NEW","probability":"LOW"}]}],"createTime":"2025-09-16T16:50:47.095660Z"}`
	last := `{"candidates":[{"finishReason":"STOP","citationMetadata":{"citations":[{"license":"mit","publicationDate":{"year":2019,"month":5,"day":10}}]},"groundingMetadata":{"searchEntryPoint":{"renderedContent":"<b>"},"webSearchQueries":["q"]}}]}`
	for name, tt := range map[string]struct {
		body       string
		unstreamed bool
		want       int
	}{
		"a stream":       {sse(first, last), false, 2},
		"a whole answer": {last, true, 1},
		"a list":         {"[" + first + ",\n" + last + "]", false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			contentType := "text/event-stream"
			if tt.body[0] != 'd' {
				contentType = "application/json"
			}
			resp := mustAsk(t, serve(t, says(200, contentType, tt.body)), with(func(r *llm.Request) { r.KeepRaw, r.NonStreaming = true, tt.unstreamed }))
			chunks, err := gemini.Chunks(resp)
			if err != nil || len(chunks) != tt.want {
				t.Fatalf("there are %d chunks and the error %v, want %d and none", len(chunks), err, tt.want)
			}
			end := chunks[len(chunks)-1].Candidates[0]
			equal(t, "what the last says", []any{end.GroundingMetadata.SearchEntryPoint.RenderedContent, end.GroundingMetadata.WebSearchQueries[0], end.CitationMetadata.Citations[0].License},
				[]any{"<b>", "q", "mit"})
			if tt.want > 1 {
				equal(t, "the harm that the first is rated for", chunks[0].Candidates[0].SafetyRatings[0].Category, genai.HarmCategory("HARM_CATEGORY_NEW"))
			}
		})
	}
	for _, resp := range []*llm.Response{nil, {}} {
		if chunks, err := gemini.Chunks(resp); len(chunks) > 0 || err != nil {
			t.Errorf("Chunks without Raw = %v, %v, want nil, nil", chunks, err)
		}
	}
	if _, err := gemini.Chunks(&llm.Response{Raw: []byte("data: {\n\n")}); err == nil {
		t.Error("an invalid frame is not an error")
	}
}

func TestChunksOfRecordedReplies(t *testing.T) {
	for _, e := range recordings(t) {
		if chunks, err := gemini.Chunks(&llm.Response{Raw: []byte(e.reply)}); err != nil || len(chunks) == 0 {
			t.Errorf("%s: there are %d chunks and the error %v", e.name, len(chunks), err)
		}
	}
}

// FuzzChunks checks that Chunks does not panic for any body.
func FuzzChunks(f *testing.F) {
	f.Add([]byte(sse(parts(text("a")), stopped)))
	f.Add([]byte("[" + stopped + ",null]"))
	f.Add([]byte(`{"candidates":[{"content":{"parts":[{"videoMetadata":{"startOffset":"3s"}}]},"citationMetadata":{"citations":[{"publicationDate":{"year":2019}}]}}]}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = gemini.Chunks(&llm.Response{Raw: body})
	})
}
