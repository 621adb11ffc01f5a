package llama_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/tinyllama"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/llama"
)

// says returns the text of a scripted model.
func says(name string) string {
	for _, m := range tinyllama.Ready() {
		if m.Name == name {
			return m.Says
		}
	}
	return ""
}

func TestAnswerIsStreamed(t *testing.T) {
	m := model(t, "chain", lines)
	var pieces []string
	s := m.Stream(t.Context(), greedy("Hello"))
	for text, err := range s.Text() {
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, text)
	}
	if got, want := strings.Join(pieces, ""), says("chain"); got != want {
		t.Errorf("the answer is %q, want %q", got, want)
	}
	if len(pieces) < 8 {
		t.Errorf("the answer came in %d pieces", len(pieces))
	}
	resp := s.Response()
	count, err := m.CountTokens(t.Context(), greedy("Hello"))
	if err != nil {
		t.Fatal(err)
	}
	want := llm.Usage{Input: llm.Known(count.Tokens), CacheRead: llm.Known(0), Output: llm.Known(15)}
	if diff := cmp.Diff(want, resp.Usage); diff != "" || resp.FinishReason != llm.FinishStop || !count.Exact {
		t.Errorf("finish reason %q, count %+v, usage (-want +got):\n%s", resp.FinishReason, count, diff)
	}
}

func TestAnswerEnds(t *testing.T) {
	m := model(t, "loop", lines)
	r := greedy("Hello")
	r.MaxTokens = 7
	resp := generate(t, m, r)
	if got, want := resp.Text(), " round and round it goes, round and round it goes, round"; got != want || resp.FinishReason != llm.FinishLength {
		t.Errorf("with MaxTokens 7: %q (%s), want %q", got, resp.FinishReason, want)
	}
	r.MaxTokens, r.Stop = 50, []string{"nothing", "und it g"}
	resp = generate(t, m, r)
	if got, want := resp.Text(), " round and ro"; got != want || resp.FinishReason != llm.FinishStop {
		t.Errorf("with a stop string across tokens: %q (%s), want %q", got, resp.FinishReason, want)
	}
}

func TestReasoningAndToolCallsAreParsed(t *testing.T) {
	resp := generate(t, model(t, "think", lines+`{# <think> </think> #}`), greedy("Hello"))
	if got := resp.Reasoning(); got != "Let me ponder this." || resp.Text() != "The answer is 42." || resp.Usage.Reasoning.N == 0 {
		t.Errorf("reasoning %q, text %q, usage %v", got, resp.Text(), resp.Usage)
	}
	for name, template := range map[string]string{
		"toolxml": lines + `{# <tool_call> #}`,
		"tool":    lines + `{% if tools %}{% endif %}{# <|eot_id|> #}`,
	} {
		r := greedy("Weather?")
		r.Tools = []llm.Tool{{Name: "get_weather", Parameters: []byte(`{"type":"object","properties":{"city":{"type":"string"}}}`)}}
		resp := generate(t, model(t, name, template), r)
		calls := resp.ToolCalls()
		if len(calls) != 1 || calls[0].Name != "get_weather" || calls[0].Arguments != `{"city": "Paris"}` || len(calls[0].ID) != 9 || resp.FinishReason != llm.FinishToolCalls {
			t.Errorf("%s: calls %+v, finish reason %q, text %q", name, calls, resp.FinishReason, resp.Text())
		}
		r.Tools = nil
		if resp = generate(t, model(t, name, template), r); resp.Text() != says(name) || len(resp.ToolCalls()) > 0 {
			t.Errorf("%s without tools: text %q", name, resp.Text())
		}
	}
}

func TestTextOnly(t *testing.T) {
	m := model(t, "chain", lines)
	_, err := m.Generate(t.Context(), &llm.Request{Messages: []llm.Message{llm.User("What is this?", llm.Image{Data: []byte("\x89PNG\r\n\x1a\n")})}})
	if !errors.Is(err, llm.Unsupported) || !strings.Contains(err.Error(), "reads only text, not images") {
		t.Errorf("an image: %v", err)
	}
}

