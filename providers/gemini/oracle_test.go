package gemini_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

// These tests compare the requests of the vendor's client with those of the provider.

// vendorSends returns the request that genai sends.
func vendorSends(t testing.TB, config genai.ClientConfig, call func(context.Context, *genai.Client) error) request {
	t.Helper()
	for _, name := range []string{ // which the vendor's client reads
		"GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_CLOUD_REGION",
		"GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE",
	} {
		t.Setenv(name, "")
	}
	var got request
	config.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		got = request{Method: r.Method, URL: r.URL.String(), Header: r.Header, Body: string(data)}
		w := httptest.NewRecorder()
		says(http.StatusTeapot, "application/json", `{"error":{"code":418,"message":"only looking"}}`)(w, r)
		return w.Result(), nil
	})}
	client, err := genai.NewClient(t.Context(), &config)
	if err != nil {
		t.Fatal(err)
	}
	if err := call(t.Context(), client); err == nil || got.URL == "" {
		t.Fatalf("the server did not reject the request of genai; it was sent to %q and gave the error: %v", got.URL, err)
	}
	return got
}

// generates returns a call of genai for content.
func generates(model string, contents []*genai.Content, config *genai.GenerateContentConfig) func(context.Context, *genai.Client) error {
	return func(ctx context.Context, c *genai.Client) error {
		for _, err := range c.Models.GenerateContentStream(ctx, model, contents, config) {
			return err
		}
		return nil
	}
}

// server is the configuration of both clients for one server.
type server struct {
	name   string
	ours   gemini.Config
	theirs genai.ClientConfig
}

var servers = []server{
	{"the Gemini API", gemini.Config{APIKey: key}, genai.ClientConfig{APIKey: key, Backend: genai.BackendGeminiAPI}},
	{"Vertex AI", gemini.Config{Server: gemini.Vertex, Project: "p", Location: "europe-west4", TokenSource: aToken},
		genai.ClientConfig{Project: "p", Location: "europe-west4", Backend: genai.BackendVertexAI}},
	{"Vertex AI, everywhere", gemini.Config{Server: gemini.Vertex, Project: "p", TokenSource: aToken},
		genai.ClientConfig{Project: "p", Location: "global", Backend: genai.BackendVertexAI}},
	{"Vertex AI, in the EU", gemini.Config{Server: gemini.Vertex, Project: "p", Location: "eu", TokenSource: aToken},
		genai.ClientConfig{Project: "p", Location: "eu", Backend: genai.BackendVertexAI}},
	{"Vertex AI, by express key", gemini.Config{Server: gemini.Vertex, APIKey: key}, genai.ClientConfig{APIKey: key, Backend: genai.BackendVertexAI}},
	{"a gateway", gemini.Config{APIKey: key, BaseURL: "https://gateway.example/google/", APIVersion: "v1"},
		genai.ClientConfig{APIKey: key, Backend: genai.BackendGeminiAPI, HTTPOptions: genai.HTTPOptions{BaseURL: "https://gateway.example/google/", APIVersion: "v1"}}},
}

func aToken(context.Context) (string, error) { return "ya29.token-0123456789", nil }

func TestURLsMatchGenai(t *testing.T) {
	for _, s := range servers {
		models := []string{"gemini-2.5-flash", "models/gemini-2.5-flash"}
		if s.ours.Server == gemini.Vertex {
			models = append(models, "meta/llama-4", "publishers/google/models/x", "projects/q/locations/l/endpoints/7")
		} else {
			models = append(models, "tunedModels/mine-7")
		}
		for _, name := range models {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				theirs := vendorSends(t, s.theirs, generates(name, genai.Text("hi"), nil))
				ours := sent(t, s.ours, chats(name, llm.Prompt("hi")))
				equal(t, "method and address", []string{ours.Method, ours.URL}, []string{theirs.Method, theirs.URL})
				if s.ours.APIKey != "" {
					equal(t, "the key's header", ours.Header["X-Goog-Api-Key"], theirs.Header["X-Goog-Api-Key"])
				} else {
					equal(t, "the token's header", ours.Header["Authorization"], []string{"Bearer ya29.token-0123456789"})
				}
			})
		}
	}
}

