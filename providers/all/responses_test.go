package all_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
	"github.com/parley-llm/parley/providers/openai"
)

// The catalog and the provider know the API of OpenAI's models separately, because the
// provider knows also names that are newer than the catalog.
func TestCatalogKnowsTheModelsThatNeedResponses(t *testing.T) {
	path := ""
	p, err := openai.New(openai.Config{APIKey: "k", HTTPClient: &http.Client{Transport: providertest.RoundTrip(func(r *http.Request) (*http.Response, error) {
		io.Copy(io.Discard, r.Body)
		path = r.URL.Path
		return providertest.Respond(400, "application/json", strings.NewReader(`{"error":{"message":"no"}}`)), nil
	})}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	n := 0
	for _, m := range catalog.All() {
		name, isOpenAI := strings.CutPrefix(m.String(), "openai/")
		if !isOpenAI || strings.Contains(name, "embedding") {
			continue
		}
		if _, err := llm.New(p, name).Generate(t.Context(), llm.Prompt("hi")); err == nil {
			t.Fatal("an error became an answer")
		}
		if got := strings.HasSuffix(path, "/responses"); got != m.NeedsResponses {
			t.Errorf("%s: the path is %s, but the catalog says %v", name, path, m.NeedsResponses)
		}
		n++
	}
	if n < 20 {
		t.Errorf("the catalog has %d chat models of OpenAI", n)
	}
}
