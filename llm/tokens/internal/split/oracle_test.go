package split

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// functions names the function that is tested with each pattern of
// testdata/patterns.json.
var functions = map[string]Pattern{
	"cl100k":           CL100k,
	"o200k":            O200k,
	"gpt2":             GPT2,
	"qwen2":            Qwen2,
	"tekken":           Tekken,
	"qwen35":           Qwen35,
	"kimi-k2":          KimiK2,
	"llama.cpp gpt-4o": LlamaCppO200k,
	"llama.cpp tekken": LlamaCppTekken,
	"starcoder":        StarCoder,
	"deepseek-v3":      DeepSeek3,
	"bailing":          Qwen2,
}

// expression is one line of testdata/patterns.json: the expressions of a Pattern, step by
// step.
type expression struct {
	name    string
	sources []string
}

// expressions reads testdata/patterns.json. The order is that of the answers in
// pieces.jsonl.
func expressions(tb testing.TB) []expression {
	tb.Helper()
	data, err := os.ReadFile("testdata/patterns.json")
	if err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		tb.Fatal(err)
	}
	var all []expression
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			tb.Fatal(err)
		}
		e := expression{name: name.(string)}
		if err := dec.Decode(&e.sources); err != nil {
			tb.Fatal(err)
		}
		if functions[e.name] == nil {
			tb.Fatalf("no function for the pattern %q", e.name)
		}
		all = append(all, e)
	}
	if len(all) != len(functions) {
		tb.Fatalf("testdata/patterns.json has %d patterns, the test knows %d", len(all), len(functions))
	}
	return all
}

// answer is a line of testdata/pieces.jsonl: a text, and the lengths of its pieces for
// each pattern.
type answer struct {
	Text   string
	Pieces [][]int
}

// answers reads the answers of the reference implementation: testdata/pieces.jsonl, or
// the file named by SPLIT_PIECES for a longer test.
func answers(tb testing.TB) []answer {
	tb.Helper()
	name := "testdata/pieces.jsonl"
	if other := os.Getenv("SPLIT_PIECES"); other != "" {
		name = other
	}
	f, err := os.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var all []answer
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			tb.Fatal(err)
		}
		all = append(all, a)
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	if len(all) < 1000 {
		tb.Fatalf("%s has only %d answers", name, len(all))
	}
	return all
}

// lengths returns the lengths of the pieces of a text. It stops the test if a length is
// invalid.
func lengths(tb testing.TB, p Pattern, text string) []int {
	tb.Helper()
	var all []int
	for at := 0; at < len(text); {
		n := p(text[at:])
		if n <= 0 || n > len(text)-at {
			tb.Fatalf("the piece at %d of %q has %d bytes", at, text, n)
		}
		all = append(all, n)
		at += n
	}
	return all
}

func pieces(text string, lengths []int) []string {
	var all []string
	for _, n := range lengths {
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

func TestPiecesAreTheOracles(t *testing.T) {
	patterns := expressions(t)
	for _, a := range answers(t) {
		if len(a.Pieces) != len(patterns) {
			t.Fatalf("%q has answers for %d patterns, want %d", a.Text, len(a.Pieces), len(patterns))
		}
		for i, e := range patterns {
			got := lengths(t, functions[e.name], a.Text)
			if !cmp.Equal(got, a.Pieces[i]) {
				t.Errorf("%s: %q is split as\n%q, want\n%q", e.name, a.Text, pieces(a.Text, got), pieces(a.Text, a.Pieces[i]))
			}
		}
	}
}

// TestReferenceIsTheOracles compares the matcher used by the fuzz test with the answers
// of the reference implementation.
func TestReferenceIsTheOracles(t *testing.T) {
	patterns := expressions(t)
	for i, e := range patterns {
		ref := newReference(t, e.sources)
		for _, a := range answers(t)[:1000] {
			if got := ref.lengths(a.Text); !cmp.Equal(got, a.Pieces[i]) {
				t.Fatalf("%s: the reference splits %q as\n%q, want\n%q", e.name, a.Text, pieces(a.Text, got), pieces(a.Text, a.Pieces[i]))
			}
		}
	}
}

// unicodeClasses reads testdata/unicode.txt: the characters of each class.
func unicodeClasses(tb testing.TB) map[string]map[rune]bool {
	tb.Helper()
	data, err := os.ReadFile("testdata/unicode.txt")
	if err != nil {
		tb.Fatal(err)
	}
	classes := map[string]map[rune]bool{}
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		members := map[rune]bool{}
		classes[words[0]] = members
		for _, word := range words[1:] {
			first, last, ok := strings.Cut(word, "-")
			if !ok {
				last = first
			}
			lo, err := strconv.ParseInt(first, 16, 32)
			if err != nil {
				tb.Fatal(err)
			}
			hi, err := strconv.ParseInt(last, 16, 32)
			if err != nil {
				tb.Fatal(err)
			}
			for c := lo; c <= hi; c++ {
				members[rune(c)] = true
			}
		}
	}
	return classes
}

func TestClassesOfEveryCodePointAreTheOracles(t *testing.T) {
	classes := unicodeClasses(t)
	bits := map[string]class{
		"Lu": upper, "Lt": upper, "Ll": lower, "Lm": other, "Lo": other,
		"M": mark, "N": number, "P": punct, "S": symbol, "space": space,
	}
	var want [0x110000]class
	for name, bit := range bits {
		for r := range classes[name] {
			want[r] |= bit
		}
	}
	for r := range rune(0x110000) {
		if got := classOf(r); got != want[r] {
			t.Fatalf("U+%04X has class %08b, want %08b", r, got, want[r])
		}
		if r >= 0xD800 && r <= 0xDFFF {
			continue
		}
		s := string(r) + "x"
		if got, width := classAt(s, 0); got != want[r] || width != len(s)-1 {
			t.Fatalf("U+%04X, as text, has class %08b and width %d, want %08b and %d", r, got, width, want[r], len(s)-1)
		}
		if got := isHan(s, 0); got != classes["Han"][r] {
			t.Fatalf("U+%04X is Han: %v, want %v", r, got, classes["Han"][r])
		}
	}
}