// config returns a configuration with all settings that both servers support.
func config() *genai.GenerateContentConfig {
	return &genai.GenerateContentConfig{
		SystemInstruction: &genai.Content{Parts: []*genai.Part{{Text: "Be brief."}}, Role: "user"},
		Temperature:       genai.Ptr[float32](0.5), TopP: genai.Ptr[float32](0), TopK: genai.Ptr[float32](40), CandidateCount: 1, MaxOutputTokens: 100,
		StopSequences: []string{"END"}, ResponseLogprobs: true, Logprobs: genai.Ptr[int32](3),
		PresencePenalty: genai.Ptr[float32](0.25), FrequencyPenalty: genai.Ptr[float32](-0.25), Seed: genai.Ptr[int32](7),
		ResponseMIMEType: "application/json", ResponseSchema: &genai.Schema{Type: genai.TypeObject, Properties: map[string]*genai.Schema{"a": {Type: genai.TypeInteger, Minimum: genai.Ptr(1.5)}}},
		SafetySettings: []*genai.SafetySetting{{Category: genai.HarmCategoryHarassment, Threshold: genai.HarmBlockThresholdBlockNone}},
		Tools: []*genai.Tool{
			{FunctionDeclarations: []*genai.FunctionDeclaration{
				{Name: "f", Description: "d", Parameters: &genai.Schema{Type: genai.TypeObject, Required: []string{"x"}}, Response: &genai.Schema{Type: genai.TypeString}},
				{Name: "g", ParametersJsonSchema: map[string]any{"type": "object"}},
			}},
			{GoogleSearch: &genai.GoogleSearch{TimeRangeFilter: &genai.Interval{StartTime: time.Unix(0, 0).UTC(), EndTime: time.Unix(1e9, 0).UTC()}}},
			{CodeExecution: &genai.ToolCodeExecution{}}, {URLContext: &genai.URLContext{}}, {GoogleMaps: &genai.GoogleMaps{EnableWidget: genai.Ptr(true)}},
			{GoogleSearchRetrieval: &genai.GoogleSearchRetrieval{DynamicRetrievalConfig: &genai.DynamicRetrievalConfig{DynamicThreshold: genai.Ptr[float32](0)}}},
		},
		ToolConfig: &genai.ToolConfig{
			FunctionCallingConfig: &genai.FunctionCallingConfig{Mode: genai.FunctionCallingConfigModeAny, AllowedFunctionNames: []string{"f"}},
			RetrievalConfig:       &genai.RetrievalConfig{LatLng: &genai.LatLng{Latitude: genai.Ptr(1.5), Longitude: genai.Ptr(0.0)}},
		},
		CachedContent: "abc", Labels: map[string]string{"a": "b"}, ResponseModalities: []string{"TEXT", "IMAGE"}, MediaResolution: genai.MediaResolutionLow,
		SpeechConfig:   &genai.SpeechConfig{LanguageCode: "de-DE", VoiceConfig: &genai.VoiceConfig{PrebuiltVoiceConfig: &genai.PrebuiltVoiceConfig{VoiceName: "Kore"}}},
		ThinkingConfig: &genai.ThinkingConfig{IncludeThoughts: true, ThinkingBudget: genai.Ptr[int32](0)},
		ImageConfig:    &genai.ImageConfig{AspectRatio: "16:9", ImageSize: "2K"}, ServiceTier: "flex", ContinuationToken: []byte("tok"),
		AudioTranscriptionConfig: &genai.AudioTranscriptionConfig{},
	}
}

