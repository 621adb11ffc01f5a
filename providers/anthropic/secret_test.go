package anthropic_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/anthropic"
)

func TestKeyShowsInNothingThatIsPrinted(t *testing.T) {
	header := http.Header{"X-Gateway-Key": {key}, "Authorization": {"Bearer " + key}}
	providertest.MustHide(t, key, "a config", anthropic.Config{BaseURL: "http://me:" + key + "@gateway", APIKey: key, Header: header})
	providertest.MustHide(t, key, "a config by pointer", &anthropic.Config{APIKey: key, Header: header})
	p := provider(t, anthropic.Config{APIKey: key, Header: header, HTTPClient: providertest.HidingClient(t, key, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", key)
		says(200, eventType, events(append([]string{begin, start(textBlock), delta(textDelta("x")), stopAt(0)}, end("end_turn")...)...))(w, r)
	})})
	providertest.MustHideInAnswer(t, key, llm.New(p, modelName), llm.Prompt("hi"))
}

func TestKeyThatAServerRepeatsIsNotInErrors(t *testing.T) {
	body := `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key: ` + key + `"},"request_id":"` + key + `"}`
	_, err := ask(t, handledBy(t, says(401, jsonType, body)), llm.Prompt("hi"))
	wantError(t, err, llm.Auth)
	providertest.MustHideInError(t, key, "a chat", err)
	_, err = read(t, begin, body)
	wantError(t, err, llm.Auth)
	providertest.MustHideInError(t, key, "a stream", err)
}

func TestTokenSourceThatFails(t *testing.T) {
	p := provider(t, anthropic.Config{TokenSource: func(context.Context) (string, error) { return "", errors.New("no token") }})
	_, err := ask(t, p, llm.Prompt("hi"))
	wantError(t, err, llm.Auth, "no token")
}

func TestOpenReadsTheEnvironment(t *testing.T) {
	var got *http.Request
	client := &http.Client{Transport: providertest.Handled(func(w http.ResponseWriter, r *http.Request) {
		got = r
		says(200, jsonType, `{"type":"message","content":[],"stop_reason":"end_turn"}`)(w, r)
	})}
	env := map[string]string{"ANTHROPIC_API_KEY": key, "ANTHROPIC_BASE_URL": "https://gateway.example"}
	model, err := providers.Config{HTTPClient: client, Getenv: func(name string) string { return env[name] }}.Open("anthropic/" + modelName)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	if _, err := model.Generate(t.Context(), llm.Prompt("hi")); err != nil {
		t.Fatal(err)
	}
	equal(t, "the request", []string{got.URL.String(), got.Header.Get("X-Api-Key")}, []string{"https://gateway.example/v1/messages", key})
	_, err = providers.Config{BaseURL: "gateway"}.Open("anthropic/" + modelName)
	wantError(t, err, llm.InvalidRequest)
}
