package gemini_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/gemini"
)

// exchange is a recorded request with its reply.
type exchange struct {
	name    string
	url     string
	request string // body
	reply   string // body
}

func (e *exchange) streamed() bool { return strings.Contains(e.url, ":streamGenerateContent") }

// model returns the requested model.
func (e *exchange) model() string {
	name, _, _ := strings.Cut(e.url[strings.LastIndex(e.url, "/")+1:], ":")
	return name
}

// wire returns the HTTP reply.
func (e *exchange) wire() llmtest.HTTPReply {
	if e.streamed() {
		return llmtest.HTTP(http.StatusOK, "text/event-stream", e.reply)
	}
	return llmtest.JSON(http.StatusOK, e.reply)
}

// config returns the configuration for the recorded server.
func (e *exchange) config() gemini.Config {
	config := gemini.Config{APIKey: key}
	if strings.HasPrefix(e.name, "vertex") {
		_, rest, _ := strings.Cut(e.url, "/projects/")
		parts := strings.Split(rest, "/") // PROJECT/locations/LOCATION/…
		config.Server, config.Project, config.Location = gemini.Vertex, parts[0], parts[2]
	}
	return config
}

// recordings returns the recorded exchanges.
func recordings(t testing.TB) (all []exchange) {
	t.Helper()
	for _, e := range providertest.Cassettes(t, "google/*/*.yaml") {
		all = append(all, exchange{name: strings.TrimPrefix(e.Name, "google/"), url: e.URL, request: e.Request, reply: e.Body})
	}
	return all
}

// TestRecordedExchanges converts each recorded request, and compares the request that is
// sent, and the answer, with the recording.
func TestRecordedExchanges(t *testing.T) {
	all := recordings(t)
	for _, e := range all {
		t.Run(e.name, func(t *testing.T) {
			recorded := fromJSON(t, e.request).(map[string]any)
			req := requestFrom(t, &e, recorded)

			asked := sent(t, e.config(), chats(e.model(), req))
			equal(t, "the address", asked.URL, e.url)
			equal(t, "the request's body", meaning(fromJSON(t, asked.Body)), meaning(recorded))

			config := e.config()
			srv := llmtest.NewServer(t, e.wire())
			config.BaseURL, config.HTTPClient = srv.URL, srv.Client()
			resp, err := llm.New(provider(t, config), e.model()).Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			checkReading(t, resp, readReply(e.reply))
		})
	}
	t.Logf("%d recorded exchanges", len(all))
}

// requestFrom converts a recorded body to a request.
func requestFrom(t testing.TB, e *exchange, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{NonStreaming: !e.streamed()}
	var own gemini.Options
	name := e.config().Server
	if name == "" {
		name = gemini.Gemini
	}
	if system := at[[]any](body, "systemInstruction", "parts"); system != nil {
		req.Messages = append(req.Messages, llm.System(at[string](system[0], "text")))
	}
	for _, m := range at[[]any](body, "contents") {
		req.Messages = append(req.Messages, messageFrom(t, string(name), m))
	}
	for name, value := range at[map[string]any](body, "generationConfig") {
		switch name {
		case "maxOutputTokens":
			req.MaxTokens = int(value.(float64))
		case "temperature":
			req.Temperature = new(value.(float64))
		case "thinkingConfig":
			own.ThinkingBudget = new(int(at[float64](value, "thinkingBudget")))
			own.IncludeThoughts = new(at[bool](value, "includeThoughts"))
		case "responseMimeType":
			req.Format = &llm.Format{Schema: json.RawMessage(mustJSON(t, at[any](body, "generationConfig", "responseJsonSchema")))}
		case "responseJsonSchema":
		default:
			t.Fatalf("the recorded request has a setting that this test does not convert: %s", name)
		}
	}
	for _, tool := range at[[]any](body, "tools") {
		for _, f := range at[[]any](tool, "functionDeclarations") {
			req.Tools = append(req.Tools, llm.Tool{
				Name: at[string](f, "name"), Description: at[string](f, "description"), Parameters: json.RawMessage(mustJSON(t, lowerTypes(at[any](f, "parameters")))),
			})
		}
	}
	if at[string](body, "toolConfig", "functionCallingConfig", "mode") == "AUTO" {
		req.ToolChoice.Mode = llm.ToolAuto
	}
	req.Options = options(own)
	return req
}