func TestConfigurationsMatchGenai(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			whole := config()
			if s.ours.Server == gemini.Vertex {
				whole.AudioTimestamp, whole.ModelArmorConfig = true, &genai.ModelArmorConfig{PromptTemplateName: "x"}
				whole.ModelSelectionConfig = &genai.ModelSelectionConfig{FeatureSelectionPreference: genai.FeatureSelectionPreferencePrioritizeCost}
				whole.RoutingConfig = &genai.GenerationConfigRoutingConfig{ManualMode: &genai.GenerationConfigRoutingConfigManualRoutingMode{ModelName: "m"}}
				whole.SafetySettings[0].Method = genai.HarmBlockMethodSeverity
				whole.Tools = append(whole.Tools, &genai.Tool{Retrieval: &genai.Retrieval{VertexAISearch: &genai.VertexAISearch{Datastore: "d"}}}, &genai.Tool{EnterpriseWebSearch: &genai.EnterpriseWebSearch{}})
				whole.ImageConfig.OutputMIMEType, whole.ImageConfig.OutputCompressionQuality = "image/jpeg", genai.Ptr[int32](0)
			} else {
				whole.EnableEnhancedCivicAnswers, whole.Store = genai.Ptr(false), genai.Ptr(false)
				whole.ToolConfig.IncludeServerSideToolInvocations = genai.Ptr(true)
				whole.Tools = append(whole.Tools, &genai.Tool{FileSearch: &genai.FileSearch{FileSearchStoreNames: []string{"s"}}})
			}
			before := mustJSON(t, whole)
			theirs := vendorSends(t, s.theirs, generates(model, genai.Text("hi"), copyOf(t, whole)))
			ours := sent(t, s.ours, chats(model, with(own(gemini.Options{Hook: func(c *genai.GenerateContentConfig) { *c = *whole }}))))
			equal(t, "the body", fromJSON(t, ours.Body), fromJSON(t, theirs.Body))
			equal(t, "the configuration afterwards", mustJSON(t, whole), before)
		})
	}
}

// copyOf returns a deep copy, because genai modifies its argument.
func copyOf(t testing.TB, c *genai.GenerateContentConfig) *genai.GenerateContentConfig {
	t.Helper()
	again := new(genai.GenerateContentConfig)
	if err := json.Unmarshal([]byte(mustJSON(t, c)), again); err != nil {
		t.Fatal(err)
	}
	return again
}