func TestPromptThatIsTooLong(t *testing.T) {
	p := provider(t, llama.Config{Settings: llama.Settings{Context: 300}})
	m := llm.New(p, file(t, "loop", map[string]any{"tokenizer.chat_template": lines}))
	_, err := m.Generate(t.Context(), greedy(strings.Repeat("round and round ", 100)))
	if !errors.Is(err, llm.ContextLength) || !strings.Contains(err.Error(), "the context window") {
		t.Errorf("the error is %v", err)
	}
	resp := generate(t, m, greedy("Hello"))
	if resp.FinishReason != llm.FinishLength || resp.Usage.Total().N != 300 {
		t.Errorf("an answer without an end: %s, %v, want 300 tokens in all", resp.FinishReason, resp.Usage)
	}
}

func TestFollowingTurnComputesOnlyWhatIsNew(t *testing.T) {
	m := model(t, "chain", lines)
	history := []llm.Message{llm.User("Hello")}
	reused, computed := 0, 0
	for turn := range 20 {
		r := &llm.Request{Messages: history, Temperature: new(0.0), KeepRaw: true}
		resp := generate(t, m, r)
		times, ok := llama.TimingsOf(resp)
		if !ok || times.AnswerSpeed() <= 0 || times.PromptTokens+times.CachedTokens != resp.Usage.Input.N {
			t.Fatalf("the timings are %+v", times)
		}
		// The answer of this model is encoded in other tokens than it was generated in.
		const apart = 75
		if turn > 0 && times.PromptTokens > apart {
			t.Errorf("turn %d computes %d of %d tokens", turn, times.PromptTokens, resp.Usage.Input.N)
		}
		reused, computed = reused+times.CachedTokens, computed+times.PromptTokens
		history = append(append(history, resp.Messages...), llm.User(fmt.Sprintf("Again %d", turn)))
	}
	t.Logf("20 turns reuse %d tokens and compute %d", reused, computed)
}

func TestCancelEndsAnAnswer(t *testing.T) {
	m := model(t, "loop", lines)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n, after := 0, 0
	var failed error
	for _, err := range m.Stream(ctx, greedy("Hello")).Text() {
		if err != nil {
			failed = err
			break
		}
		if n++; n == 5 {
			cancel()
		}
		if n > 5 {
			after++
		}
	}
	if !errors.Is(failed, llm.Canceled) || after > 1 {
		t.Errorf("%d pieces after the cancel, and the error %v", after, failed)
	}
	// A caller who leaves can call again.
	for range m.Stream(t.Context(), greedy("Hello")).Text() {
		break
	}
	r := greedy("Hello")
	r.MaxTokens = 1
	generate(t, m, r)
}

func TestSamplingSettings(t *testing.T) {
	m := model(t, "tiny", lines)
	ask := func(change func(*llm.Request)) string {
		r := llm.Prompt("Hello")
		r.MaxTokens, r.Seed, r.Temperature = 12, new(int64(7)), new(1.0)
		change(r)
		return generate(t, m, r).Text()
	}
	base := ask(func(*llm.Request) {})
	if again := ask(func(*llm.Request) {}); again != base {
		t.Errorf("the same seed gives %q and %q", base, again)
	}
	if other := ask(func(r *llm.Request) { r.Seed = new(int64(8)) }); other == base {
		t.Errorf("another seed gives the same %q", other)
	}
	first := ask(func(r *llm.Request) { r.Temperature = new(0.0) })
	if one := ask(func(r *llm.Request) { r.TopK = new(1) }); one != first {
		t.Errorf("TopK 1 gives %q, want %q", one, first)
	}
	if tight := ask(func(r *llm.Request) { r.Options = []llm.Options{llama.Options{MinP: new(1.0)}} }); tight != first {
		t.Errorf("MinP 1 gives %q, want %q", tight, first)
	}
	biased := ask(func(r *llm.Request) {
		r.Options = []llm.Options{llama.Options{LogitBias: map[int]float64{300: 100}}}
	})
	if strings.Count(biased, biased[:len(biased)/12]) != 12 {
		t.Errorf("with a bias for one token: %q", biased)
	}
}

