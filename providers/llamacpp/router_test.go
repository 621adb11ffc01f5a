package llamacpp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

// router answers as llama-server b11669 does with --models-dir, its router mode. It rejects
// requests without a model. A GET has the model in the query.
func router(t *testing.T) string {
	refuse := func(w http.ResponseWriter, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"error":{"code":400,"message":"`+message+`","type":"invalid_request_error"}}`)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Model    string            `json:"model"`
			Messages []json.RawMessage `json:"messages"`
			Content  json.RawMessage   `json:"content"`
		}
		json.NewDecoder(r.Body).Decode(&body)
		if r.Method == http.MethodGet {
			body.Model = r.URL.Query().Get("model")
		}
		answer := func(text string) { w.Header().Set("Content-Type", "application/json"); io.WriteString(w, text) }
		switch {
		case r.URL.Path == "/v1/models":
			answer(`{"object":"list","data":[{"id":"small","object":"model","owned_by":"llamacpp","status":{"value":"unloaded","args":["llama-server","--ctx-size","2048"]},"architecture":{"input_modalities":["text"],"output_modalities":["text"]},"source":"models_dir","context_length":2048}]}`)
		case r.URL.Path == "/props" && body.Model == "":
			answer(`{"role":"router","max_instances":4,"models_autoload":true,"model_alias":"llama-server","model_path":"none","default_generation_settings":{"params":null,"n_ctx":0},"build_info":"b11669"}`)
		case body.Model == "":
			refuse(w, "model name is missing from the request")
		case body.Model != "small":
			refuse(w, "model '"+body.Model+"' not found")
		case r.URL.Path == "/props":
			answer(`{"default_generation_settings":{"n_ctx":2048},"total_slots":1,"model_alias":"small","model_path":"small.gguf"}`)
		case r.URL.Path == "/slots":
			answer(`[{"id":0,"is_processing":false}]`)
		case r.URL.Path == "/tokenize":
			answer(`{"tokens":[1,2,3]}`)
		case r.URL.Path == "/apply-template":
			answer(`{"prompt":"<|user|>\nhi\n<|assistant|>\nOnce"}`)
		case r.URL.Path == "/completion":
			answer(`{"content":" upon","stop":true,"model":"small","stop_type":"eos","tokens_evaluated":3,"tokens_predicted":1}`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func routed(t *testing.T, name string) *llm.Model {
	p, err := llamacpp.New(llamacpp.Config{BaseURL: router(t)})
	if err != nil {
		t.Fatal(err)
	}
	return llm.New(p, name)
}

func TestPromptFormat(t *testing.T) {
	resp, err := routed(t, "small").Generate(t.Context(), &llm.Request{
		Messages: []llm.Message{llm.User("hi")}, NonStreaming: true, Options: []llm.Options{llamacpp.Options{Template: "alpaca"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Text() != " upon" {
		t.Error(resp.Text())
	}
}

func TestCountInAPromptFormat(t *testing.T) {
	n, err := routed(t, "small").CountTokens(t.Context(), &llm.Request{
		Messages: []llm.Message{llm.User("hi")}, Options: []llm.Options{llamacpp.Options{Template: "alpaca"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n.Tokens != 3 {
		t.Error(n.Tokens)
	}
}

// Resume continues an answer in this way, too.
func TestGoOn(t *testing.T) {
	resp, err := routed(t, "small").Generate(t.Context(), &llm.Request{
		Messages: []llm.Message{llm.User("hi"), llm.Assistant("Once")}, NonStreaming: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if resp.Text() != " upon" {
		t.Error(resp.Text())
	}
}

func TestAModelThatTheRouterDoesNotHaveIsNotFound(t *testing.T) {
	_, err := routed(t, "large").Generate(t.Context(), llm.Prompt("hi"))
	if kind := llm.KindOf(err); kind != llm.NotFound {
		t.Errorf("kind %q: %v", kind, err)
	}
}

func TestTheListSaysTheContextOfModelsThatAreNotLoaded(t *testing.T) {
	list, err := routed(t, "small").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if list[0].ContextWindow != 2048 {
		t.Errorf("context window %d, want 2048", list[0].ContextWindow)
	}
}

// A router has no model of its own.
func TestPropsAndSlotsOfARouter(t *testing.T) {
	p, err := llamacpp.New(llamacpp.Config{BaseURL: router(t)})
	if err != nil {
		t.Fatal(err)
	}
	if props, err := p.Props(t.Context()); llm.KindOf(err) != llm.Unsupported || !strings.Contains(err.Error(), "name one with PropsOf") {
		t.Errorf("the router itself has the properties %v, %v", props, err)
	}
	props, err := p.PropsOf(t.Context(), "small")
	if err != nil {
		t.Fatal(err)
	}
	if props.Info.Name != "small" || props.Info.ContextWindow != 2048 {
		t.Errorf("the properties of the model are %+v", props.Info)
	}
	if _, err := p.PropsOf(t.Context(), "large"); llm.KindOf(err) != llm.NotFound {
		t.Errorf("the error for an unknown model is %v", err)
	}
	if slots, err := p.SlotsOf(t.Context(), "small"); err != nil || len(slots) != 1 {
		t.Errorf("the slots are %v, %v", slots, err)
	}
	if _, err := p.Slots(t.Context()); err == nil || !strings.Contains(err.Error(), "use the name of one of them") {
		t.Errorf("the error without a name is %v", err)
	}
}
