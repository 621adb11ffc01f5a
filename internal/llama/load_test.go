package llama_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/llama/llamatest"
)

func TestModelsThatCannotRunAreErrors(t *testing.T) {
	with := func(key string, value any) func(*llamatest.Model) {
		return func(m *llamatest.Model) { m.Metadata = map[string]any{key: value} }
	}
	for _, test := range []struct {
		name   string
		change func(*llamatest.Model)
		want   string
	}{
		{"another architecture", func(m *llamatest.Model) { m.Architecture = "bert" }, `architecture "bert" is not supported: use a model of architecture llama, qwen2, qwen3`},
		{"no layers", with("block_count", uint32(0)), "llama.block_count is 0"},
		{"more layers than tensors", with("block_count", uint32(3)), "tensor blk.2.attn_norm.weight is missing"},
		{"too many layers", with("block_count", uint32(1<<31)), "llama.block_count"},
		{"a width of text", with("embedding_length", "256"), "llama.embedding_length is 256"},
		{"a negative number of heads", with("attention.head_count", int32(-4)), "attention.head_count is -4"},
		{"heads that do not divide", with("attention.head_count_kv", uint32(3)), "4 heads cannot share 3"},
		{"heads that differ", with("attention.head_count_kv", []int32{2, 1}), "differs between layers"},
		{"another width", with("embedding_length", uint32(512)), "token_embd.weight has dimensions [256 320], want [512 320]"},
		{"odd widths", with("embedding_length", uint32(250)), "a width of 250"},
		{"other values than keys", with("attention.value_length", uint32(32)), "64 keys and 32 values"},
		{"experts", with("expert_count", uint32(8)), "mixtures of experts are not supported"},
		{"unknown scaling", with("rope.scaling.type", "su"), `rope scaling of type "su"`},
		{"too much rope", with("rope.dimension_count", uint32(128)), "rope of 128 of 64 values"},
		{"a factor of zero", with("rope.scaling.factor", float32(0)), "rope.scaling.factor is 0"},
		{"Qwen without biases", func(m *llamatest.Model) { m.Architecture = "qwen2" }, "no biases"},
		{"Qwen without norms", func(m *llamatest.Model) { m.Architecture = "qwen3" }, "tensor blk.0.attn_q_norm.weight is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := small
			model.Type = gguf.Q8_0
			test.change(&model)
			file, err := gguf.Parse(model.File())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := llama.Load(file, llama.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load = %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestATypeThatIsNotSupportedIsNamed(t *testing.T) {
	f := small.Describe()
	f.Add("token_embd.weight", gguf.Type(16), make([]byte, 100), 256, 320)
	file, err := gguf.Parse(f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	_, err = llama.Load(file, llama.Options{})
	for _, want := range []string{"token_embd.weight", "IQ2_XXS", "Q4_K"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load = %v, want an error with %s", err, want)
		}
	}
	if _, err := llama.Load(&gguf.File{}, llama.Options{}); err == nil {
		t.Error("a file without metadata was loaded")
	}
}

// mini is as small as a model can be.
var mini = llamatest.Model{
	Architecture: "llama", Type: gguf.Q8_0,
	Layers: 1, Width: 32, Heads: 4, KVHeads: 2, FeedForward: 32, Vocabulary: 32,
}

// FuzzLoad changes files in one place, because whole files are too large to be varied fast.
func FuzzLoad(f *testing.F) {
	models := []llamatest.Model{mini, mini, mini}
	models[1].Architecture, models[1].Biases, models[1].Type = "qwen2", true, gguf.F16
	models[2].Metadata = map[string]any{
		"rope.scaling.type": "yarn", "rope.scaling.factor": float32(4), "attention.sliding_window": uint32(3),
	}
	var files [][]byte
	for _, m := range models {
		files = append(files, m.File())
	}
	f.Add(uint8(0), uint16(0), []byte{})
	for i, file := range files {
		for _, key := range []string{"block_count", "head_count_kv", "freq_base", "scaling.factor", "attn_q.weight", "ffn_down.weight"} {
			if at := bytes.Index(file, []byte(key)); at >= 0 {
				f.Add(uint8(i), uint16(at+len(key)), []byte{4, 0, 0, 0, 255, 255, 255, 127})
			}
		}
	}
	f.Fuzz(func(t *testing.T, n uint8, at uint16, patch []byte) {
		data := bytes.Clone(files[int(n)%len(files)])
		copy(data[min(int(at), len(data)):], patch)
		file, err := gguf.Parse(data)
		if err != nil {
			return
		}
		m, err := llama.Load(file, llama.Options{Threads: 1})
		if err != nil {
			return
		}
		defer m.Close()
		s := m.NewSession(8)
		if _, err := s.Prompt(t.Context(), []int{0, m.Vocabulary() - 1, 0}, nil); err != nil {
			t.Error(err)
		}
		if _, err := s.Next(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}