func TestLogprobs(t *testing.T) {
	r := greedy("Hello")
	r.MaxTokens, r.TopLogprobs = 3, 2
	resp := generate(t, model(t, "tiny", lines), r)
	if len(resp.Logprobs) != 3 {
		t.Fatalf("%d log probabilities, want 3", len(resp.Logprobs))
	}
	text := ""
	for _, l := range resp.Logprobs {
		text += l.Token
		if len(l.Top) != 2 || l.Top[0].Token != l.Token || l.Logprob > 0 || l.Top[0].Logprob < l.Top[1].Logprob {
			t.Errorf("a greedy token has %+v", l)
		}
	}
	if text != resp.Text() {
		t.Errorf("the tokens are %q, and the answer %q", text, resp.Text())
	}
}

func TestEmbeddings(t *testing.T) {
	m := model(t, "tiny", lines)
	resp, err := m.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"the sky", "a llama", "the sky"}})
	if err != nil {
		t.Fatal(err)
	}
	dot := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	v := resp.Vectors
	if d := dot(v[0], v[0]); d < 0.999 || d > 1.001 {
		t.Errorf("the length of a vector is %v, want 1", d)
	}
	if dot(v[0], v[2]) < 0.999 || dot(v[0], v[1]) > 0.999 || !resp.Usage.Input.IsKnown() {
		t.Errorf("equal texts: %v, different texts: %v, usage %v", dot(v[0], v[2]), dot(v[0], v[1]), resp.Usage)
	}
}

func TestFourConversationsAtOnce(t *testing.T) {
	m := model(t, "chain", lines)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() {
			for j := range 3 {
				resp, err := m.Generate(t.Context(), greedy(fmt.Sprintf("Hello %d %d", i, j)))
				if err != nil || resp.Text() != says("chain") {
					t.Errorf("conversation %d: %v, %v", i, resp, err)
				}
			}
		})
	}
	group.Wait()
}

func TestLoadErrorsSayWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, test := range []struct {
		name, model string
		settings    llama.Settings
		kind        llm.Kind
		text        string
	}{
		{"no file", filepath.Join(dir, "none.gguf"), llama.Settings{}, llm.NotFound, "there is no file"},
		{"another format", write("a.gguf", "PK\x03\x04 not a model"), llama.Settings{}, llm.InvalidRequest, "use a complete GGUF file"},
		{"architecture", file(t, "chain", map[string]any{"general.architecture": "mamba"}), llama.Settings{}, llm.Unsupported, `architecture "mamba" is not supported: use`},
		{"memory", file(t, "chain", nil), llama.Settings{MemoryBytes: 1 << 20}, llm.Unsupported, "the memory is 1 MiB: use a smaller model"},
		{"cache", file(t, "chain", nil), llama.Settings{Context: 2048, CacheBytes: 1 << 10}, llm.InvalidRequest, "raise CacheBytes"},
		{"no template", file(t, "chain", nil), llama.Settings{}, llm.Unsupported, "set Template to the prompt format"},
		{"Ollama", "ollama:none", llama.Settings{}, llm.NotFound, `ollama pull none`},
		{"a name that leaves the folder", "ollama:../../x/y", llama.Settings{}, llm.InvalidRequest, "is no name of an Ollama model"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := provider(t, llama.Config{Settings: test.settings, OllamaModels: dir})
			_, err := llm.New(p, test.model).Generate(t.Context(), greedy("Hello"))
			if llm.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.text) {
				t.Errorf("the error is %v (%s), want %q", err, llm.KindOf(err), test.text)
			}
		})
	}
}

