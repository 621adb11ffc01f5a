package gemini_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// reading is the content of a reply, decoded into maps without the code of the library.
type reading struct {
	Text, Reasoning string
	Calls           []string // names and arguments
	Code            []string // source or output, and media as their type and size
	Signatures      []string // in order
	Sources         []string // addresses, sorted, each once; "" for pieces that are cited from nowhere
	Finish          string   // the last finish reason, or ""
	Model, ID       string
	Usage           map[string]int
	Failure         string // the reason of the server's error
}

// readReply reads a body, streamed or not, up to the first error.
func readReply(body string) (r reading) {
	if !strings.HasPrefix(strings.TrimSpace(body), "data:") {
		var whole any
		if json.Unmarshal([]byte(body), &whole) == nil {
			r.take(whole)
		}
		return r
	}
	for line := range strings.Lines(body) {
		data, isData := strings.CutPrefix(line, "data:")
		var chunk any
		if isData && json.Unmarshal([]byte(data), &chunk) == nil {
			r.take(chunk)
		}
	}
	if i := strings.Index(body, "\n{"); i >= 0 { // an error, without a field name
		var failure any
		if json.NewDecoder(strings.NewReader(body[i:])).Decode(&failure) == nil {
			r.take(failure)
		}
	}
	return r
}

func (r *reading) take(chunk any) {
	if message := at[string](chunk, "error", "message"); message != "" {
		r.Failure = message
	}
	if r.Model == "" {
		r.Model, r.ID = at[string](chunk, "modelVersion"), at[string](chunk, "responseId")
	}
	for _, c := range at[[]any](chunk, "candidates") {
		for _, p := range at[[]any](c, "content", "parts") {
			r.takePart(p)
		}
		if finish := at[string](c, "finishReason"); finish != "" {
			r.Finish = finish
		}
		r.takeSources(c)
	}
	for _, p := range at[[]any](chunk, "predictions") { // pictures
		if mediaType := at[string](p, "mimeType"); mediaType != "" {
			r.Code = append(r.Code, mediaType)
		}
	}
	for name, n := range at[map[string]any](chunk, "usageMetadata") {
		if n, isNumber := n.(float64); isNumber {
			if r.Usage == nil {
				r.Usage = make(map[string]int)
			}
			r.Usage[name] = int(n)
		}
	}
}

func (r *reading) takeSources(candidate any) {
	for _, list := range [][]string{
		{"groundingMetadata", "groundingChunks"}, {"citationMetadata", "citationSources"}, {"citationMetadata", "citations"}, {"urlContextMetadata", "urlMetadata"},
	} {
		for _, source := range at[[]any](candidate, list...) {
			r.addSource(at[string](source, "web", "uri") + at[string](source, "maps", "uri") + at[string](source, "uri") + at[string](source, "retrievedUrl"))
		}
	}
}

func (r *reading) addSource(url string) {
	if i, found := slices.BinarySearch(r.Sources, url); !found {
		r.Sources = slices.Insert(r.Sources, i, url)
	}
}

func (r *reading) takePart(p any) {
	switch text := at[string](p, "text"); {
	case at[bool](p, "thought"):
		r.Reasoning += text
	default:
		r.Text += text
	}
	if call := at[map[string]any](p, "functionCall"); call != nil {
		args, _ := json.Marshal(call["args"])
		r.Calls = append(r.Calls, at[string](call, "name")+string(args))
	}
	for _, what := range []string{at[string](p, "executableCode", "code"), at[string](p, "codeExecutionResult", "output")} {
		if what != "" {
			r.Code = append(r.Code, what)
		}
	}
	if data := at[string](p, "inlineData", "data"); data != "" {
		r.Code = append(r.Code, at[string](p, "inlineData", "mimeType"))
	}
	if signature := at[string](p, "thoughtSignature"); signature != "" {
		r.Signatures = append(r.Signatures, signature)
	}
}

// usage converts the counts according to the documentation of the API.
func (r *reading) usage() (u llm.Usage) {
	count := func(name string, to *llm.Tokens) {
		if n, ok := r.Usage[name]; ok {
			*to = llm.Known(n)
		}
	}
	count("promptTokenCount", &u.Input)
	count("thoughtsTokenCount", &u.Reasoning)
	count("cachedContentTokenCount", &u.CacheRead)
	if n := r.Usage["toolUsePromptTokenCount"]; n > 0 {
		u.Input.N += n
	}
	_, said := r.Usage["candidatesTokenCount"]
	_, thought := r.Usage["thoughtsTokenCount"]
	total, summed := r.Usage["totalTokenCount"]
	switch {
	case said || thought:
		u.Output = llm.Known(r.Usage["candidatesTokenCount"] + u.Reasoning.N)
	case summed:
		u.Output = llm.Known(total - u.Input.N)
	}
	return u
}

// readingOf converts a response to a reading.
func readingOf(t testing.TB, resp *llm.Response) (r reading) {
	t.Helper()
	r = reading{Text: resp.Text(), Reasoning: resp.Reasoning(), Finish: resp.RawFinishReason, Model: resp.Model, ID: resp.ID}
	for _, source := range resp.Sources {
		r.addSource(source.URL)
	}
	for _, m := range resp.Messages {
		for _, part := range m.Parts {
			var data *llm.ProviderData
			switch p := part.(type) {
			case llm.Text:
				data = p.ProviderData
			case llm.Reasoning:
				data = p.ProviderData
			case llm.ToolCall:
				args := fromJSON(t, p.Arguments)
				r.Calls, data = append(r.Calls, p.Name+mustJSON(t, args)), p.ProviderData
			case llm.Code:
				r.Code, data = append(r.Code, p.Source+p.Output), p.ProviderData
			case llm.Image:
				r.Code, data = append(r.Code, p.MediaType), p.ProviderData
			}
			if signature := signatureIn(t, data); signature != "" {
				r.Signatures = append(r.Signatures, signature)
			}
		}
	}
	return r
}

// signatureIn returns the signature of a part.
func signatureIn(t testing.TB, data *llm.ProviderData) string {
	t.Helper()
	if data == nil {
		return ""
	}
	return at[string](fromJSON(t, string(data.Data)), "signature")
}

// checkReading compares a response with the content of its reply.
func checkReading(t testing.TB, resp *llm.Response, want reading) {
	t.Helper()
	equal(t, "the usage", resp.Usage, want.usage())
	got := readingOf(t, resp)
	want.Usage = nil
	equal(t, "what the reply says", got, want)
}

// partial returns the response or the partial response of an error.
func partial(resp *llm.Response, err error) *llm.Response {
	if e, ok := errors.AsType[*llm.Error](err); ok && e.Partial != nil {
		return e.Partial
	}
	if resp == nil {
		return new(llm.Response)
	}
	return resp
}

// at returns the value at a path in decoded JSON, or the zero value.
func at[T any](v any, path ...string) T {
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	found, _ := v.(T)
	return found
}
