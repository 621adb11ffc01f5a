package tokens_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

// embedded are the encodings with embedded vocabularies.
func embedded() []*tokens.Encoding {
	return []*tokens.Encoding{tokens.CL100kBase(), tokens.O200kBase(), tokens.O200kHarmony()}
}

// sample is a text with its ids from npm's tiktoken 1.0.22.
type sample struct {
	Text  string `json:"text"`
	CL100 []int  `json:"cl100k_base"`
	O200  []int  `json:"o200k_base"`
}

func samples(tb testing.TB) []sample {
	tb.Helper()
	file, err := os.Open("testdata/samples.jsonl") // written by internal/interop/tokenoracle
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	var all []sample
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var s sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			tb.Fatal(err)
		}
		all = append(all, s)
	}
	if lines.Err() != nil || len(all) < 600 {
		tb.Fatalf("%d samples, %v", len(all), lines.Err())
	}
	return all
}

func TestEncodeAgreesWithTiktoken(t *testing.T) {
	for _, s := range samples(t) {
		for _, test := range []struct {
			encoding *tokens.Encoding
			want     []int
		}{{tokens.CL100kBase(), s.CL100}, {tokens.O200kBase(), s.O200}, {tokens.O200kHarmony(), s.O200}} {
			e := test.encoding
			got := e.Encode(s.Text)
			if !slices.Equal(got, test.want) {
				t.Errorf("%s encodes %q as %d, want %d", e.Name(), s.Text, got, test.want)
			}
			if n := e.Count(s.Text); n != len(test.want) {
				t.Errorf("%s counts %d tokens in %q, want %d", e.Name(), n, s.Text, len(test.want))
			}
			if text, err := e.Decode(got); err != nil || text != s.Text {
				t.Errorf("%s decodes %d as %q, %v, want %q", e.Name(), got, text, err, s.Text)
			}
		}
	}
}

func TestSpecialTokensAreTextUnlessAllowed(t *testing.T) {
	const text = "Say <|endoftext|> and <|fim_prefix|>"
	e := tokens.CL100kBase()
	for _, test := range []struct {
		name    string
		allowed []string
		want    []string // the texts of the tokens; only a special token is a whole name
	}{
		{"none allowed", nil, []string{"Say", " <|", "endo", "ft", "ext", "|", ">", " and", " <|", "f", "im", "_prefix", "|", ">"}},
		{"one", []string{"<|endoftext|>"}, []string{"Say", " ", "<|endoftext|>", " and", " <|", "f", "im", "_prefix", "|", ">"}},
		{"all", e.Special(), []string{"Say", " ", "<|endoftext|>", " and", " ", "<|fim_prefix|>"}},
		{"one of another encoding", []string{"<|start|>", ""}, []string{"Say", " <|", "endo", "ft", "ext", "|", ">", " and", " <|", "f", "im", "_prefix", "|", ">"}},
	} {
		var got []string
		ids := e.Encode(text, test.allowed...)
		for _, id := range ids {
			token, err := e.Decode([]int{id})
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, token)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if whole, err := e.Decode(ids); err != nil || whole != text {
			t.Errorf("%s: decoded as %q, %v", test.name, whole, err)
		}
	}
	if got, want := e.Count("<|endoftext|>"), 7; got != want {
		t.Errorf("Count returns %d for <|endoftext|>, want %d, because it is ordinary text", got, want)
	}
}

// The ids are those of tiktoken_ext/openai_public.py.
func TestSpecialTokensHaveTheirIDs(t *testing.T) {
	for _, test := range []struct {
		encoding *tokens.Encoding
		size     int
		names    int
		ids      map[string]int
	}{
		{tokens.CL100kBase(), 100277, 5, map[string]int{
			"<|endoftext|>": 100257, "<|fim_prefix|>": 100258, "<|fim_middle|>": 100259, "<|fim_suffix|>": 100260, "<|endofprompt|>": 100276,
		}},
		{tokens.O200kBase(), 200019, 2, map[string]int{"<|endoftext|>": 199999, "<|endofprompt|>": 200018}},
		{tokens.O200kHarmony(), 201088, 1091, map[string]int{
			"<|startoftext|>": 199998, "<|endoftext|>": 199999, "<|reserved_200000|>": 200000, "<|reserved_200001|>": 200001,
			"<|return|>": 200002, "<|constrain|>": 200003, "<|reserved_200004|>": 200004, "<|channel|>": 200005, "<|start|>": 200006,
			"<|end|>": 200007, "<|message|>": 200008, "<|reserved_200009|>": 200009, "<|reserved_200010|>": 200010,
			"<|reserved_200011|>": 200011, "<|call|>": 200012, "<|reserved_200013|>": 200013, "<|endofprompt|>": 200018,
			"<|reserved_201087|>": 201087,
		}},
	} {
		e := test.encoding
		if e.Size() != test.size {
			t.Errorf("%s has the size %d, want %d", e.Name(), e.Size(), test.size)
		}
		names := e.Special()
		if len(names) != test.names {
			t.Errorf("%s has %d special tokens, want %d", e.Name(), len(names), test.names)
		}
		last := 0
		for _, name := range names {
			id, ok := e.SpecialID(name)
			if !ok || id < last {
				t.Errorf("%s: Special lists %s with the id %d, %t, after the id %d", e.Name(), name, id, ok, last)
			}
			last = id
		}
		for name, want := range test.ids {
			if id, ok := e.SpecialID(name); !ok || id != want {
				t.Errorf("%s: %s has the id %d, %t, want %d", e.Name(), name, id, ok, want)
			}
			if got := e.Encode("a"+name+"b", name); len(got) != 3 || got[1] != want {
				t.Errorf("%s encodes a, %s and b as %d", e.Name(), name, got)
			}
			if text, err := e.Decode([]int{want}); err != nil || text != name {
				t.Errorf("%s decodes %d as %q, %v, want %s", e.Name(), want, text, err, name)
			}
		}
		if _, ok := e.SpecialID("<|nothing|>"); ok {
			t.Errorf("%s has a special token <|nothing|>", e.Name())
		}
	}
}

