package tokens_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parley-llm/parley/internal/vocabtest"
	"github.com/parley-llm/parley/llm/tokens"
)

func TestFilesOfOneVocabularyEncodeAlike(t *testing.T) {
	llama, unigram, gpt2 := llamaToy(), unigramToy(), gpt2Toy()
	for _, tt := range []struct {
		name string
		toy  toy
		text string
		want []string
	}{
		{"nothing", llama, "", nil},
		{"of two merges the one of the better score comes first", llama, "abc b", []string{"▁", "abc", "▁b"}},
		{"of two alike the left one comes first", llama, "aab", []string{"▁a", "ab"}},
		{"a character without a token is its bytes", llama, "é", []string{"▁", "<0xC3>", "<0xA9>"}},
		{"an invalid byte is U+FFFD", llama, "a\xffb", []string{"▁a", "<0xEF>", "<0xBF>", "<0xBD>", "b"}},
		{"spaces stay", llama, "a  b", []string{"▁a", "▁", "▁b"}},
		{"the name of a control token is text", llama, "<s>", []string{"▁", "<0x3C>", "<0x73>", "<0x3E>"}},

		{"nothing", unigram, "", nil},
		{"the sum of the scores decides", unigram, "abc", []string{"▁", "a", "bc"}},
		{"a longer token wins if it is worth more", unigram, "ab ab", []string{"▁ab", "▁ab"}},
		{"unknown characters in a row are one token", unigram, "aзбb", []string{"▁", "a", "<unk>", "b"}},

		{"nothing", gpt2, "", nil},
		{"merges go by the list", gpt2, "hello world", []string{"hello", "Ġw", "o", "r", "l", "d"}},
		{"no merge crosses a piece", gpt2, "he'llo", []string{"he", "'", "ll", "o"}},
		{"any character has bytes", gpt2, "é\x00", []string{"Ã", "©", "Ā"}},
		{"an invalid byte is U+FFFD", gpt2, "\xff", []string{"ï", "¿", "½"}},
		{"the name of a control token is text", gpt2, "<|end|>", []string{"<", "|", "e", "n", "d", "|", ">"}},
	} {
		for form, data := range tt.toy.forms {
			t.Run(tt.toy.name+", "+form+", "+tt.name, func(t *testing.T) {
				e := read(t, form, data)
				want := tt.toy.ids(t, tt.want...)
				got := e.Encode(tt.text)
				if !slices.Equal(got, want) {
					t.Fatalf("%q is encoded as %d, want %d, %q", tt.text, got, want, tt.want)
				}
				if n := e.Count(tt.text); n != len(want) {
					t.Errorf("Count is %d, want %d", n, len(want))
				}
				if strings.Contains(strings.Join(tt.want, ""), "<unk>") {
					return // the original text cannot be restored
				}
				if back, err := e.Decode(got); err != nil || back != strings.ToValidUTF8(tt.text, "\ufffd") {
					t.Errorf("%q is decoded as %q, %v", tt.text, back, err)
				}
			})
		}
	}
}

func TestPromptsHaveTheControlTokensOfTheFile(t *testing.T) {
	llama, unigram, gpt2 := llamaToy(), unigramToy(), gpt2Toy()
	for _, tt := range []struct {
		toy    toy
		prompt string
		want   []string
	}{
		{llama, "ab", []string{"<s>", "▁", "ab"}},
		{llama, "", []string{"<s>"}},
		{unigram, "ab", []string{"<s>", "▁ab"}},
		{gpt2, "hello<|end|>he", []string{"hello", "<|end|>", "he"}},
	} {
		for form, data := range tt.toy.forms {
			e := read(t, form, data)
			want := tt.toy.ids(t, tt.want...)
			if got := e.EncodePrompt(tt.prompt); !slices.Equal(got, want) {
				t.Errorf("%s, %s: the prompt %q is encoded as %d, want %d", tt.toy.name, form, tt.prompt, got, want)
			}
			if n := e.CountPrompt(tt.prompt); n != len(want) {
				t.Errorf("%s, %s: CountPrompt(%q) is %d, want %d", tt.toy.name, form, tt.prompt, n, len(want))
			}
		}
	}
	e := read(t, "m", llama.forms["GGUF"])
	if id, ok := e.BOS(); !ok || id != 1 {
		t.Errorf("BOS is %d, %t, want 1", id, ok)
	}
	if id, ok := e.EOS(); !ok || id != 2 {
		t.Errorf("EOS is %d, %t, want 2", id, ok)
	}
	if _, ok := tokens.O200kBase().BOS(); ok {
		t.Error("o200k_base has a BOS token")
	}
}

