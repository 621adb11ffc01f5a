package tinyllama_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/tinyllama"
)

// file is a GGUF file, read by code that has nothing in common with the writer.
type file struct {
	metadata map[string]any // arrays are []any
	tensors  []tensorInfo
	data     []byte
}

type tensorInfo struct {
	name       string
	dimensions []uint64
	typ        uint32
	offset     uint64
}

func (i tensorInfo) values() int {
	n := 1
	for _, d := range i.dimensions {
		n *= int(d)
	}
	return n
}

// size returns the length of the tensor's data in bytes.
func (i tensorInfo) size() int {
	switch i.typ {
	case 0:
		return i.values() * 4
	case 1:
		return i.values() * 2
	case 8:
		return i.values() / 32 * 34
	}
	return -1
}

// parse reads an encoded file. It stops the test if the file is malformed.
func parse(t *testing.T, encoded []byte) *file {
	t.Helper()
	if string(encoded[:4]) != "GGUF" {
		t.Fatalf("the file begins with %q, want GGUF", encoded[:4])
	}
	r := &reader{rest: encoded[4:]}
	if v := r.uint32(); v != 3 {
		t.Fatalf("version %d, want 3", v)
	}
	tensors, entries := r.uint64(), r.uint64()
	f := &file{metadata: make(map[string]any)}
	for range entries {
		key := r.string()
		if _, ok := f.metadata[key]; ok {
			t.Errorf("metadata key %s occurs twice", key)
		}
		f.metadata[key] = r.value(t, r.uint32())
	}
	for range tensors {
		info := tensorInfo{name: r.string()}
		for range r.uint32() {
			info.dimensions = append(info.dimensions, r.uint64())
		}
		info.typ, info.offset = r.uint32(), r.uint64()
		f.tensors = append(f.tensors, info)
	}
	read := len(encoded) - len(r.rest)
	f.data = encoded[(read+31)/32*32:]
	return f
}

// floats returns the values of a tensor of type F32.
func (f *file) floats(t *testing.T, name string) []float32 {
	t.Helper()
	i := slices.IndexFunc(f.tensors, func(i tensorInfo) bool { return i.name == name })
	if i < 0 || f.tensors[i].typ != 0 {
		t.Fatalf("no tensor %s of type F32", name)
	}
	r := &reader{rest: f.data[f.tensors[i].offset:]}
	values := make([]float32, f.tensors[i].values())
	for i := range values {
		values[i] = math.Float32frombits(r.uint32())
	}
	return values
}

type reader struct{ rest []byte }

func (r *reader) next(n uint64) []byte {
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.next(4)) }
func (r *reader) uint64() uint64 { return binary.LittleEndian.Uint64(r.next(8)) }
func (r *reader) string() string { return string(r.next(r.uint64())) }

func (r *reader) value(t *testing.T, typ uint32) any {
	switch typ {
	case 4:
		return r.uint32()
	case 5:
		return int32(r.uint32())
	case 6:
		return math.Float32frombits(r.uint32())
	case 7:
		return r.next(1)[0] == 1
	case 8:
		return r.string()
	case 9:
		elements, n := r.uint32(), r.uint64()
		list := make([]any, n)
		for i := range list {
			list[i] = r.value(t, elements)
		}
		return list
	case 10:
		return r.uint64()
	}
	t.Fatalf("metadata value of unexpected type %d", typ)
	return nil
}

