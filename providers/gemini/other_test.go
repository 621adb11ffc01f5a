package gemini_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

// Tests of embeddings, model lists and token counts.

func TestEmbeddingBatches(t *testing.T) {
	for name, tt := range map[string]struct {
		config  gemini.Config
		model   string
		inputs  int
		batches []int
		usage   llm.Usage
	}{
		"the Gemini API":                 {gemini.Config{}, "gemini-embedding-001", 250, []int{100, 100, 50}, llm.Usage{}},
		"Vertex AI":                      {gemini.Config{Server: gemini.Vertex}, "text-embedding-005", 251, []int{250, 1}, llm.Usage{Input: llm.Known(2 * 251)}},
		"Vertex AI, one at a time":       {gemini.Config{Server: gemini.Vertex}, "gemini-embedding-001", 3, []int{1, 1, 1}, llm.Usage{Input: llm.Known(6)}},
		"Vertex AI, the later method":    {gemini.Config{Server: gemini.Vertex}, "gemini-embedding-2", 2, []int{1, 1}, llm.Usage{Input: llm.Known(4)}},
		"the Gemini API, a single batch": {gemini.Config{}, "m", 100, []int{100}, llm.Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewServer(t)
			var batches []int
			var lock sync.Mutex // several requests are sent at the same time
			partText := func(content any) string {
				return content.(map[string]any)["parts"].([]any)[0].(map[string]any)["text"].(string)
			}
			srv.Handle(func(r *llmtest.Request) llmtest.HTTPReply {
				body := fromJSON(t, string(r.Body))
				all := slices.Concat(at[[]any](body, "requests"), at[[]any](body, "instances"))
				lock.Lock()
				batches = append(batches, max(len(all), 1))
				lock.Unlock()
				if content := at[any](body, "content"); content != nil {
					return llmtest.JSON(200, fmt.Sprintf(`{"embedding":{"values":[%s,0.5]},"usageMetadata":{"promptTokenCount":2},"truncated":false}`, partText(content)))
				}
				var list []string
				for _, item := range all {
					if content := item.(map[string]any)["content"]; tt.config.Server == gemini.Vertex {
						list = append(list, fmt.Sprintf(`{"embeddings":{"statistics":{"truncated":false,"token_count":2.0},"values":[%s,0.5]}}`, content))
					} else {
						list = append(list, fmt.Sprintf(`{"values":[%s,0.5]}`, partText(content)))
					}
				}
				member := "embeddings"
				if tt.config.Server == gemini.Vertex {
					member = "predictions"
				}
				return llmtest.JSON(200, `{"`+member+`":[`+strings.Join(list, ",")+`]}`)
			})
			tt.config.BaseURL, tt.config.HTTPClient, tt.config.APIKey = srv.URL, srv.Client(), key
			got, err := llm.New(provider(t, tt.config), tt.model).Embed(t.Context(), &llm.EmbedRequest{Inputs: numbered(tt.inputs)})
			if err != nil {
				t.Fatal(err)
			}
			slices.SortFunc(batches, func(a, b int) int { return b - a })
			equal(t, "the sizes of the requests", batches, tt.batches)
			equal(t, "the usage", got.Usage, tt.usage)
			equal(t, "the number of vectors", len(got.Vectors), tt.inputs)
			for i, v := range got.Vectors {
				if len(v) != 2 || v[0] != float32(i) {
					t.Fatalf("vector %d is %v, want [%d 0.5]", i, v, i)
				}
			}
		})
	}
}

// numbered returns n texts: "0", "1", …
func numbered(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}

func TestEmbeddingWarnings(t *testing.T) {
	cut := llm.Warning{Code: llm.WarnOther, Message: "a text was too long for the model; it was truncated"}
	long := llm.Warning{Code: llm.WarnUnsupported, Setting: "Dimensions", Message: "the vectors have 2 dimensions, not the 1 asked for"}
	for name, tt := range map[string]struct {
		server gemini.Server
		model  string
		body   string
		want   []llm.Warning
	}{
		"a prediction":     {gemini.Vertex, "text-embedding-005", `{"predictions":[{"embeddings":{"values":[1],"statistics":{"truncated":true,"token_count":2048}}}]}`, []llm.Warning{cut}},
		"the later method": {gemini.Vertex, "gemini-embedding-2", `{"embedding":{"values":[1,2]},"truncated":true}`, []llm.Warning{cut, long}},
		"the Gemini API":   {gemini.Gemini, "m", `{"embeddings":[{"values":[1,2]}]}`, []llm.Warning{long}},
		"nothing":          {gemini.Gemini, "m", `{"embeddings":[{"values":[1]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewServer(t, llmtest.JSON(200, tt.body), llmtest.JSON(200, tt.body))
			m := llm.New(provider(t, gemini.Config{Server: tt.server, BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key}), tt.model)
			req := &llm.EmbedRequest{Inputs: []string{"x"}, Dimensions: 1}
			got, err := m.Embed(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the warnings", got.Warnings, tt.want)
			req.FailOnUnsupported = true
			_, err = m.Embed(t.Context(), req)
			equal(t, "the kind of the error, if the request is strict", llm.KindOf(err) == llm.Unsupported, slices.Contains(tt.want, long))
		})
	}
}

func TestEmbeddingErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		kind llm.Kind
	}{
		"too few":           {`{"embeddings":[{"values":[1]}]}`, llm.Protocol},
		"one that is empty": {`{"embeddings":[{"values":[1]},{"values":[]}]}`, llm.Protocol},
		"an error inside":   {`{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}`, llm.RateLimited},
		"something else":    {`{"hello":"world"}`, llm.Protocol},
		"half of the reply": {`{"embeddings":[{"val`, llm.Incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := llm.New(serve(t, says(200, "application/json", tt.body)), "m").Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a", "b"}})
			wantError(t, err, tt.kind)
		})
	}
}

