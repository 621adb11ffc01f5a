package openai_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	vendor "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

func TestAudioInAnAnswer(t *testing.T) {
	m := model(t, openai.Config{}, streams(events(
		chunk(`"audio":{"id":"a1","transcript":"Hel"}`), chunk(`"audio":{"data":"AQI=","transcript":"lo"}`), chunk(`"audio":{"data":"Aw=="}`),
		chunk(`"audio":{"expires_at":5}`), finish("stop"), usage, done)))
	resp := answer(t, m, llm.Prompt("hi"))
	spoken := llm.Audio{
		Data: []byte{1, 2, 3}, Transcript: "Hello", ProviderData: &llm.ProviderData{Provider: "openai", Format: "openai.chat", Data: []byte("a1")},
	}
	equal(t, "messages", providertest.WithoutDigests(t, resp.Messages), says1(spoken))

	// The next turn names what was said, or tells it to another provider.
	history := append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.User("and?"))...)
	for name, want := range map[string]string{
		"openai": `{"role":"assistant","audio":{"id":"a1"}}`,
		"groq":   `{"role":"assistant","content":"Hello"}`,
	} {
		got := capture(t, openai.Config{Server: openai.Server(name)}, "m", &llm.Request{Messages: history})
		sent := fromJSON(t, got.Body).(map[string]any)["messages"].([]any)[1]
		equal(t, "what "+name+" is sent", sent, fromJSON(t, want))
	}
}

func TestAudioInPiecesOfAnySize(t *testing.T) {
	for name, pieces := range map[string][]string{
		"one":                        {"AQIDBAU="},
		"each padded":                {"AQ==", "AgM=", "BAU="},
		"cut out of one text":        {"A", "QIDB", "AU="},
		"cut within the padding":     {"AQ=", "=AgMEBQ", "=="},
		"without padding at its end": {"AQIDBAU"},
	} {
		t.Run(name, func(t *testing.T) {
			var chunks []string
			for _, piece := range pieces {
				chunks = append(chunks, chunk(`"audio":{"data":`+quote(piece)+`}`))
			}
			resp := answer(t, model(t, openai.Config{}, streams(events(append(chunks, finish("stop"), usage, done)...))), llm.Prompt("hi"))
			equal(t, "messages", resp.Messages, says1(llm.Audio{Data: []byte{1, 2, 3, 4, 5}}))
		})
	}
	_, err := ask(t, model(t, openai.Config{}, streams(events(chunk(`"audio":{"data":"A!=="}`), finish("stop"), usage, done))))
	wantError(t, err, llm.Protocol, "the audio in the answer cannot be decoded")
}

func TestTranscriptOfAudioThatDidNotComeIsText(t *testing.T) {
	m := model(t, openai.Config{}, streams(events(chunk(`"audio":{"id":"a1","transcript":"Hel"}`), chunk(`"audio":{"transcript":"lo"}`), finish("stop"), usage, done)))
	equal(t, "messages", answer(t, m, llm.Prompt("hi")).Messages, says1(llm.Text{Text: "Hello"}))
}

func TestImagesInAnAnswer(t *testing.T) {
	const made = `"images":[{"type":"image_url","index":0,"image_url":{"url":"data:image/png;base64,AQID"}},{"type":"image_url","image_url":{"url":"https://img.test/1"}}]`
	want := says1(llm.Text{Text: "Here:"}, llm.Image{MediaType: "image/png", Data: []byte{1, 2, 3}}, llm.Image{URL: "https://img.test/1"})
	for name, reply := range map[string]http.HandlerFunc{
		"streamed":   streams(events(chunk(`"role":"assistant","content":"Here:","images":[]`), chunk(`"content":"",`+made), finish("stop"), usage, done)),
		"unstreamed": says(200, "application/json", whole(`{"content":"Here:",`+made+`}`, `"stop"`, wholeUsage)),
	} {
		t.Run(name, func(t *testing.T) {
			resp := answer(t, model(t, openai.Config{Server: openai.OpenRouter}, reply), llm.Prompt("hi"))
			equal(t, "messages", resp.Messages, want)
		})
	}

	history := append([]llm.Message{llm.User("hi")}, append(want, llm.User("and?"))...)
	got := capture(t, openai.Config{Server: openai.OpenRouter}, "m", &llm.Request{Messages: history})
	sent := fromJSON(t, got.Body).(map[string]any)["messages"].([]any)[1]
	equal(t, "what OpenRouter gets back", sent, fromJSON(t, `{"role":"assistant","content":"Here:","images":[
		{"type":"image_url","image_url":{"url":"data:image/png;base64,AQID"}},{"type":"image_url","image_url":{"url":"https://img.test/1"}}]}`))
	e := wantError(t, sendNothing(t, openai.Config{}, &llm.Request{Messages: history}), llm.Unsupported, "does not support images in assistant messages")
	equal(t, "status", e.Status, 0)
}

func TestAttachmentsReachTheServerBesideExtraMembersAndAHook(t *testing.T) {
	parts := []llm.Part{
		llm.Image{Data: png}, llm.Audio{Data: []byte{1}, MediaType: "audio/wav"}, llm.File{Data: []byte{2}, MediaType: "application/pdf"},
	}
	const sent = `{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},
		{"type":"input_audio","input_audio":{"data":"AQ==","format":"wav"}},
		{"type":"file","file":{"filename":"file","file_data":"data:application/pdf;base64,Ag=="}}]}`
	runRequestTests(t, []requestTest{{
		name: "extra members", want: `"n":1,"messages":[` + sent + `]`,
		req: llm.Request{Messages: user(parts...), Options: []llm.Options{openai.Options{Extra: map[string]any{"n": 1}}}},
	}, {
		name: "a hook that adds a message", want: `"messages":[` + sent + `,{"role":"user","content":"more"}]`,
		req: hooked(llm.Request{Messages: user(parts...)}, func(r *vendor.ChatCompletionRequest) {
			r.Messages = append(r.Messages, vendor.ChatCompletionMessage{Role: "user", Content: "more"})
		}),
	}})
}

func TestImagesAreCountedByTheServer(t *testing.T) {
	req := &llm.Request{
		Messages: user(llm.Image{Data: png}), Options: []llm.Options{openai.Options{CountBy: openai.CountRemote}},
	}
	for server, reply := range map[openai.Server]string{
		openai.OpenAI: `{"input_tokens":5}`, openai.LlamaCpp: `{"input_tokens":5}`, openai.VLLM: `{"count":5}`,
	} {
		var body string
		m := model(t, openai.Config{Server: server}, func(w http.ResponseWriter, r *http.Request) {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			body = string(data)
			says(200, "application/json", reply)(w, r)
		})
		count, err := m.CountTokens(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "tokens", count.Tokens, 5)
		if !strings.Contains(body, `"data:image/png;base64,iVBORw0KGgo="`) {
			t.Errorf("%s is not sent the image: %s", server, body)
		}
	}
}