func TestMetadataDescribesTheModel(t *testing.T) {
	encoded, err := tinyllama.Random(tinyllama.Config{Name: "parrot", Type: tinyllama.Q8, Layers: 2})
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, encoded)

	var parameters int
	for _, info := range f.tensors {
		parameters += info.values()
	}
	tokens := f.metadata["tokenizer.ggml.tokens"].([]any)
	scores := f.metadata["tokenizer.ggml.scores"].([]any)
	kinds := f.metadata["tokenizer.ggml.token_type"].([]any)
	if len(tokens) != 672 || len(scores) != 672 || len(kinds) != 672 {
		t.Errorf("%d tokens, %d scores, %d types, want 672 of each", len(tokens), len(scores), len(kinds))
	}
	for _, key := range []string{"tokens", "scores", "token_type"} {
		delete(f.metadata, "tokenizer.ggml."+key)
	}
	want := map[string]any{
		"general.architecture":                   "llama",
		"general.name":                           "parrot",
		"general.type":                           "model",
		"general.file_type":                      uint32(7),
		"general.quantization_version":           uint32(2),
		"general.parameter_count":                uint64(parameters),
		"llama.block_count":                      uint32(2),
		"llama.context_length":                   uint32(2048),
		"llama.embedding_length":                 uint32(128),
		"llama.feed_forward_length":              uint32(256),
		"llama.attention.head_count":             uint32(4),
		"llama.attention.head_count_kv":          uint32(2),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5),
		"llama.rope.dimension_count":             uint32(32),
		"llama.rope.freq_base":                   float32(10000),
		"llama.vocab_size":                       uint32(672),
		"tokenizer.ggml.model":                   "llama",
		"tokenizer.ggml.pre":                     "default",
		"tokenizer.ggml.unknown_token_id":        uint32(0),
		"tokenizer.ggml.bos_token_id":            uint32(1),
		"tokenizer.ggml.eos_token_id":            uint32(2),
		"tokenizer.ggml.add_bos_token":           true,
		"tokenizer.ggml.add_eos_token":           false,
		"tokenizer.ggml.add_space_prefix":        true,
	}
	if diff := cmp.Diff(want, f.metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestTensorsLieInOrderAlignedAndWithoutGaps(t *testing.T) {
	for name, typ := range map[string]tinyllama.Type{"F32": tinyllama.F32, "F16": tinyllama.F16, "Q8": tinyllama.Q8} {
		t.Run(name, func(t *testing.T) {
			encoded, err := tinyllama.Random(tinyllama.Config{Name: "m", Type: typ, Layers: 2})
			if err != nil {
				t.Fatal(err)
			}
			f := parse(t, encoded)
			end := 0
			for _, info := range f.tensors {
				if int(info.offset) != end {
					t.Errorf("%s starts at %d, want %d", info.name, info.offset, end)
				}
				if info.offset%32 != 0 {
					t.Errorf("%s starts at %d, which is not a multiple of 32", info.name, info.offset)
				}
				want := uint32(typ)
				if len(info.dimensions) == 1 {
					want = 0 // vectors are always F32
				}
				if info.typ != want {
					t.Errorf("%s has type %d, want %d", info.name, info.typ, want)
				}
				end = (int(info.offset) + info.size() + 31) / 32 * 32
			}
			if len(f.data) != end {
				t.Errorf("%d bytes of data, want %d", len(f.data), end)
			}
		})
	}
}

func TestTensorsHaveTheShapesOfLLaMA(t *testing.T) {
	encoded, err := tinyllama.Random(tinyllama.Config{Name: "m", Layers: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, info := range parse(t, encoded).tensors {
		got = append(got, fmt.Sprint(info.name, info.dimensions))
	}
	want := []string{"token_embd.weight[128 672]"}
	for _, block := range []string{"blk.0.", "blk.1."} {
		want = append(want,
			block+"attn_norm.weight[128]",
			block+"attn_q.weight[128 128]",
			block+"attn_k.weight[128 64]",
			block+"attn_v.weight[128 64]",
			block+"attn_output.weight[128 128]",
			block+"ffn_norm.weight[128]",
			block+"ffn_gate.weight[128 256]",
			block+"ffn_up.weight[128 256]",
			block+"ffn_down.weight[256 128]")
	}
	want = append(want, "output_norm.weight[128]", "output.weight[128 672]")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tensors (-want +got):\n%s", diff)
	}
}

// A SentencePiece tokenizer builds a piece by joining two others, the pair with the best
// score first. If no two better pieces make up a piece, it is never used.
func TestEveryPieceOfTheVocabularyCanBeReached(t *testing.T) {
	encoded, err := tinyllama.Random(tinyllama.Config{Name: "m", Layers: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, encoded)
	score := make(map[string]float32)
	var pieces []string
	for i, token := range f.metadata["tokenizer.ggml.tokens"].([]any) {
		if f.metadata["tokenizer.ggml.token_type"].([]any)[i] != int32(1) {
			continue
		}
		piece := token.(string)
		if _, ok := score[piece]; ok {
			t.Errorf("piece %q occurs twice", piece)
		}
		score[piece] = f.metadata["tokenizer.ggml.scores"].([]any)[i].(float32)
		pieces = append(pieces, piece)
	}
	if len(pieces) != 395 {
		t.Errorf("%d pieces, want 395: 300 merged ones, a space and 94 characters", len(pieces))
	}
	reached := func(part string, of float32) bool {
		s, ok := score[part]
		return ok && (len([]rune(part)) == 1 || s > of)
	}
	for _, piece := range pieces {
		runes := []rune(piece)
		ok := len(runes) == 1
		for i := 1; i < len(runes); i++ {
			ok = ok || reached(string(runes[:i]), score[piece]) && reached(string(runes[i:]), score[piece])
		}
		if !ok {
			t.Errorf("no two pieces with better scores make up %q", piece)
		}
	}
	if !strings.Contains(strings.Join(pieces, ""), "▁llama") {
		t.Error("the vocabulary does not contain llama")
	}
}

// Weights that are stored with lower precision must remain close to the original ones.
func TestStoredTypesKeepTheWeights(t *testing.T) {
	const name = "blk.0.ffn_up.weight"
	load := func(typ tinyllama.Type) (*file, []byte) {
		encoded, err := tinyllama.Random(tinyllama.Config{Name: "m", Type: typ, Layers: 1})
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, encoded)
		i := slices.IndexFunc(f.tensors, func(i tensorInfo) bool { return i.name == name })
		return f, f.data[f.tensors[i].offset:][:f.tensors[i].size()]
	}
	f, _ := load(tinyllama.F32)
	exact := f.floats(t, name)

	_, halves := load(tinyllama.F16)
	for i, want := range exact {
		got := half(binary.LittleEndian.Uint16(halves[2*i:]))
		if math.Abs(got-float64(want)) > math.Abs(float64(want))*0x1p-11+0x1p-25 {
			t.Fatalf("F16: value %d is %v, want %v to 11 bits", i, got, want)
		}
	}

	_, blocks := load(tinyllama.Q8)
	for i, want := range exact {
		block := blocks[i/32*34:][:34]
		scale := half(binary.LittleEndian.Uint16(block))
		got := scale * float64(int8(block[2+i%32]))
		// Half a step, plus the rounding error of the scale over 127 steps.
		if math.Abs(got-float64(want)) > scale*(0.5+127*0x1p-11) {
			t.Fatalf("Q8: value %d is %v, want %v to half of %v", i, got, want, scale)
		}
	}
}

// half returns the value of a half-precision number.
func half(bits uint16) float64 {
	sign, exponent, fraction := 1.0, int(bits>>10&31), float64(bits&1023)/1024
	if bits>>15 == 1 {
		sign = -1
	}
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -14)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1+fraction, exponent-15)
}