func TestModelListPages(t *testing.T) {
	for name, tt := range map[string]struct {
		config gemini.Config
		pages  []string
		urls   []string
		want   []llm.ModelInfo
	}{
		"the Gemini API": {
			gemini.Config{},
			[]string{
				`{"models":[{"name":"models/gemini-2.5-flash","displayName":"Gemini 2.5 Flash","inputTokenLimit":1048576,"outputTokenLimit":65536,` +
					`"supportedGenerationMethods":["generateContent","countTokens","createCachedContent"],"thinking":true}],"nextPageToken":"a b&c"}`,
				`{"nextPageToken":"d"}`,
				`{"models":[{"name":"models/gemini-embedding-001","inputTokenLimit":2048,"supportedGenerationMethods":["embedContent"]},{"name":"tunedModels/mine"}]}`,
			},
			[]string{"/v1beta/models?pageSize=1000", "/v1beta/models?pageSize=1000&pageToken=a+b%26c", "/v1beta/models?pageSize=1000&pageToken=d"},
			[]llm.ModelInfo{
				{Provider: "gemini", Name: "gemini-2.5-flash", DisplayName: "Gemini 2.5 Flash", ContextWindow: 1048576, MaxOutput: 65536, Output: []llm.Modality{llm.ModalityText},
					Capabilities: []llm.Capability{llm.CanStream, llm.CanCache, llm.CanReason}},
				{Provider: "gemini", Name: "gemini-embedding-001", ContextWindow: 2048, Output: []llm.Modality{llm.ModalityEmbedding}}, {Provider: "gemini", Name: "tunedModels/mine"},
			},
		},
		"Vertex AI": {
			gemini.Config{Server: gemini.Vertex, Project: "p"},
			[]string{`{"publisherModels":[{"name":"publishers/google/models/gemini-3-pro","launchStage":"PUBLIC_PREVIEW"}],"nextPageToken":"t"}`, `{"publisherModels":[]}`},
			[]string{"/v1beta1/publishers/google/models?pageSize=300", "/v1beta1/publishers/google/models?pageSize=300&pageToken=t"},
			[]llm.ModelInfo{{Provider: "vertex", Name: "gemini-3-pro", Status: llm.StatusPreview}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			srv := llmtest.NewServer(t)
			for _, page := range tt.pages {
				srv.Add(llmtest.JSON(200, page))
			}
			tt.config.BaseURL, tt.config.HTTPClient, tt.config.APIKey = srv.URL, srv.Client(), key
			got, err := llm.New(provider(t, tt.config), "").ListModels(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var urls []string
			for _, r := range srv.Requests() {
				urls = append(urls, r.Path)
			}
			equal(t, "the addresses", urls, tt.urls)
			equal(t, "the models", got, tt.want)
		})
	}
}

func TestEndlessModelList(t *testing.T) {
	n := 0
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		says(200, "application/json", `{"models":[{"name":"models/a"}],"nextPageToken":"again"}`)(w, r)
	})
	_, err := llm.New(p, "").ListModels(t.Context())
	wantError(t, err, llm.Protocol, "more than 100 pages")
	equal(t, "the number of pages asked for", n, 100)
}

func TestCounts(t *testing.T) {
	m := llm.New(serve(t, says(200, "application/json", `{"totalTokens": 31, "promptTokensDetails": [{"modality":"TEXT","tokenCount":31}]}`)), model)
	got, err := m.CountTokens(t.Context(), with(own(gemini.Options{CountBy: gemini.CountRemote})))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the server's count", got, &llm.TokenCount{Tokens: 31, Exact: true, Source: "the Gemini API's countTokens"})

	offline := llm.New(provider(t, gemini.Config{APIKey: key, HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("an offline count sent a request: %s", r.URL)
		return nil, http.ErrServerClosed
	})}}), model)
	if got, err = offline.CountTokens(t.Context(), llm.Prompt("Why is the sky blue?")); err != nil {
		t.Fatal(err)
	}
	if got.Exact || got.Tokens < 5 || got.Tokens > 20 || !strings.HasPrefix(got.Source, "estimate") {
		t.Errorf("the offline count is %+v, want an estimate of about 13 with Exact false", got)
	}
	_, err = m.CountTokens(t.Context(), with(own(gemini.Options{CountBy: "dice"})))
	wantError(t, err, llm.InvalidRequest, "dice")
	_, err = llm.New(serve(t, says(200, "application/json", `{}`)), model).CountTokens(t.Context(), with(own(gemini.Options{CountBy: gemini.CountRemote})))
	wantError(t, err, llm.Protocol, "the reply has no token count")
}

func TestCountOfWhatExtraMembersMakeOfARequest(t *testing.T) {
	req := with(own(gemini.Options{
		CountBy: gemini.CountRemote, CachedContent: "projects/p/locations/l/cachedContents/1",
		Extra: map[string]any{"tools": []any{map[string]any{"novel": map[string]any{}}}, "labels": map[string]any{"a": "b"}},
	}))
	srv := llmtest.NewServer(t, llmtest.JSON(200, `{"totalTokens":5}`))
	got, err := llm.New(provider(t, gemini.Config{Server: gemini.Vertex, BaseURL: srv.URL, HTTPClient: srv.Client(), APIKey: key}), model).CountTokens(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the count", got, &llm.TokenCount{Tokens: 5, Source: "Vertex AI's countTokens; without the cached content"})
	equal(t, "the body", fromJSON(t, string(srv.Requests()[0].Body)), fromJSON(t, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"novel":{}}]}`))
}
