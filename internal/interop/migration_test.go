package interop

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	// Imported by the snippets, so that go.mod keeps it.
	_ "github.com/google/generative-ai-go/genai"
	_ "github.com/ollama/ollama/api"
	_ "github.com/sashabaranov/go-openai"
	_ "github.com/sashabaranov/go-openai/jsonschema"
	_ "github.com/tmc/langchaingo/llms"
	_ "github.com/tmc/langchaingo/llms/openai"
	_ "google.golang.org/api/iterator"
	_ "google.golang.org/api/option"

	"github.com/parley-llm/parley/internal/readme"
)

func TestSnippetsOfOtherLibrariesCompile(t *testing.T) {
	snippets, err := readme.Snippets(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	theirs := slices.DeleteFunc(snippets, func(s readme.Snippet) bool { return s.Foreign == nil })
	if len(theirs) < 10 {
		t.Fatalf("the migration guides contain %d snippets of other libraries, want at least 10", len(theirs))
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := readme.Compile(here, theirs); err != nil {
		t.Error(err)
	}
}
