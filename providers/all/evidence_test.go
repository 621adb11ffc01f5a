package all_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/reports"
	"github.com/parley-llm/parley/providers"
)

// The table of docs/servers.md says how each part of each provider is known.

// evidence is the way in which the behavior of a server is known, from the weakest.
type evidence int

const (
	untested evidence = iota // not known; the code for OpenAI's dialect applies
	source                   // read in the vendor's documents or source code
	report                   // reported in public, with the bytes or the text
	recorded                 // recorded from the server itself
)

var evidences = [...]string{"untested", "source", "report", "recorded"}

// aspects are the columns of the table.
var aspects = []string{"chat", "tools", "reasoning", "usage", "errors", "end"}

// recordings are the providers whose real replies the tests replay: the recorded exchanges of
// PARLEY_CONFORMANCE, real servers in internal/interop, and recorded bodies in internal/reports.
var recordings = map[string]string{
	"openai":     "chat tools reasoning usage errors end",
	"azure":      "chat tools reasoning usage end",
	"anthropic":  "chat tools reasoning usage errors end",
	"gemini":     "chat tools reasoning usage errors end",
	"vertex":     "chat tools reasoning usage errors end",
	"ollama":     "chat tools reasoning usage errors end",
	"llamacpp":   "chat tools reasoning usage errors end",
	"llama.cpp":  "chat tools reasoning usage errors end",
	"groq":       "chat tools usage end",
	"zai":        "chat tools reasoning usage end",
	"xai":        "usage",
	"moonshot":   "usage",
	"openrouter": "reasoning errors",
}

// documented are the parts that were read in documents or source code, cited in the table of
// servers of package openai and in the package comments of the others.
var documented = map[string]string{
	"palm": "chat usage errors end",
}

// documentedByDefault applies to the servers of OpenAI's dialect: their settings were read.
const documentedByDefault = "chat tools reasoning"

// words find a provider in the name of a report's case, besides its own name.
var words = map[string][]string{
	"xai": {"xAI"}, "zai": {"Z.ai", "Z.AI"}, "gemini-openai": {"Gemini's endpoint"}, "huggingface": {"Hugging Face"}, "nvidia": {"NVIDIA", "NIM"},
	"litellm": {"LiteLLM"}, "dashscope": {"DashScope"}, "minimax": {"MiniMax"}, "sglang": {"SGLang"}, "vllm": {"vLLM"}, "lmstudio": {"LM Studio"},
	"llama.cpp": {"llama.cpp"}, "llamacpp": {"llama.cpp"}, "deepseek": {"DeepSeek"}, "openrouter": {"OpenRouter"}, "copilot": {"Copilot"},
}

// reported returns the evidence that the reports have for each provider and aspect.
func reported(t *testing.T) map[[2]string]evidence {
	t.Helper()
	folders, err := filepath.Glob("../../internal/reports/*/report.json")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	found := map[[2]string]evidence{}
	for _, file := range folders {
		folder := filepath.Dir(file)
		r, err := reports.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		kind := report
		switch filepath.Base(folder) {
		case "documented-refusals":
			kind = source
		case "recorded-refusals":
			kind = recorded
		}
		for i := range r.Cases {
			c := &r.Cases[i]
			if c.Sibling { // made for this module, not reported
				continue
			}
			for _, name := range providers.Names() {
				if !isAbout(c, name) {
					continue
				}
				for _, aspect := range shown(&c.Want) {
					found[[2]string{name, aspect}] = max(found[[2]string{name, aspect}], kind)
				}
			}
		}
	}
	return found
}

// isAbout reports whether a case shows the behavior of a provider.
func isAbout(c *reports.Case, name string) bool {
	if provider, _, _ := strings.Cut(c.Model, "/"); provider == name && name != "openai" {
		return true
	}
	d, _ := providers.Lookup(name)
	about := append([]string{d.Title}, words[name]...)
	return slices.ContainsFunc(about, func(word string) bool { return strings.HasPrefix(c.Name, word) })
}

// shown returns the aspects that an expected result shows.
func shown(w *reports.Want) []string {
	var all []string
	for aspect, is := range map[string]bool{
		"chat": w.Text != nil || json.Valid(w.Sent), "tools": w.Calls != nil, "reasoning": w.Reasoning != nil,
		"usage": w.Usage != nil, "errors": w.Error != nil, "end": w.Finish != nil,
	} {
		if is {
			all = append(all, aspect)
		}
	}
	return all
}

// evidenceTable returns the table in Markdown.
func evidenceTable(t *testing.T) string {
	inReports := reported(t)
	var b strings.Builder
	b.WriteString("| provider | " + strings.Join(aspects, " | ") + " |\n| --- |" + strings.Repeat(" --- |", len(aspects)) + "\n")
	for _, name := range providers.Names() {
		read, special := documented[name]
		if !special {
			read = documentedByDefault
		}
		b.WriteString("| `" + name + "`")
		for _, aspect := range aspects {
			cell := inReports[[2]string{name, aspect}]
			if slices.Contains(strings.Fields(read), aspect) {
				cell = max(cell, source)
			}
			if slices.Contains(strings.Fields(recordings[name]), aspect) {
				cell = recorded
			}
			b.WriteString(" | " + evidences[cell])
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

const (
	evidenceBegins = "<!-- evidence: made from the reports and the tables by PARLEY_UPDATE=1 go test ./providers/all -->\n"
	evidenceEnds   = "<!-- end -->\n"
)

// TestTableOfEvidence compares the table with the reports. PARLEY_UPDATE=1 writes it.
func TestTableOfEvidence(t *testing.T) {
	const path = "../../docs/servers.md"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(data), evidenceBegins)
	table, after, ends := strings.Cut(rest, evidenceEnds)
	if !begins || !ends {
		t.Fatalf("%s has no table between %q and %q", path, evidenceBegins, evidenceEnds)
	}
	want := evidenceTable(t)
	if os.Getenv("PARLEY_UPDATE") != "" {
		if err := os.WriteFile(path, []byte(before+evidenceBegins+want+evidenceEnds+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Error("the table in docs/servers.md is out of date: write it with PARLEY_UPDATE=1 go test ./providers/all")
	}
	for name := range recordings {
		if _, ok := providers.Lookup(name); !ok {
			t.Errorf("there are recordings of %s, which is no provider", name)
		}
	}
}
