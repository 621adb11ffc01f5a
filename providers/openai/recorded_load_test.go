package openai

import (
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
)

// Exchange is one recorded request with its reply.
type Exchange = providertest.Exchange

// Exchanges returns the recorded exchanges in OpenAI's dialect, and skips the
// test where there are none.
func Exchanges(t testing.TB) []Exchange {
	t.Helper()
	var all []Exchange
	for _, folder := range []string{"openai", "azure", "compat"} {
		all = append(all, providertest.Cassettes(t, folder+"/*/*.yaml")...)
	}
	for _, pattern := range []string{
		"llamacpp/v1-*", "llamacpp/err-*", "llamacpp/overflow*", "llamacpp/midstream-crash*",
		"ollama/v1-*", "ollama/overflow-v1*", "ollama/midstream-crash-v1*",
	} {
		for _, name := range providertest.Recordings(t, pattern+".hdr") {
			e := providertest.Recording(t, name)
			e.Unending = strings.HasSuffix(name, "llamacpp/midstream-crash")
			if e.Method == "" && e.Request != "" { // only the body was recorded
				e.Request, _, _ = strings.Cut(e.Request, "\n")
				e.Method, e.Path = http.MethodPost, "/v1/chat/completions"
			}
			all = append(all, e)
		}
	}
	return all
}

// ResponsesExchanges returns the recorded exchanges of the Responses API.
func ResponsesExchanges(t testing.TB) []Exchange {
	t.Helper()
	return providertest.Cassettes(t, "openai-responses/*/*.yaml")
}