func TestDecodeRejectsUnknownIDs(t *testing.T) {
	for _, e := range embedded() {
		for _, id := range []int{-1, e.Size(), 1 << 40} {
			_, err := e.Decode([]int{0, id})
			if !errors.Is(err, llm.InvalidRequest) || !strings.Contains(err.Error(), "token 2 of 2: "+e.Name()+" has no token ") {
				t.Errorf("%s: decoding %d gives %v", e.Name(), id, err)
			}
		}
	}
	if _, err := tokens.O200kBase().Decode([]int{199998}); err == nil { // between the vocabulary and its special tokens
		t.Error("o200k_base decodes 199998, which is a token of o200k_harmony only")
	}
}

// A server receives and counts a text as encoding/json writes it.
func TestInvalidUTF8CountsAsItIsSent(t *testing.T) {
	for _, text := range []string{"\xff", "a\xffb", "\xe2\x82", "\xe2\x82 \xac", "\xed\xa0\x80", "\xf0\x9f\x98", "\xc0\x80", "ok \x80\x81\x82 ok", "가\xea\xb0나"} {
		data, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var sent string
		if err := json.Unmarshal(data, &sent); err != nil {
			t.Fatal(err)
		}
		for _, e := range embedded() {
			want := e.Encode(sent)
			if got := e.Encode(text); !slices.Equal(got, want) {
				t.Errorf("%s encodes %q as %d, want %d, as %q", e.Name(), text, got, want, sent)
			}
			if got := e.Count(text); got != len(want) {
				t.Errorf("%s counts %d tokens in %q, want %d", e.Name(), got, text, len(want))
			}
			if got, err := e.CountReader(strings.NewReader(text)); err != nil || got != len(want) {
				t.Errorf("%s counts %d tokens, %v, reading %q, want %d", e.Name(), got, err, text, len(want))
			}
		}
	}
}

func TestTokensAreTheTextInOrder(t *testing.T) {
	for _, e := range embedded()[:2] {
		for _, s := range samples(t) {
			var ids []int
			var text strings.Builder
			for id, bytes := range e.Tokens(s.Text) {
				ids = append(ids, id)
				text.WriteString(bytes)
			}
			if want := e.Encode(s.Text); !slices.Equal(ids, want) {
				t.Errorf("%s: the tokens of %q are %d, want %d", e.Name(), s.Text, ids, want)
			}
			if text.String() != s.Text {
				t.Errorf("%s: the tokens of %q are together %q", e.Name(), s.Text, &text)
			}
		}
		for range e.Tokens("one two three") {
			break // nothing is read after the loop is left
		}
	}
}

func TestEncodingsAreForAllGoroutinesAtOnce(t *testing.T) {
	all := samples(t)[:200]
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range all {
				s := all[(i+worker*25)%len(all)]
				if got := tokens.O200kBase().Count(s.Text); got != len(s.O200) {
					t.Errorf("%d tokens in %q, want %d", got, s.Text, len(s.O200))
				}
				if got := tokens.CL100kBase().Encode(s.Text); !slices.Equal(got, s.CL100) {
					t.Errorf("%q is encoded as %d, want %d", s.Text, got, s.CL100)
				}
			}
		})
	}
	wait.Wait()
}

func FuzzEncoding(f *testing.F) {
	for i, s := range samples(f) {
		if i%10 == 0 {
			f.Add(s.Text)
		}
	}
	f.Add("a\xff<|endoftext|>\r\n  \r\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range embedded() {
			ids := e.Encode(text)
			if n := e.Count(text); n != len(ids) {
				t.Errorf("%s counts %d tokens in %q but encodes it as %d", e.Name(), n, text, ids)
			}
			want := string([]rune(text)) // invalid bytes become U+FFFD
			if got, err := e.Decode(ids); err != nil || got != want {
				t.Errorf("%s: %q encoded and decoded is %q, %v", e.Name(), text, got, err)
			}
			var parts []int
			for id := range e.Tokens(text) {
				parts = append(parts, id)
			}
			if !slices.Equal(parts, ids) {
				t.Errorf("%s encodes %q as %d, and its parts as %d", e.Name(), text, ids, parts)
			}
			if got, err := e.Decode(e.Encode(text, e.Special()...)); err != nil || got != want {
				t.Errorf("%s, with special tokens: %q encoded and decoded is %q, %v", e.Name(), text, got, err)
			}
		}
	})
}