func TestAFileIsToldByItsContent(t *testing.T) {
	v := gpt2Toy()
	path := filepath.Join(t.TempDir(), "model.bin")
	if err := os.WriteFile(path, v.forms["tokenizer.json"], 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := tokens.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if e.Name() != "model.bin" {
		t.Errorf("the encoding's name is %q, want the name of the file", e.Name())
	}
	if got, want := e.Encode("hello"), v.ids(t, "hello"); !slices.Equal(got, want) {
		t.Errorf("hello is encoded as %d, want %d", got, want)
	}
	if _, err := tokens.Open(path + ".absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: error %v", err)
	}
	broken := errors.New("broken")
	if _, err := tokens.Read("m", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: error %v", err)
	}
}

// In a GGUF file, gigabytes of weights follow the metadata.
func TestOfAGGUFFileOnlyTheMetadataAreRead(t *testing.T) {
	v := llamaToy()
	file := append(v.forms["GGUF"], make([]byte, 8<<20)...)
	r := bytes.NewReader(file)
	if _, err := tokens.Read("m", r); err != nil {
		t.Fatal(err)
	}
	if taken := len(file) - r.Len(); taken > len(v.forms["GGUF"])+256<<10 {
		t.Errorf("%d bytes were read, but the metadata have %d", taken, len(v.forms["GGUF"]))
	}
}

func TestMetadataMayHaveTheTypesOfDecodedJSON(t *testing.T) {
	const shown = `{"tokenizer.ggml.model":"llama","tokenizer.ggml.tokens":["<unk>","<s>","</s>","▁","a","▁a"],
		"tokenizer.ggml.scores":[0,0,0,-2,-3,-1.5],"tokenizer.ggml.token_type":[2,3,3,1,1,1],
		"tokenizer.ggml.bos_token_id":1,"tokenizer.chat_template":"{{ x }}"}`
	var metadata map[string]any
	if err := json.Unmarshal([]byte(shown), &metadata); err != nil {
		t.Fatal(err)
	}
	e, err := tokens.FromMetadata("m", metadata)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.EncodePrompt("a a"), []int{1, 5, 5}; !slices.Equal(got, want) {
		t.Errorf("the prompt is encoded as %d, want %d", got, want)
	}
	if got := e.ChatTemplate(); got != "{{ x }}" {
		t.Errorf("the chat template is %q", got)
	}
}

// replaceBy returns a tokenizer.json with a normalizer that replaces a by to the given
// number of times.
func replaceBy(to string, times int) []byte {
	step := vocabtest.Object{"type": "Replace", "pattern": vocabtest.Object{"String": "a"}, "content": to}
	return vocabtest.JSON(vocabtest.Object{
		"normalizer": vocabtest.Object{"type": "Sequence", "normalizers": slices.Repeat([]vocabtest.Object{step}, times)},
		"model":      vocabtest.Object{"type": "BPE", "vocab": vocabtest.Object{"a": 0}, "merges": []string{}},
	})
}