func TestOllamaModelsAreFound(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(file(t, "chain", map[string]any{"tokenizer.chat_template": lines}))
	if err != nil {
		t.Fatal(err)
	}
	digest := strings.Repeat("ab", 32)
	for path, content := range map[string]string{
		"blobs/sha256-" + digest:                               string(data),
		"manifests/registry.ollama.ai/library/chain/latest":    `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:` + digest + `"}]}`,
		"manifests/registry.ollama.ai/someone/chain/1b":        `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:` + digest + `"}]}`,
		"manifests/registry.ollama.ai/library/cloud/latest":    `{"layers":[]}`,
		"manifests/registry.ollama.ai/library/adapted/latest":  `{"layers":[{"mediaType":"application/vnd.ollama.image.adapter","digest":"sha256:` + digest + `"}]}`,
		"manifests/registry.ollama.ai/library/escaping/latest": `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../x"}]}`,
	} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := provider(t, llama.Config{OllamaModels: dir})
	for _, name := range []string{"ollama:chain", "ollama:chain:latest", "ollama:someone/chain:1b"} {
		if got := generate(t, llm.New(p, name), greedy("Hello")).Text(); got != says("chain") {
			t.Errorf("%s says %q", name, got)
		}
	}
	for name, text := range map[string]string{"ollama:cloud": "names no model file", "ollama:adapted": "has an adapter", "ollama:escaping": "names no model file"} {
		if _, err := llm.New(p, name).Generate(t.Context(), greedy("Hello")); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, want %q", name, err, text)
		}
	}
	models, err := llm.New(p, "any").ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range models {
		if strings.HasPrefix(m.Name, "ollama:") { // others are part of this program
			names = append(names, m.Name+" "+m.Quantization)
		}
	}
	if diff := cmp.Diff([]string{"ollama:chain:latest F32", "ollama:someone/chain:1b F32"}, names); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
}

func TestNamedFormats(t *testing.T) {
	p := provider(t, llama.Config{Settings: llama.Settings{Template: "plain"}})
	m := llm.New(p, file(t, "chain", nil))
	resp := generate(t, m, greedy("Hello\n"))
	if resp.Text() != says("chain") {
		t.Errorf("the answer is %q", resp.Text())
	}
	r := greedy("Hello\n")
	r.Options = []llm.Options{llama.Options{Template: "chatml"}}
	if _, err := m.Generate(t.Context(), r); !errors.Is(err, llm.Unsupported) || !strings.Contains(err.Error(), "<|im_start|>") {
		t.Errorf("a format with other control tokens: %v", err)
	}
}

func TestProgressIsReported(t *testing.T) {
	var last llama.Progress
	n := 0
	ctx := llama.WithProgress(t.Context(), func(p llama.Progress) {
		if p.Stage == llama.StagePrompt {
			n++
			last = p
		}
	})
	m := model(t, "chain", lines)
	resp, err := m.Generate(ctx, greedy(strings.Repeat("Hello there ", 60)))
	if err != nil {
		t.Fatal(err)
	}
	if n < 2 || last.Done != last.Total || int(last.Total) != resp.Usage.Input.N {
		t.Errorf("%d reports, the last one %+v, for %v", n, last, resp.Usage)
	}
}

func TestClosedProvider(t *testing.T) {
	p, err := llama.New(llama.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := llm.New(p, file(t, "loop", map[string]any{"tokenizer.chat_template": lines}))
	n := 0
	for _, err := range m.Stream(t.Context(), greedy("Hello")).Text() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 { // the answer goes on
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if n == 6 {
			break
		}
	}
	if _, err := m.Generate(t.Context(), greedy("Hello")); !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("after Close: %v", err)
	}
}

func TestOpenByName(t *testing.T) {
	path := file(t, "chain", map[string]any{"tokenizer.chat_template": lines})
	m, err := providers.Config{Settings: llama.Settings{Threads: 1}}.Open("llama/" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := generate(t, m, greedy("Hello")).Text(); got != says("chain") {
		t.Errorf("the answer is %q", got)
	}
	if _, err := (providers.Config{BaseURL: "http://127.0.0.1"}).Open("llama/x"); !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("with an address: %v", err)
	}
}

func TestEmbeddedModels(t *testing.T) {
	data, err := os.ReadFile(file(t, "chain", map[string]any{"tokenizer.chat_template": lines}))
	if err != nil {
		t.Fatal(err)
	}
	llama.RegisterEmbedded("embedded-test", "says one sentence", data)
	m := llm.New(provider(t, llama.Config{OllamaModels: t.TempDir()}), "embedded-test")
	if got := generate(t, m, greedy("Hello")).Text(); got != says("chain") {
		t.Errorf("the answer is %q", got)
	}
	models, err := m.ListModels(t.Context())
	i := slices.IndexFunc(models, func(m llm.ModelInfo) bool { return m.Name == "embedded-test" })
	if err != nil || i < 0 || models[i].DisplayName != "says one sentence" {
		t.Errorf("the list is %+v, %v", models, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a second model with the same name is accepted")
		}
	}()
	llama.RegisterEmbedded("embedded-test", "", data)
}
