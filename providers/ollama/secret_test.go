package ollama_test

import (
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	const key = "sk-ollama-0123456789abcdef"
	header := http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}}
	providertest.MustHide(t, key, "a config", ollama.Config{BaseURL: "http://me:" + key + "@gpu-box", APIKey: key, Header: header})
	providertest.MustHide(t, key, "a config by pointer", &ollama.Config{APIKey: key, Header: header})
	p := provider(t, ollama.Config{APIKey: key, Header: header, HTTPClient: providertest.HidingClient(t, key, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", key)
		says(200, "application/json", `{"message":{"role":"assistant","content":"x"},"done":true,"done_reason":"stop"}`)(w, r)
	})})
	providertest.MustHideInAnswer(t, key, llm.New(p, "m"), llm.Prompt("hi"))
}