// hostile returns files that are damaged or malicious.
func hostile() []hostileFile {
	metadata := func(fill func(g *vocabtest.GGUF)) []byte {
		var g vocabtest.GGUF
		g.String("tokenizer.ggml.model", "llama")
		fill(&g)
		return g.File()
	}
	gguf, model := llamaToy().forms["GGUF"], llamaToy().forms["tokenizer.model"]
	return []hostileFile{
		{"an empty file", nil, "empty"},
		{"a space", []byte(" "), "protocol buffer"},
		{"a text", []byte("Hello there"), "protocol buffer"},
		{"GGUF of another version", []byte("GGUF\x01\x00\x00\x00"), "version 1"},
		{"GGUF that is cut", gguf[:len(gguf)/2], "unexpected EOF"},
		{"GGUF that says it has more than is there", metadata(func(g *vocabtest.GGUF) { g.Claim("tokenizer.ggml.tokens", 1<<26) }), "unexpected EOF"},
		{"GGUF that says it has more than there can be", metadata(func(g *vocabtest.GGUF) { g.Claim("tokenizer.ggml.tokens", 1<<60) }), "not well-formed GGUF"},
		{"GGUF without tokens", metadata(func(*vocabtest.GGUF) {}), "tokenizer.ggml.tokens is missing"},
		{"GGUF with tokens of another type", metadata(func(g *vocabtest.GGUF) { g.Uint32("tokenizer.ggml.tokens", 7) }), "tokenizer.ggml.tokens has the unexpected type int64"},
		{"GGUF with too few types", metadata(func(g *vocabtest.GGUF) {
			g.Strings("tokenizer.ggml.tokens", []string{"a", "b"})
			g.Int32s("tokenizer.ggml.token_type", []int32{1})
		}), "2 tokens have 1 types"},
		{"GGUF with a token that is not UTF-8", metadata(func(g *vocabtest.GGUF) { g.Strings("tokenizer.ggml.tokens", []string{"a\xff"}) }), "not valid UTF-8"},
		{"GGUF of an unknown model", ggufOf("bert"), `"bert" is not supported`},
		{"JSON that is cut", []byte(`{"model": {"type": "BPE"`), "not well-formed JSON"},
		{"JSON that ends in a backslash", []byte(`{"x": "\`), "not well-formed JSON"},
		{"JSON in a thousand brackets", []byte(`{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`), "not well-formed JSON"},
		{"JSON without a model", []byte(`{}`), "no model"},
		{"JSON of an unknown model", []byte(`{"model":{"type":"WordPiece"}}`), `"WordPiece" is not supported`},
		{"JSON with an id out of all bounds", []byte(`{"model":{"type":"BPE","vocab":{"a":4000000},"merges":[]}}`), "1 tokens have ids up to 4000000"},
		{"JSON with an added token out of all bounds", []byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"added_tokens":[{"id":65000,"content":"b"},{"id":130000,"content":"c"}]}`), `"c" has the id 130000`},
		{"JSON with a merge of no tokens", []byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`), `joins "a" and "b", and one of them is not a token`},
		{"JSON that doubles a text forty times", replaceBy("aa", 40), "more than 512 times as long"},
		{"JSON that puts in a long text", replaceBy(strings.Repeat("a", 2000), 1), "2000 bytes"},
		{"JSON with a million normalizers", []byte(`{"normalizer":{"type":"Sequence","normalizers":[` + strings.Repeat("{},", 1_000_000) + `{}]}}`), "more than 4096 values"},
		{"JSON with a million added tokens", []byte(`{"added_tokens":[` + strings.Repeat("{},", 1_000_000) + `{}]}`), "added token 0 has no content"},
		{"JSON with a name that would be looked for all the time", addedNamed(strings.Repeat("a", 513)), "the name of token 1 has 513 bytes"},
		{"JSON with a wrong merge that is long", []byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":["` + strings.Repeat("b", 100_000) + `"]}}`), `bbb" is not two tokens`},
		{"a model that is cut within a token", model[:len(model)-1], "protocol buffer"},
		{"a model that is cut between two tokens", newPieces().Model(vocabtest.ModelSettings{})[:len("\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02")], "no trainer_spec"},
		{"a model without an unknown token", (&vocabtest.Pieces{Tokens: []string{"a"}, Scores: []float32{0}, Types: []int32{1}}).Model(vocabtest.ModelSettings{}), "no token has the type UNKNOWN"},
		{"a model with a map of characters that is cut", newPieces().Model(vocabtest.ModelSettings{Charsmap: []byte{0xff, 0xff, 0xff, 0x7f, 0}}), "map of characters"},
	}
}