func messageFrom(t testing.TB, provider string, m any) llm.Message {
	t.Helper()
	message := llm.Message{Role: llm.RoleUser}
	if at[string](m, "role") == "model" {
		message.Role = llm.RoleAssistant
	}
	for _, p := range at[[]any](m, "parts") {
		var data *llm.ProviderData
		if signature := at[string](p, "thoughtSignature"); signature != "" {
			data = &llm.ProviderData{Provider: provider, Data: []byte(mustJSON(t, map[string]string{"signature": signature}))}
		}
		call, response := at[map[string]any](p, "functionCall"), at[map[string]any](p, "functionResponse")
		switch {
		case call != nil:
			message.Parts = append(message.Parts, llm.ToolCall{
				ID: at[string](call, "id"), Name: at[string](call, "name"), Arguments: mustJSON(t, call["args"]), ProviderData: data,
			})
		case response != nil:
			message.Role = llm.RoleTool
			message.Parts = append(message.Parts, llm.ToolResult{
				CallID: at[string](response, "id"), Name: at[string](response, "name"), Content: mustJSON(t, response["response"]),
			})
		default:
			message.Parts = append(message.Parts, llm.Text{Text: at[string](p, "text"), ProviderData: data})
		}
	}
	return message
}

// lowerTypes converts a schema in the API's old format to JSON Schema.
func lowerTypes(schema any) any {
	object, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	out := make(map[string]any)
	for name, value := range object {
		if text, isText := value.(string); name == "type" && isText {
			value = strings.ToLower(text)
		}
		out[name] = lowerTypes(value)
	}
	return out
}

// meaning returns a body without insignificant differences: parameters of
// tools can be in JSON Schema or in the API's older format, and the system
// instruction's role has no effect.
func meaning(body any) any {
	object := body.(map[string]any)
	for _, tool := range at[[]any](object, "tools") {
		for _, f := range at[[]any](tool, "functionDeclarations") {
			f := f.(map[string]any)
			if old, ok := f["parameters"]; ok {
				delete(f, "parameters")
				f["parametersJsonSchema"] = lowerTypes(old)
			}
		}
	}
	if system := at[map[string]any](object, "systemInstruction"); system != nil {
		delete(system, "role")
	}
	return object
}

// TestRecordedToolConversations replays each recorded conversation of two turns. The request
// of the second turn must be equal to the recorded one, including the bytes of thought
// signatures.
func TestRecordedToolConversations(t *testing.T) {
	all := recordings(t)
	held, signatures := 0, 0
	for i := 0; i+1 < len(all); i++ {
		first, second := all[i], all[i+1]
		if first.name != second.name {
			continue
		}
		held++
		t.Run(first.name, func(t *testing.T) {
			recorded := fromJSON(t, second.request).(map[string]any)
			req := requestFrom(t, &first, fromJSON(t, first.request).(map[string]any))
			config := first.config()
			srv := llmtest.NewServer(t, first.wire(), second.wire())
			config.BaseURL, config.HTTPClient = srv.URL, srv.Client()
			m := llm.New(provider(t, config), first.model())
			resp, err := m.Generate(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			req.Messages = append(req.Messages, resp.Messages...)
			req.Messages = append(req.Messages, resultsFrom(t, recorded, resp.ToolCalls()))
			if _, err := m.Generate(t.Context(), throughJSON(t, req)); err != nil {
				t.Fatal(err)
			}
			again := fromJSON(t, string(srv.Requests()[1].Body))
			withoutIDs(again)
			withoutIDs(recorded) // which the recording's client made up
			equal(t, "the second request", meaning(again), meaning(recorded))
			for _, signature := range readReply(first.reply).Signatures {
				signatures++
				if !strings.Contains(string(srv.Requests()[1].Body), `"thoughtSignature":"`+signature+`"`) {
					t.Errorf("the second request does not have the signature %.30s…", signature)
				}
			}
		})
	}
	t.Logf("%d conversations, %d thought signatures", held, signatures)
	if held == 0 || signatures == 0 {
		t.Error("there are no recorded conversations with thought signatures")
	}
}

// resultsFrom returns the tool results of the recorded second turn.
func resultsFrom(t testing.TB, recorded map[string]any, calls []llm.ToolCall) llm.Message {
	t.Helper()
	contents := at[[]any](recorded, "contents")
	var results []llm.ToolResult
	for i, p := range at[[]any](contents[len(contents)-1], "parts") {
		results = append(results, llm.ToolResult{CallID: calls[i].ID, Content: mustJSON(t, at[any](p, "functionResponse", "response"))})
	}
	return llm.ToolResults(results...)
}

// throughJSON encodes and decodes the messages of a request.
func throughJSON(t testing.TB, req *llm.Request) *llm.Request {
	t.Helper()
	again := *req
	again.Messages = nil
	if err := json.Unmarshal([]byte(mustJSON(t, req.Messages)), &again.Messages); err != nil {
		t.Fatal(err)
	}
	return &again
}

func withoutIDs(body any) {
	for _, m := range at[[]any](body, "contents") {
		for _, p := range at[[]any](m, "parts") {
			delete(at[map[string]any](p, "functionCall"), "id")
			delete(at[map[string]any](p, "functionResponse"), "id")
		}
	}
}
