package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

func TestHints(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&llm.Error{Kind: llm.Auth, Provider: "openai"}, "Set the environment variable OPENAI_API_KEY to a valid key."},
		{&llm.Error{Kind: llm.Auth, Provider: "mine"}, "Check the key of this provider."},
		{&llm.Error{Kind: llm.NotFound, Provider: "ollama", Model: "llama3.2"}, `Download it with "ollama pull llama3.2".`},
		{&llm.Error{Kind: llm.NotFound, Model: "fats", Message: "the config file has no model of this name"}, ""},
		{&llm.Error{Kind: llm.NotFound, Provider: "openai", Model: "gpt"}, "Check the model's name and the server's address."},
		{&llm.Error{Kind: llm.Network, Provider: "ollama"}, `Is the server running? If not, start it with "ollama serve", or set OLLAMA_HOST.`},
		{&llm.Error{Kind: llm.Network, Provider: "openai"}, "Check the network and the server's address."},
		{&llm.Error{Kind: llm.RateLimited, RetryAfter: 19600 * time.Millisecond}, "Wait 20s."},
		{&llm.Error{Kind: llm.RateLimited}, "Try again later."},
		{&llm.Error{Kind: llm.NotFound, Provider: "ollama", Model: "x", Message: "get it with: ollama pull x"}, ""},
		{&llm.Error{Kind: llm.Network, Provider: "ollama", Message: "start it with: ollama serve"}, ""},
		{&llm.Error{Kind: llm.InvalidRequest}, ""},
		{errors.New("none of ours"), ""},
	} {
		if got := hint(test.err); got != test.want {
			t.Errorf("the hint for %q is %q, want %q", test.err, got, test.want)
		}
	}
}

func TestHintsNameVariablesOfProviders(t *testing.T) {
	hosted, local := 0, 0
	for _, name := range providers.Names() {
		driver, _ := providers.Lookup(name)
		asked := map[string]bool{}
		config := providers.Config{Getenv: func(v string) string {
			asked[v] = true
			if strings.HasPrefix(v, "OLLAMA_HOST") { // its key is only read for https
				return "https://ollama.example"
			}
			return ""
		}}
		if model, err := config.Open(name + "/any"); err == nil { // it may need a key
			if err := model.Close(); err != nil {
				t.Error(err)
			}
		}
		if len(driver.KeyEnv) > 0 {
			hosted++
			if !asked[driver.KeyEnv[0]] || !strings.Contains(hint(&llm.Error{Kind: llm.Auth, Provider: name}), driver.KeyEnv[0]) {
				t.Errorf("provider %s does not read %s; it reads %v", name, driver.KeyEnv[0], asked)
			}
		}
		if driver.Start != "" {
			local++
			if !asked[driver.URLEnv] || !strings.Contains(hint(&llm.Error{Kind: llm.Network, Provider: name}), driver.URLEnv) {
				t.Errorf("provider %s does not read %s; it reads %v", name, driver.URLEnv, asked)
			}
		}
	}
	if hosted < 10 || local < 4 {
		t.Errorf("%d providers have a key and %d are local, want at least 10 and 4", hosted, local)
	}
}

func TestMessageIsOneShortLine(t *testing.T) {
	same(t, "the message", "server error: a b c", message(&llm.Error{Kind: llm.Server, Message: "a\r\n b\n\tc"}))
	long := message(errors.New(strings.Repeat("ä", 2*maxMessage)))
	if n := len([]rune(long)); n != maxMessage+1 || !strings.HasSuffix(long, "ä…") {
		t.Errorf("a long message has %d characters and ends in %q, want %d and an ellipsis", n, long[len(long)-5:], maxMessage+1)
	}
}
