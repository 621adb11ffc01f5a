package gemini_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

// opaque returns the provider data of a part.
func opaque(data string) *llm.ProviderData {
	return &llm.ProviderData{Provider: "gemini", Format: "gemini", Data: []byte(data)}
}

// TestParts checks the message for each list of parts.
func TestParts(t *testing.T) {
	for name, tt := range map[string]struct {
		frames []string
		want   []llm.Part
	}{
		"text in pieces": {
			[]string{parts(text("Hel")), parts(text("lo")), parts(text(" 🦙"))},
			[]llm.Part{llm.Text{Text: "Hello 🦙"}},
		},
		"thoughts": {
			[]string{parts(`{"text":"Hm, ","thought":true}`), parts(`{"text":"well.","thought":true}`, text("Yes"))},
			[]llm.Part{llm.Reasoning{Text: "Hm, well."}, llm.Text{Text: "Yes"}},
		},
		"a signature on the last text, which is empty": {
			[]string{parts(text("a")), parts(text("b")), parts(`{"text":"","thoughtSignature":"c2ln"}`)},
			[]llm.Part{llm.Text{Text: "ab"}, llm.Text{ProviderData: opaque(`{"signature":"c2ln"}`)}},
		},
		"a signature in the middle": {
			[]string{parts(text("a")), parts(`{"text":"b","thoughtSignature":"c2ln"}`), parts(text("c")), parts(text("d"))},
			[]llm.Part{
				llm.Text{Text: "a"}, llm.Text{Text: "b", ProviderData: opaque(`{"signature":"c2ln"}`)}, llm.Text{Text: "cd"},
			},
		},
		"a signature that is not base64 as Go writes it": {
			[]string{parts(`{"text":"b","thoughtSignature":"a-_b~"}`)},
			[]llm.Part{llm.Text{Text: "b", ProviderData: opaque(`{"signature":"a-_b~"}`)}},
		},
		"a signature on a thought": {
			[]string{parts(`{"text":"Hm","thought":true,"thoughtSignature":"c2ln"}`), parts(text("x"))},
			[]llm.Part{llm.Reasoning{Text: "Hm", ProviderData: opaque(`{"signature":"c2ln"}`)}, llm.Text{Text: "x"}},
		},
		"a signature and nothing else": {
			[]string{parts(`{"thoughtSignature":"c2ln"}`)},
			[]llm.Part{llm.Text{ProviderData: opaque(`{"signature":"c2ln"}`)}},
		},
		"calls between texts": {
			[]string{parts(text("First"), `{"functionCall":{"id":"c1","name":"add","args":{"a": 9007199254740993}}}`, text("then"),
				`{"functionCall":{"name":"now"},"thoughtSignature":"c2ln"}`)},
			[]llm.Part{
				llm.Text{Text: "First"}, llm.ToolCall{ID: "c1", Name: "add", Arguments: `{"a": 9007199254740993}`}, llm.Text{Text: "then"},
				llm.ToolCall{ID: "parley_abcDEF_1", Name: "now", ProviderData: opaque(`{"signature":"c2ln"}`)},
			},
		},
		"calls without ids, and two with one": {
			[]string{parts(`{"functionCall":{"name":"a","args":{}}}`, `{"functionCall":{"name":"a","args":{}}}`)},
			[]llm.Part{
				llm.ToolCall{ID: "parley_abcDEF_0", Name: "a", Arguments: "{}"}, llm.ToolCall{ID: "parley_abcDEF_1", Name: "a", Arguments: "{}"},
			},
		},
		"media": {
			[]string{parts(`{"inlineData":{"mimeType":"image/png","data":"aGk="},"thoughtSignature":"c2ln"}`,
				`{"inlineData":{"mimeType":"audio/L16;rate=24000","data":"aGk="}}`, `{"fileData":{"mimeType":"video/mp4","fileUri":"gs://b/f"}}`)},
			[]llm.Part{
				llm.Image{MediaType: "image/png", Data: []byte("hi"), ProviderData: opaque(`{"signature":"c2ln"}`)},
				llm.Audio{MediaType: "audio/L16;rate=24000", Data: []byte("hi")}, llm.File{MediaType: "video/mp4", URL: "gs://b/f"},
			},
		},
		"media of the thinking": {
			[]string{parts(`{"inlineData":{"mimeType":"image/png","data":"aGk="},"thought":true}`, `{"executableCode":{"code":"x"},"thought":true,"thoughtSignature":"c2ln"}`)},
			[]llm.Part{
				llm.Image{MediaType: "image/png", Data: []byte("hi"), ProviderData: opaque(`{"thought":true}`)},
				llm.Code{Source: "x", ProviderData: opaque(`{"signature":"c2ln","thought":true}`)},
			},
		},
		"audio with what is said in it": {
			[]string{parts(`{"inlineData":{"mimeType":"audio/wav","data":"aGk="},"audioTranscription":{"text":"Hi!","languageCode":"en"}}`)},
			[]llm.Part{llm.Audio{MediaType: "audio/wav", Data: []byte("hi"), Transcript: "Hi!"}},
		},
		"code and its output": {
			[]string{parts(`{"executableCode":{"language":"PYTHON","code":"print(1)","id":"x"}}`, `{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}}`)},
			[]llm.Part{
				llm.Code{Language: "PYTHON", Source: "print(1)", ProviderData: opaque(`{"id":"x"}`)}, llm.Code{Output: "1\n", Outcome: "OUTCOME_OK"},
			},
		},
		"a part of a new kind": {
			[]string{parts(`{"hologram": {"depth": 3}}`)},
			[]llm.Part{llm.Opaque{ProviderData: opaque(`{"hologram": {"depth": 3}}`)}},
		},
		"empty parts": {
			[]string{parts(`{}`, text(""), `{"text":null}`, text("x"), `{"thought":true}`, `null`, `{"inlineData":{}}`, `{"fileData":{"mimeType":"video/mp4"}}`)},
			[]llm.Part{llm.Text{Text: "x"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pieces := range [][]string{tt.frames, {wholeOf(tt.frames)}} {
				resp := mustAsk(t, serve(t, streams(append(pieces, stopped)...)), llm.Prompt("hi"))
				equal(t, "the message", providertest.WithoutDigests(t, resp.Messages), []llm.Message{{Role: llm.RoleAssistant, Parts: tt.want}})
			}
		})
	}
}

// wholeOf merges the parts of several chunks into one.
func wholeOf(frames []string) string {
	var list []string
	for _, f := range frames {
		_, rest, _ := strings.Cut(f, `"parts": [`)
		inner, _, _ := strings.Cut(rest, `],"role"`)
		list = append(list, inner)
	}
	return parts(list...)
}

func TestPartialArgumentsAreAnError(t *testing.T) {
	for name, piece := range map[string]string{
		"the first": `{"functionCall":{"name":"f","willContinue":true}}`,
		"another":   `{"functionCall":{"partialArgs":[{"jsonPath":"$.a","stringValue":"x"}],"willContinue":false}}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, serve(t, streams(parts(piece), stopped)), llm.Prompt("hi"))
			wantError(t, err, llm.Unsupported, "partialArgs")
		})
	}
}

func TestGeneratedToolCallIDs(t *testing.T) {
	call := `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"a","args":{}}}]},"finishReason":"STOP"}]}`
	p := serve(t, streams(call))
	first, second := mustAsk(t, p, llm.Prompt("hi")).ToolCalls()[0].ID, mustAsk(t, p, llm.Prompt("hi")).ToolCalls()[0].ID
	if first == second || !strings.HasPrefix(first, "parley_") || !strings.HasPrefix(second, "parley_") {
		t.Errorf("the ids of calls in two replies are %q and %q, want two different ones that begin with parley_", first, second)
	}
}

func TestEndOfAnswer(t *testing.T) {
	const noUsage = `{"candidates":[{"finishReason":"STOP","index":0}]}`
	for name, tt := range map[string]struct {
		body   string
		kind   llm.Kind // of the error, if it is one
		says   string
		text   string
		reason llm.FinishReason
		raw    string
	}{
		"stop":                               {body: sse(parts(text("a")), stopped), text: "a", reason: llm.FinishStop, raw: "STOP"},
		"a stop in every chunk":              {body: sse(finished(`"content":{"parts":[`+text("a")+`]},"finishReason":"STOP"`), finished(`"content":{"parts":[`+text("b")+`]},"finishReason":"STOP"`)), text: "ab", reason: llm.FinishStop, raw: "STOP"},
		"the last reason counts":             {body: sse(finished(`"content":{"parts":[`+text("a")+`]},"finishReason":"STOP"`), finished(`"finishReason":"RECITATION"`)), text: "a", reason: llm.FinishContentFilter, raw: "RECITATION"},
		"a reason, and content after it":     {body: sse(stopped, parts(text("late"))), text: "late", reason: llm.FinishStop, raw: "STOP"},
		"length":                             {body: sse(parts(text("a")), finished(`"finishReason":"MAX_TOKENS"`)), text: "a", reason: llm.FinishLength, raw: "MAX_TOKENS"},
		"safety":                             {body: sse(parts(text("a")), finished(`"finishReason":"SAFETY"`)), text: "a", reason: llm.FinishContentFilter, raw: "SAFETY"},
		"a reason that is new":               {body: sse(parts(text("a")), finished(`"finishReason":"FULL_MOON"`)), text: "a", reason: llm.FinishOther, raw: "FULL_MOON"},
		"an unspecified reason is none":      {body: sse(parts(text("a")), finished(`"finishReason":"FINISH_REASON_UNSPECIFIED"`)), text: "a", kind: llm.Incomplete, says: "no finish reason"},
		"no reason":                          {body: sse(parts(text("a"))), text: "a", kind: llm.Incomplete, says: "no finish reason"},
		"a reason without usage":             {body: sse(noUsage), reason: llm.FinishStop, raw: "STOP"},
		"[DONE] alone is no end":             {body: sse(parts(text("a")), "[DONE]"), text: "a", kind: llm.Incomplete},
		"[DONE] after a reason":              {body: sse(parts(text("a")), stopped, "[DONE]"), text: "a", reason: llm.FinishStop, raw: "STOP"},
		"no end of the last line":            {body: strings.TrimRight(sse(parts(text("a")), stopped), "\r\n"), text: "a", reason: llm.FinishStop, raw: "STOP"},
		"an error after a stop":              {body: sse(parts(text("a")), stopped) + "{\n \"error\": {\n  \"code\": 503,\n  \"message\": \"overloaded\",\n  \"status\": \"UNAVAILABLE\"\n }\n}\n", text: "a", kind: llm.Overloaded, says: "overloaded"},
		"a blocked prompt":                   {body: sse(`{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}`), kind: llm.ContentFilter, says: "PROHIBITED_CONTENT"},
		"a prompt blocked for a new reason":  {body: sse(`{"promptFeedback":{"blockReason":"FULL_MOON","blockReasonMessage":"come back tomorrow"}}`), kind: llm.ContentFilter, says: "come back tomorrow"},
		"a prompt blocked after some text":   {body: sse(parts(text("a")), `{"promptFeedback":{"blockReason":"SAFETY"}}`), text: "a", kind: llm.ContentFilter},
		"feedback on a harmless prompt":      {body: sse(`{"promptFeedback":{"safetyRatings":[]},"candidates":[{"content":{"parts":[` + text("a") + `]},"finishReason":"STOP"}]}`), text: "a", reason: llm.FinishStop, raw: "STOP"},
		"a continuation without a token":     {body: sse(parts(text("a")), finished(`"finishReason":"CONTINUATION"`)), text: "a", kind: llm.Incomplete, says: "CONTINUATION"},
		"a second candidate is not read":     {body: sse(`{"candidates":[{"index":1,"content":{"parts":[` + text("b") + `]},"finishReason":"STOP"},{"index":0,"content":{"parts":[` + text("a") + `]},"finishReason":"STOP"}]}`), text: "a", reason: llm.FinishStop, raw: "STOP"},
		"another value where chunks are":     {body: sse(`{"hello":"world"}`), kind: llm.Protocol, says: "not a piece"},
		"a list of chunks, without alt=sse":  {body: "[" + parts(text("a")) + ",\r\n" + stopped + "]", text: "a", reason: llm.FinishStop, raw: "STOP"},
		"a list that ends in an error":       {body: "[" + parts(text("a")) + `,{"error":{"code":500,"message":"oops","status":"INTERNAL"}}]`, text: "a", kind: llm.Server, says: "oops"},
		"one whole reply where a stream was": {body: stopped, reason: llm.FinishStop, raw: "STOP"},
	} {
		t.Run(name, func(t *testing.T) {
			mediaType := "text/event-stream"
			if !strings.HasPrefix(tt.body, "data:") {
				mediaType = "application/json; charset=UTF-8"
			}
			resp, err := ask(t, serve(t, says(http.StatusOK, mediaType, tt.body)), llm.Prompt("hi"))
			equal(t, "the kind of the error", llm.KindOf(err), tt.kind)
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error does not say %q: %v", tt.says, err)
			}
			got := partial(resp, err)
			equal(t, "the text", got.Text(), tt.text)
			if tt.kind == "" {
				equal(t, "the reasons", []string{string(got.FinishReason), got.RawFinishReason}, []string{string(tt.reason), tt.raw})
			}
		})
	}
}

func TestUsageOfError(t *testing.T) {
	blocked := sse(`{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}`)
	_, err := ask(t, serve(t, says(200, "text/event-stream", blocked)), llm.Prompt("hi"))
	equal(t, "the usage", partial(nil, err).Usage, llm.Usage{Input: llm.Known(4), Output: llm.Known(0)})
}

// In a long stream, the counts are in frames with a learned template. The last counts are
// the usage.
func TestUsageOfLongStream(t *testing.T) {
	chunk := func(n, reason string) string {
		return `{"candidates": [{"content": {"parts": [{"text": "w` + n + ` "}],"role": "model"}` + reason + `,"index": 0}],` +
			`"usageMetadata": {"promptTokenCount": 7,"candidatesTokenCount": ` + n + `,"totalTokenCount": 2` + n + `},"modelVersion": "m","responseId": "r"}`
	}
	for name, reason := range map[string]string{"a reason in every frame": `,"finishReason": "STOP"`, "a reason at the end": ""} {
		t.Run(name, func(t *testing.T) {
			var frames []string
			for i := range 40 {
				frames = append(frames, chunk(string(rune('0'+i/10))+string(rune('0'+i%10)), reason))
			}
			frames = frames[10:] // no number begins with a zero
			cut := sse(frames...)
			if reason == "" {
				_, err := ask(t, serve(t, says(200, "text/event-stream", cut)), llm.Prompt("hi"))
				wantError(t, err, llm.Incomplete)
				equal(t, "the usage of what came", partial(nil, err).Usage, llm.Usage{Input: llm.Known(7), Output: llm.Known(39)})
				frames = append(frames, `{"candidates": [{"finishReason": "STOP","index": 0}]}`)
			}
			resp := mustAsk(t, serve(t, streams(frames...)), llm.Prompt("hi"))
			equal(t, "the usage", resp.Usage, llm.Usage{Input: llm.Known(7), Output: llm.Known(39)})
			equal(t, "the finish reason", resp.FinishReason, llm.FinishStop)
			if !strings.HasPrefix(resp.Text(), "w10 w11 ") || !strings.HasSuffix(resp.Text(), "w38 w39 ") {
				t.Errorf("the text is %q", resp.Text())
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for name, tt := range map[string]struct {
		counts string
		want   llm.Usage
	}{
		"all": {
			`"promptTokenCount":100,"toolUsePromptTokenCount":20,"candidatesTokenCount":30,"thoughtsTokenCount":40,"cachedContentTokenCount":50,"totalTokenCount":190`,
			llm.Usage{Input: llm.Known(120), Output: llm.Known(70), CacheRead: llm.Known(50), Reasoning: llm.Known(40)},
		},
		"thoughts alone":                {`"promptTokenCount":5,"thoughtsTokenCount":40,"totalTokenCount":45`, llm.Usage{Input: llm.Known(5), Output: llm.Known(40), Reasoning: llm.Known(40)}},
		"no answer":                     {`"promptTokenCount":5,"totalTokenCount":5`, llm.Usage{Input: llm.Known(5), Output: llm.Known(0)}},
		"the prompt alone":              {`"promptTokenCount":5`, llm.Usage{Input: llm.Known(5)}},
		"a total that cannot be":        {`"promptTokenCount":5,"totalTokenCount":4`, llm.Usage{Input: llm.Known(5)}},
		"nothing but the kind of quota": {`"trafficType":"ON_DEMAND"`, llm.Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			resp := mustAsk(t, serve(t, streams(`{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{`+tt.counts+`}}`)), llm.Prompt("hi"))
			equal(t, "the usage", resp.Usage, tt.want)
		})
	}
}

func TestSources(t *testing.T) {
	chunk := func(text, more string) string {
		return `{"candidates":[{"content":{"parts":[{"text":"` + text + `"}]},` + more + `"index":0}]}`
	}
	const chunks = `"groundingChunks":[{"web":{"uri":"https://a","title":"A"}},{"maps":{"uri":"https://b","title":"B"}},{"retrievedContext":{"uri":"gs://c","title":"C"}},{}]`
	resp := mustAsk(t, serve(t, streams(
		chunk("The sky ", `"groundingMetadata":{},`),
		chunk("is blue.", `"groundingMetadata":{`+chunks+`},"urlContextMetadata":{"urlMetadata":[{"retrievedUrl":"https://d","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_SUCCESS"},{"retrievedUrl":"https://a","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_SUCCESS"},{"retrievedUrl":"https://no","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_ERROR"}]},`),
		chunk("", `"groundingMetadata":{`+chunks+`,"groundingSupports":[{"segment":{"endIndex":7,"text":"The sky"},"groundingChunkIndices":[0,1,99]},{"segment":{"startIndex":8,"endIndex":16},"groundingChunkIndices":[0]}]},`+
			`"citationMetadata":{"citationSources":[{"startIndex":1,"endIndex":3,"uri":"https://e"}],"citations":[{"startIndex":4,"endIndex":5,"title":"F"},{"startIndex":5,"endIndex":9},{"startIndex":9}]},"finishReason":"STOP",`),
	)), llm.Prompt("hi"))
	equal(t, "the sources", resp.Sources, []llm.Source{
		{URL: "https://a", Title: "A", End: 7}, {URL: "https://b", Title: "B", End: 7}, {URL: "https://a", Title: "A", Start: 8, End: 16},
		{URL: "gs://c", Title: "C"},
		{URL: "https://d"}, {URL: "https://e", Start: 1, End: 3}, {Title: "F", Start: 4, End: 5}, {Start: 5, End: 9},
	})
}

func TestSourceInLaterPart(t *testing.T) {
	whole := `{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"é one"},{"text":"two"}]},"finishReason":"STOP","groundingMetadata":{` +
		`"groundingChunks":[{"web":{"uri":"https://a"}}],"groundingSupports":[{"segment":{"partIndex":2,"startIndex":1,"endIndex":3},"groundingChunkIndices":[0]},{"segment":{"partIndex":7,"startIndex":1,"endIndex":3},"groundingChunkIndices":[0]}]}}]}`
	resp := mustAsk(t, serve(t, says(200, "application/json", whole)), with(func(r *llm.Request) { r.NonStreaming = true }))
	equal(t, "the sources", resp.Sources, []llm.Source{{URL: "https://a", Start: 7, End: 9}, {URL: "https://a"}}) // é is two bytes, and there is no part 7
	equal(t, "what the source supports", resp.Text()[7:9], "wo")
}

func TestLogprobs(t *testing.T) {
	resp := mustAsk(t, serve(t, streams(
		`{"candidates":[{"content":{"parts":[{"text":"Hi!"}]},"logprobsResult":{"chosenCandidates":[{"token":"Hi","tokenId":1,"logProbability":-0.5},{"token":"!","logProbability":-0.25}],`+
			`"topCandidates":[{"candidates":[{"token":"Hi","logProbability":-0.5},{"token":"Yo","logProbability":-2}]}]},"finishReason":"STOP"}]}`,
	)), llm.Prompt("hi"))
	equal(t, "the log probabilities", resp.Logprobs, []llm.TokenLogprob{
		{Token: "Hi", Logprob: -0.5, Top: []llm.TokenLogprob{{Token: "Hi", Logprob: -0.5}, {Token: "Yo", Logprob: -2}}},
		{Token: "!", Logprob: -0.25},
	})
}

func TestFinishMessageIsAWarning(t *testing.T) {
	resp := mustAsk(t, serve(t, streams(finished(`"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Malformed function call: print("`))), llm.Prompt("hi"))
	equal(t, "the warnings", resp.Warnings, []llm.Warning{{Code: llm.WarnOther, Message: "the server gave this reason for the end of the answer: Malformed function call: print("}})
	resp = mustAsk(t, serve(t, streams(finished(`"finishReason":"STOP","finishMessage":"Model generated function call(s)."`))), llm.Prompt("hi"))
	equal(t, "the warnings of an answer that ends well", len(resp.Warnings), 0)
}

func TestStatusErrors(t *testing.T) {
	body := func(code, status, message, details string) string {
		return `{"error":{"code":` + code + `,"message":"` + message + `","status":"` + status + `","details":[` + details + `]}}`
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   llm.Kind
		code   string
		after  time.Duration
	}{
		"a bad key": {400, body("400", "INVALID_ARGUMENT", "API key not valid.", `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}`), llm.Auth, "API_KEY_INVALID", 0},
		"a time to wait": {429, body("429", "RESOURCE_EXHAUSTED", "Quota exceeded", `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.5s"}`),
			llm.RateLimited, "RESOURCE_EXHAUSTED", 37500 * time.Millisecond},
		"a long prompt": {400, body("400", "INVALID_ARGUMENT", "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).", ""), llm.ContextLength, "INVALID_ARGUMENT", 0},
		"no such model": {404, body("404", "NOT_FOUND", "models/x is not found for API version v1beta", ""), llm.NotFound, "NOT_FOUND", 0},
		"a model gone":  {404, body("404", "NOT_FOUND", "This model models/gemini-1.0-pro is no longer available.", ""), llm.Retired, "NOT_FOUND", 0},
		"overloaded":    {503, body("503", "UNAVAILABLE", "The model is overloaded.", ""), llm.Overloaded, "UNAVAILABLE", 0},
		"not permitted": {403, body("403", "PERMISSION_DENIED", "denied", ""), llm.Permission, "PERMISSION_DENIED", 0},
		"in a list":     {400, "[" + body("400", "INVALID_ARGUMENT", "bad", "") + "]", llm.InvalidRequest, "INVALID_ARGUMENT", 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ask(t, serve(t, says(tt.status, "application/json", tt.body)), llm.Prompt("hi"))
			wantError(t, err, tt.kind)
			e, _ := errors.AsType[*llm.Error](err)
			equal(t, "status, code and time to wait", []any{e.Status, e.Code, e.RetryAfter}, []any{tt.status, tt.code, tt.after})
			_, err = ask(t, serve(t, says(200, "text/event-stream", tt.body)), llm.Prompt("hi")) // the same, too late for a status
			wantError(t, err, tt.kind)
		})
	}
}

func TestLargeImage(t *testing.T) {
	const size = 10 << 20
	image := `{"inlineData":{"mimeType":"image/png","data":"` + strings.Repeat("AAAA", size/3) + `"}}`
	p := serve(t, streams(parts(text("Here:")), parts(image), stopped))
	resp := mustAsk(t, p, llm.Prompt("draw"))
	media, ok := resp.Messages[0].Parts[1].(llm.Image)
	if !ok || len(media.Data) != size/3*3 {
		t.Fatalf("the second part is a %T of %d bytes, want an image of %d", resp.Messages[0].Parts[1], len(media.Data), size/3*3)
	}
	srv := llmtest.NewServer(t, llmtest.HTTP(200, "text/event-stream", sse(parts(image), stopped)))
	small := provider(t, gemini.Config{BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key, Limits: llm.Limits{FrameBytes: 1 << 20}})
	_, err := ask(t, small, llm.Prompt("draw"))
	wantError(t, err, llm.Protocol, "longer than the limit")
}
