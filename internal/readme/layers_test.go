package readme

import (
	"strings"
	"testing"
)

// Packages import only packages below them, as docs/architecture.md says.
func TestImportsPointOneWay(t *testing.T) {
	forbidden := []struct{ from, to string }{
		{"llm", "providers"},
		{"llm", "llm/llmutil"},
		{"llm", "llm/middleware"},
		{"llm/llmutil", "llm/middleware"},
		{"llm/middleware", "llm/tool"},
		{"internal/httpcall", "providers"},
		{"internal/stream", "providers"},
		{"internal/stream", "internal/provider"},
		{"internal/provider", "providers"},
		{"providers", "providers/config"},
		{"providers/catalog", "providers"},
		{"providers/openai", "providers/config"},
		{"providers/gemini", "providers/config"},
		{"providers/ollama", "providers/config"},
		{"providers/llamacpp", "providers/config"},
		{"providers/palm", "providers/config"},
	}
	linked := map[string]map[string]bool{}
	for _, line := range lines(t, "list", "-f", "{{$p := .ImportPath}}{{range .Deps}}{{$p}} {{.}}\n{{end}}", "../../llm/...", "../../providers/...", "../../internal/...") {
		from, to, _ := strings.Cut(line, " ")
		from, to = strings.TrimPrefix(from, module), strings.TrimPrefix(to, module)
		if linked[from] == nil {
			linked[from] = map[string]bool{}
		}
		linked[from][to] = true
	}
	if len(linked["providers/config"]) == 0 {
		t.Fatal("found no imports of providers/config: does the test look in the right place?")
	}
	for _, f := range forbidden {
		if linked[f.from][f.to] {
			t.Errorf("package %s links %s: see docs/architecture.md", f.from, f.to)
		}
	}
	for from, deps := range linked {
		if strings.HasPrefix(from, "llm") && from != "llm/tokens" {
			for to := range deps {
				if strings.HasPrefix(to, "providers") {
					t.Errorf("package %s links %s: packages below llm must not import providers", from, to)
				}
			}
		}
	}
}