// addedNamed returns a tokenizer.json with an added token of the given name.
func addedNamed(name string) []byte {
	return vocabtest.JSON(vocabtest.Object{
		"added_tokens": []vocabtest.Object{{"id": 1, "content": name}},
		"model":        vocabtest.Object{"type": "BPE", "vocab": vocabtest.Object{"a": 0}, "merges": []string{}},
	})
}

type hostileFile struct {
	name string
	data []byte
	says string
}

func ggufOf(model string) []byte {
	var g vocabtest.GGUF
	g.String("tokenizer.ggml.model", model)
	g.Strings("tokenizer.ggml.tokens", []string{"a"})
	return g.File()
}

func TestHostileFilesAreErrors(t *testing.T) {
	for _, f := range hostile() {
		t.Run(f.name, func(t *testing.T) {
			_, err := tokens.Read("f", bytes.NewReader(f.data))
			if err == nil || !strings.Contains(err.Error(), f.says) {
				t.Fatalf("error %v, want one with %q", err, f.says)
			}
			if !strings.HasPrefix(err.Error(), "tokens: f: ") {
				t.Errorf("error %q does not name the file", err)
			}
			if n := len(err.Error()); n > 1000 {
				t.Errorf("the error has %d bytes; it must not repeat the file", n)
			}
		})
	}
}

// mostMemory returns the limit for memory allocated while reading a file: a constant,
// plus a multiple of the file's length. Ids may have gaps, and each gap takes a few
// words.
func mostMemory(length int) uint64 { return 48<<20 + 200*uint64(length) }

func TestFilesTakeMemoryByTheirLength(t *testing.T) {
	for _, f := range hostile() {
		if took := allocated(func() { _, _ = tokens.Read("f", bytes.NewReader(f.data)) }); took > mostMemory(len(f.data)) {
			t.Errorf("%s: %d bytes took %d bytes of memory", f.name, len(f.data), took)
		}
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Reading a file must return an error or an encoding that keeps its promises.
func FuzzRead(f *testing.F) {
	const text = "abc hello  wörld\n\n한 \xff<|end|></s>"
	for _, v := range toys() {
		for _, data := range v.forms {
			f.Add(data, text)
		}
	}
	for _, h := range hostile() {
		f.Add(h.data, text)
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		if len(data) > 1<<16 || len(text) > 1<<12 {
			return
		}
		var e *tokens.Encoding
		var err error
		if took := allocated(func() { e, err = tokens.Read("f", bytes.NewReader(data)) }); took > mostMemory(len(data)) {
			t.Fatalf("%d bytes took %d bytes of memory", len(data), took)
		}
		if err != nil {
			return
		}
		ids := e.Encode(text)
		if n := e.Count(text); n != len(ids) {
			t.Errorf("Count is %d, but there are %d tokens", n, len(ids))
		}
		if n, err := e.CountReader(iotest.OneByteReader(strings.NewReader(text))); err != nil || n != len(ids) {
			t.Errorf("CountReader is %d, %v, but there are %d tokens", n, err, len(ids))
		}
		if n, ids := e.CountPrompt(text), e.EncodePrompt(text); n != len(ids) {
			t.Errorf("CountPrompt is %d, but there are %d tokens", n, len(ids))
		}
		if cut := e.Truncate(text, len(ids)/2); !strings.HasPrefix(text, cut) || e.Count(cut) > len(ids)/2 {
			t.Errorf("%q is cut to %q, of %d tokens, for at most %d", text, cut, e.Count(cut), len(ids)/2)
		}
		for _, id := range ids {
			if id < 0 || id >= e.Size() {
				t.Errorf("the id %d is not less than the size %d", id, e.Size())
			}
		}
	})
}
