package palm_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/palm"
)

const key = "AIzaSy-test-0123456789abcdef"

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	header := http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}}
	providertest.MustHide(t, key, "a config", palm.Config{BaseURL: "https://me:" + key + "@palm.example", APIKey: key, Header: header})
	providertest.MustHide(t, key, "a config by pointer", &palm.Config{APIKey: key, Header: header})
	p := provider(t, palm.Config{BaseURL: "https://palm.example", APIKey: key, Header: header, HTTPClient: providertest.HidingClient(t, key, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", key)
		providertest.Says(200, "application/json", `{"candidates":[{"content":"x"}]}`)(w, r)
	})})
	providertest.MustHideInAnswer(t, key, llm.New(p, chatModel), llm.Prompt("hi"))
}

func TestKeyShowsInNoError(t *testing.T) {
	echo := `{"error":{"code":400,"message":"API key ` + key + ` not valid.","status":"BAD_` + key + `","details":[{"@type":"x/google.rpc.ErrorInfo","reason":"` + key + `"}]}}`
	for name, reply := range map[string]http.HandlerFunc{
		"a refusal":         providertest.Says(400, "application/json", echo),
		"an error inside":   providertest.Says(200, "application/json", echo),
		"a web page":        providertest.Says(200, "text/html", "<title>"+key+"</title>"),
		"a withheld answer": providertest.Says(200, "application/json", `{"filters":[{"reason":"`+key+`","message":"`+key+`"}]}`),
		"a wrong type":      providertest.Says(200, "text/"+key, "x"),
		"half of the JSON":  providertest.Says(200, "application/json", `{"`+key+`"`),
		"a header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Request-Id", key)
			w.WriteHeader(500)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := llm.New(provider(t, palm.Config{BaseURL: "https://palm.example", APIKey: key, HTTPClient: providertest.HidingClient(t, key, reply)}), chatModel)
			_, asked := m.Generate(t.Context(), llm.Prompt("hi"))
			_, counted := m.CountTokens(t.Context(), llm.Prompt("hi"))
			for op, err := range map[string]error{"chat": asked, "count": counted} {
				providertest.MustHideInError(t, key, op, err)
			}
		})
	}
}
