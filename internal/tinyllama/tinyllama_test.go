package tinyllama_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/tinyllama"
)

// Recorded replies of real engines depend on the exact bytes of these files.
func TestReadyModelsStayTheSameToTheByte(t *testing.T) {
	want := map[string]string{
		"tiny":     "de022641c2907775225df489f9751f7d07d056eedab3f7bb68c3a79e58c3e1ec",
		"tiny-f16": "7cfdbdc7fc2fec9c3b70d1e343519c41a167ad85d63280a883a2151444771289",
		"tiny-q8":  "99c33c13d7cab337098cf8877856923a43f9f4615f67e127ab3dc08f94e05f39",
		"chain":    "3998f60a25f612bc69c767501e03fdb61c627c2687a53e0c4f145f0182aa4be9",
		"loop":     "419bb1275bb0fa125e04469a4c947c889b42948adc641a4d3d19a92e4245bed4",
		"loop1":    "805bd7a068eadb8f2d76ada7b87d113c39c04743b2194014314d28b2adac5d49",
		"think":    "9bdb7d91ecdbbb8d460faad0138dfd949624c936ba1a5778ef4141297ce13b0a",
		"toolxml":  "1ec61e273423be6c47c67f8659219a9990d6e8390c189b48a8e4a064b741ddc6",
		"tool":     "78cb49bd2e6cb9e9c552e8746a4697a56d1bd55278e55f61f6aae063e220eb53",
	}
	models := tinyllama.Ready()
	if len(models) != len(want) {
		t.Errorf("%d predefined models, want %d", len(models), len(want))
	}
	for _, m := range models {
		t.Run(m.Name, func(t *testing.T) {
			file, err := m.File()
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(file)); got != want[m.Name] {
				t.Errorf("SHA-256 of the file is %s, want %s", got, want[m.Name])
			}
		})
	}
}

func TestSeedDecidesTheWeights(t *testing.T) {
	config := tinyllama.Config{Name: "m", Layers: 1, Seed: 1}
	first, err := tinyllama.Random(config)
	if err != nil {
		t.Fatal(err)
	}
	again, err := tinyllama.Random(config)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, again) {
		t.Error("two files made with seed 1 differ")
	}
	config.Seed = 2
	other, err := tinyllama.Random(config)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, other) {
		t.Error("files made with seeds 1 and 2 are the same")
	}
}

// If the blocks change nothing, the logits of a model are the product of its output
// matrix with the normalized embedding of the last token. The test computes them in a few
// lines instead of running an engine.
func TestScriptedModelSaysItsScript(t *testing.T) {
	for _, m := range tinyllama.Ready() {
		if m.Says == "" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			encoded, err := m.File()
			if err != nil {
				t.Fatal(err)
			}
			file := parse(t, encoded)
			for _, tensor := range file.tensors {
				if strings.HasPrefix(tensor.name, "blk.") && !strings.Contains(tensor.name, "norm") {
					for i, v := range file.floats(t, tensor.name) {
						if v != 0 {
							t.Fatalf("%s[%d] is %v, want 0: the block is not neutral", tensor.name, i, v)
						}
					}
				}
			}

			loops := strings.HasPrefix(m.Name, "loop")
			rounds := 1
			if loops {
				rounds = 3
			}
			want := strings.Repeat(m.Says, rounds)
			tokens := file.metadata["tokenizer.ggml.tokens"].([]any)
			token := slices.Index(tokens, any("<0x0A>"))
			var said []byte
			for len(said) < len(want) {
				token = file.likeliest(t, token)
				said = append(said, text(tokens[token].(string))...)
			}
			if string(said) != want {
				t.Errorf("the model's text is %q, want %q", said, want)
			}
			if end := tokens[file.likeliest(t, token)]; !loops && end != "</s>" {
				t.Errorf("after its script the model produces %q, want </s>", end)
			}
		})
	}
}

// likeliest returns the token with the highest logit after the given one. It fails the
// test if another logit is close.
func (f *file) likeliest(t *testing.T, last int) int {
	t.Helper()
	width := int(f.metadata["llama.embedding_length"].(uint32))
	x := f.floats(t, "token_embd.weight")[last*width : (last+1)*width]
	var squares float64
	for _, v := range x {
		squares += float64(v) * float64(v)
	}
	size := math.Sqrt(squares / float64(width))

	output := f.floats(t, "output.weight")
	best, first, second := -1, math.Inf(-1), math.Inf(-1)
	for id := range len(output) / width {
		var logit float64
		for i, w := range output[id*width : (id+1)*width] {
			logit += float64(w) * float64(x[i]) / size
		}
		if logit > first {
			best, first, second = id, logit, first
		} else {
			second = max(second, logit)
		}
	}
	if first-second < 20 {
		t.Errorf("token %d wins by a logit of %.1f, want at least 20", best, first-second)
	}
	return best
}

// text returns the text of a token.
func text(token string) []byte {
	var b byte
	if n, err := fmt.Sscanf(token, "<0x%02X>", &b); n == 1 && err == nil {
		return []byte{b}
	}
	return []byte(strings.ReplaceAll(token, "▁", " "))
}

func TestBadArgumentsAreRefused(t *testing.T) {
	good := tinyllama.Config{Name: "m", Layers: 1}
	noLayers := tinyllama.Config{Name: "m"}
	badType := tinyllama.Config{Name: "m", Layers: 1, Type: 2}
	for name, test := range map[string]struct {
		config tinyllama.Config
		script []string
		want   string
	}{
		"no layers":               {noLayers, []string{"hello there"}, "0 layers"},
		"unknown type":            {badType, []string{"hello there"}, "tensor type 2"},
		"empty script":            {good, nil, "the script is empty"},
		"empty piece":             {good, []string{""}, "a piece of the script is empty"},
		"piece used twice":        {good, []string{"one two", "x y", "one two"}, `"one two"`},
		"newline":                 {good, []string{"one two", "\n"}, `"\n"`},
		"name of a control token": {good, []string{"</s>"}, `"</s>"`},
		"name of a byte token":    {good, []string{"<0x41>"}, `"<0x41>"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tinyllama.Chain(test.config, test.script, false)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Chain: error %v, want one with %s", err, test.want)
			}
		})
	}
	for _, config := range []tinyllama.Config{noLayers, badType} {
		if _, err := tinyllama.Random(config); err == nil {
			t.Errorf("Random(%+v) returns no error", config)
		}
	}
}
