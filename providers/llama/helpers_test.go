package llama_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/gguf/gguftest"
	"github.com/parley-llm/parley/internal/tinyllama"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/llama"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a chat template whose prompts end in a newline, as the scripted models need it.
const lines = `{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}{{ 'assistant:\n' }}{% endif %}`

// file returns the path of a model of package tinyllama, with further metadata.
func file(t testing.TB, name string, metadata map[string]any) string {
	t.Helper()
	i := slices.IndexFunc(tinyllama.Ready(), func(m tinyllama.Model) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("there is no model %q", name)
	}
	data, err := tinyllama.Ready()[i].File()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".gguf")
	if err := os.WriteFile(path, with(t, data, metadata), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// with returns a GGUF file with further metadata.
func with(t testing.TB, data []byte, metadata map[string]any) []byte {
	t.Helper()
	parsed, err := gguf.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	all := maps.Clone(parsed.Metadata)
	maps.Copy(all, metadata)
	out := new(gguftest.File)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		switch v := all[key].(type) {
		case nil:
		case int64:
			out.Set(key, uint32(v))
		case float64:
			out.Set(key, float32(v))
		default:
			out.Set(key, v)
		}
	}
	for _, tensor := range parsed.Tensors {
		out.Add(tensor.Name, tensor.Type, tensor.Data, tensor.Dims...)
	}
	return out.Bytes()
}

// provider returns a provider until the end of the test.
func provider(t testing.TB, config llama.Config) *llama.Provider {
	t.Helper()
	p, err := llama.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// model returns a model of package tinyllama that answers by the template.
func model(t testing.TB, name, template string) *llm.Model {
	t.Helper()
	return llm.New(provider(t, llama.Config{}), file(t, name, map[string]any{"tokenizer.chat_template": template}))
}

// greedy returns a request whose answer is always the same.
func greedy(text string) *llm.Request {
	r := llm.Prompt(text)
	r.Temperature = new(0.0)
	return r
}

func generate(t testing.TB, m *llm.Model, r *llm.Request) *llm.Response {
	t.Helper()
	resp, err := m.Generate(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
