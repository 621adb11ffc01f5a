package llamacpp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llamacpp"
)

const key = "sk-llama-0123456789abcdef"

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	header := http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}}
	providertest.MustHide(t, key, "a config", llamacpp.Config{BaseURL: "http://me:" + key + "@gpu-box", APIKey: key, Header: header})
	providertest.MustHide(t, key, "a config by pointer", &llamacpp.Config{APIKey: key, Header: header})
	p := provider(t, llamacpp.Config{APIKey: key, Header: header, HTTPClient: providertest.HidingClient(t, key, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", key)
		body := `{"content":"x","stop":true,"stop_type":"eos"}`
		if r.URL.Path == "/tokenize" {
			body = `{"tokens":[1,2]}`
		}
		providertest.Says(200, "application/json", body)(w, r)
	})})
	req := &llm.Request{Messages: []llm.Message{llm.User("hi")}, Options: []llm.Options{llamacpp.Options{Template: "plain"}}}
	providertest.MustHideInAnswer(t, key, llm.New(p, "m"), req)
}

func TestKeyShowsInNoError(t *testing.T) {
	echo := `{"error":{"code":401,"message":"Invalid API Key ` + key + `","type":"bad_` + key + `"}}`
	for name, reply := range map[string]http.HandlerFunc{
		"a refusal":        providertest.Says(401, "application/json", echo),
		"an error inside":  providertest.Says(200, "application/json", echo),
		"an error frame":   providertest.Says(200, "text/event-stream", "data: "+echo+"\n\n"),
		"an error field":   providertest.Says(200, "text/event-stream", "error: "+echo+"\n\n"),
		"a web page":       providertest.Says(200, "text/html", "<title>"+key+"</title>"),
		"a wrong type":     providertest.Says(200, "text/"+key, "x"),
		"half of the JSON": providertest.Says(200, "application/json", `{"`+key+`"`),
		"a header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", key)
			w.WriteHeader(500)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, llamacpp.Config{APIKey: key, HTTPClient: providertest.HidingClient(t, key, reply)})
			m := llm.New(p, "m")
			named := &llm.Request{Messages: []llm.Message{llm.User("hi")}, Options: []llm.Options{llamacpp.Options{Template: "plain"}}}
			begun := &llm.Request{Messages: []llm.Message{llm.User("hi"), llm.Assistant("Well")}}
			for op, call := range map[string]func(context.Context) error{
				"chat":                   func(ctx context.Context) error { _, err := m.Generate(ctx, llm.Prompt("hi")); return err },
				"chat in a named format": func(ctx context.Context) error { _, err := m.Generate(ctx, named); return err },
				"the rest of an answer":  func(ctx context.Context) error { _, err := m.Generate(ctx, begun); return err },
				"count":                  func(ctx context.Context) error { _, err := m.CountTokens(ctx, llm.Prompt("hi")); return err },
				"embed": func(ctx context.Context) error {
					_, err := m.Embed(ctx, &llm.EmbedRequest{Inputs: []string{"x"}})
					return err
				},
				"list":                     func(ctx context.Context) error { _, err := m.ListModels(ctx); return err },
				"the server's properties":  func(ctx context.Context) error { _, err := p.Props(ctx); return err },
				"what the slots are doing": func(ctx context.Context) error { _, err := p.Slots(ctx); return err },
			} {
				providertest.MustHideInError(t, key, op, call(t.Context()))
			}
		})
	}
}