func TestMessagesMatchGenai(t *testing.T) {
	data := func(provider string) *llm.ProviderData {
		return &llm.ProviderData{Provider: provider, Data: []byte(`{"signature":"c2ln"}`)}
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			name := "gemini"
			if s.ours.Server == gemini.Vertex {
				name = "vertex"
			}
			theirs := vendorSends(t, s.theirs, generates(model, []*genai.Content{
				{Role: "user", Parts: []*genai.Part{{Text: "see <&>"}, {InlineData: &genai.Blob{MIMEType: "image/png", Data: []byte("hi")}}, {FileData: &genai.FileData{FileURI: "gs://b/f", MIMEType: "video/mp4"}}}},
				{Role: "model", Parts: []*genai.Part{
					{Text: "hm", Thought: true, ThoughtSignature: []byte("sig")}, {Text: "So", ThoughtSignature: []byte("sig")},
					{FunctionCall: &genai.FunctionCall{ID: "c1", Name: "f", Args: map[string]any{"a": 1.5}}, ThoughtSignature: []byte("sig")},
					{ExecutableCode: &genai.ExecutableCode{Code: "x", Language: genai.LanguagePython}}, {CodeExecutionResult: &genai.CodeExecutionResult{Outcome: genai.OutcomeOK, Output: "y"}},
				}},
				{Role: "user", Parts: []*genai.Part{{FunctionResponse: &genai.FunctionResponse{ID: "c1", Name: "f", Response: map[string]any{"output": "z"}}}}},
			}, nil))
			ours := sent(t, s.ours, chats(model, &llm.Request{Messages: []llm.Message{
				llm.User("see <&>", llm.Image{MediaType: "image/png", Data: []byte("hi")}, llm.File{URL: "gs://b/f", MediaType: "video/mp4"}),
				{Role: llm.RoleAssistant, Parts: []llm.Part{
					llm.Reasoning{Text: "hm", ProviderData: data(name)}, llm.Text{Text: "So", ProviderData: data(name)},
					llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"a":1.5}`, ProviderData: data(name)},
					llm.Code{Source: "x", Language: "PYTHON"}, llm.Code{Output: "y", Outcome: "OUTCOME_OK"},
				}},
				llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "z"}),
			}}))
			equal(t, "the body", fromJSON(t, ours.Body), fromJSON(t, theirs.Body))
		})
	}
}

func TestEmbeddingsMatchGenai(t *testing.T) {
	for _, s := range servers {
		for name, inputs := range map[string][]string{"text-embedding-005": {"a", "b"}, "gemini-embedding-001": {"a"}, "gemini-embedding-2": {"a"}} {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				var contents []*genai.Content
				for _, text := range inputs {
					contents = append(contents, genai.NewContentFromText(text, ""))
				}
				theirs := vendorSends(t, s.theirs, func(ctx context.Context, c *genai.Client) error {
					_, err := c.Models.EmbedContent(ctx, name, contents, &genai.EmbedContentConfig{
						TaskType: "RETRIEVAL_DOCUMENT", Title: "T", OutputDimensionality: genai.Ptr[int32](256),
					})
					return err
				})
				ours := sent(t, s.ours, func(ctx context.Context, p *gemini.Provider) error {
					_, err := llm.New(p, name).Embed(ctx, &llm.EmbedRequest{
						Inputs: inputs, Dimensions: 256, Options: options(gemini.Options{TaskType: "RETRIEVAL_DOCUMENT", Title: "T"}),
					})
					return err
				})
				equal(t, "method and address", []string{ours.Method, ours.URL}, []string{theirs.Method, theirs.URL})
				got := fromJSON(t, ours.Body)
				if s.ours.Server == gemini.Vertex {
					settings := at[map[string]any](got, "parameters")
					if settings == nil {
						settings = at[map[string]any](got, "embedContentConfig")
					}
					equal(t, "whether a text that is too long is cut", settings["autoTruncate"], any(false))
					delete(settings, "autoTruncate") // genai does not send it, and the server truncates
				}
				equal(t, "the body", withoutRoles(got), withoutRoles(fromJSON(t, theirs.Body)))
			})
		}
	}
}

// withoutRoles removes the roles from a request for embeddings. They have no meaning there.
func withoutRoles(body any) any {
	for _, r := range at[[]any](body, "requests") {
		delete(at[map[string]any](r, "content"), "role")
	}
	delete(at[map[string]any](body, "content"), "role")
	return body
}

func TestRemoteCountsMatchGenai(t *testing.T) {
	req := with(func(r *llm.Request) {
		r.Messages = append([]llm.Message{llm.System("Be brief.")}, r.Messages...)
		r.Tools = []llm.Tool{{Name: "g", Parameters: json.RawMessage(`{"type":"object"}`)}}
		r.Options = options(gemini.Options{CountBy: gemini.CountRemote})
	})
	instruction := &genai.Content{Parts: []*genai.Part{{Text: "Be brief."}}}
	tools := []*genai.Tool{{FunctionDeclarations: []*genai.FunctionDeclaration{{Name: "g", ParametersJsonSchema: map[string]any{"type": "object"}}}}}
	counts := func(ctx context.Context, p *gemini.Provider) error {
		_, err := llm.New(p, model).CountTokens(ctx, req)
		return err
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			ours := sent(t, s.ours, counts)
			config := &genai.CountTokensConfig{SystemInstruction: instruction, Tools: tools}
			isVertex := s.ours.Server == gemini.Vertex
			if !isVertex { // where genai counts no more than the contents
				config = nil
			}
			theirs := vendorSends(t, s.theirs, func(ctx context.Context, c *genai.Client) error {
				_, err := c.Models.CountTokens(ctx, model, genai.Text("hi"), config)
				return err
			})
			equal(t, "method and address", []string{ours.Method, ours.URL}, []string{theirs.Method, theirs.URL})
			if isVertex {
				equal(t, "the body", meaning(fromJSON(t, ours.Body)), meaning(fromJSON(t, theirs.Body)))
				return
			}
			chat := vendorSends(t, s.theirs, generates(model, genai.Text("hi"), &genai.GenerateContentConfig{SystemInstruction: instruction, Tools: tools}))
			want := fromJSON(t, chat.Body).(map[string]any)
			want["model"] = "models/" + model
			delete(want, "generationConfig") // which is empty
			meaning(want)
			equal(t, "the body", fromJSON(t, ours.Body), any(map[string]any{"generateContentRequest": want}))
		})
	}
}
