package gotype_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/gotype"
)

type rich struct {
	Name   string            `json:"name"`
	Unit   Unit              `json:"unit"`
	Kind   string            `json:"kind" enum:"a,b"`
	N      int64             `json:"n"`
	F      float64           `json:"f"`
	U      uint8             `json:"u"`
	OK     bool              `json:"ok"`
	When   time.Time         `json:"when"`
	Addr   netip.Addr        `json:"addr"`
	Bytes  []byte            `json:"bytes"`
	Raw    json.RawMessage   `json:"raw"`
	Any    any               `json:"any"`
	P      *int              `json:"p"`
	S      *string           `json:"s"`
	List   []string          `json:"list"`
	Nums   []float64         `json:"nums"`
	Lines  []Line            `json:"lines"`
	Deep   [][]Line          `json:"deep"`
	Map    map[string]string `json:"map"`
	ByInt  map[int]Line      `json:"by_int"`
	Quoted int               `json:"quoted,string"`
	Next   *rich             `json:"next"`
	Fixed  [2]string         `json:"fixed"`
	Base
}

const richText = `{"name":"Zoë \"x\" 😀 \u00e9\ud83d\ude00","unit":"m","kind":"a","n":9007199254740993,"f":-1.5e3,"u":255,"ok":true,
	"when":"2026-11-30T10:00:00Z","addr":"::1","bytes":"aGk=","raw":{"a":[1,"]"]},"any":{"b":[null,2.5]},"p":7,"s":"text",
	"list":["one","two\n",""],"nums":[1,2.5,-0.25],"lines":[{"SKU":"a"},{"SKU":"b","extra":{"x":[1]}}],"deep":[[{"SKU":"c"}],[]],
	"map":{"k":"v","l":"w"},"by_int":{"-3":{"SKU":"d"}},"quoted":"42","next":{"name":"inner","list":[]},"fixed":["x","y"],"ID":5,"unknown":[{"deep":"x"}]}`

func TestDecoderFillsTheSameValueAsEncodingJSONFromPiecesOfAnySize(t *testing.T) {
	var want rich
	if err := json.Unmarshal([]byte(richText), &want); err != nil {
		t.Fatal(err)
	}
	for size := 1; size <= len(richText); size++ {
		var got rich
		d := gotype.NewDecoder(&got)
		for rest := richText; rest != ""; {
			n := min(size, len(rest))
			if err := d.Write(rest[:n]); err != nil {
				t.Fatalf("pieces of %d bytes: %v", size, err)
			}
			rest = rest[n:]
		}
		if err := d.Close(); err != nil {
			t.Fatalf("pieces of %d bytes: %v", size, err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatalf("pieces of %d bytes:\n%s", size, diff)
		}
	}
}

// prefixOf returns a description of the first part of partial that is no prefix of whole.
func prefixOf(partial, whole reflect.Value, path string) string {
	switch partial.Kind() {
	case reflect.String:
		if !strings.HasPrefix(whole.String(), partial.String()) || !utf8.ValidString(partial.String()) {
			return fmt.Sprintf("%s: %q is no prefix of %q", path, partial, whole)
		}
		if partial.Type() == reflect.TypeFor[Unit]() && partial.String() != "" && partial.String() != whole.String() {
			return fmt.Sprintf("%s: the enum %q is incomplete", path, partial)
		}
		return ""
	case reflect.Slice, reflect.Array:
		if partial.Type() == reflect.TypeFor[[]byte]() || partial.Type() == reflect.TypeFor[json.RawMessage]() {
			break
		}
		if partial.Len() > whole.Len() {
			return fmt.Sprintf("%s: %d elements of %d", path, partial.Len(), whole.Len())
		}
		for i := range partial.Len() {
			if problem := prefixOf(partial.Index(i), whole.Index(i), fmt.Sprintf("%s[%d]", path, i)); problem != "" {
				return problem
			}
		}
		return ""
	case reflect.Map:
		for key, value := range partial.Seq2() {
			if at := whole.MapIndex(key); !at.IsValid() || !reflect.DeepEqual(value.Interface(), at.Interface()) {
				return fmt.Sprintf("%s[%v]: %v is not complete", path, key, value)
			}
		}
		return ""
	case reflect.Pointer:
		if partial.IsNil() {
			return ""
		}
		return prefixOf(partial.Elem(), whole.Elem(), path)
	case reflect.Struct:
		if partial.Type() == reflect.TypeFor[time.Time]() || partial.Type() == reflect.TypeFor[netip.Addr]() {
			break
		}
		for i := range partial.NumField() {
			if problem := prefixOf(partial.Field(i), whole.Field(i), path+"."+partial.Type().Field(i).Name); problem != "" {
				return problem
			}
		}
		return ""
	}
	if !partial.IsZero() && !reflect.DeepEqual(partial.Interface(), whole.Interface()) {
		return fmt.Sprintf("%s: %v is not %v", path, partial, whole)
	}
	return ""
}

// randomRich returns a value with random content.
func randomRich(r *rand.Rand, depth int) rich {
	text := func() string {
		letters := []rune("aé😀\"\\\n<\u2028b ")
		s := make([]rune, r.IntN(12))
		for i := range s {
			s[i] = letters[r.IntN(len(letters))]
		}
		return string(s)
	}
	v := rich{
		Name: text(), Unit: []Unit{"m", "ft", ""}[r.IntN(3)], Kind: "b", N: r.Int64() - r.Int64(), F: r.NormFloat64() * 1e6, U: uint8(r.Uint32()),
		OK: r.IntN(2) == 0, When: time.Unix(r.Int64N(1e9), 0).UTC(), Addr: netip.AddrFrom4([4]byte{1, 2, 3, byte(r.Uint32())}),
		Bytes: []byte(text()), Raw: json.RawMessage(`{"a":[1]}`), Any: text(), Quoted: r.IntN(100), Fixed: [2]string{text(), text()},
		Map: map[string]string{}, ByInt: map[int]Line{}, Base: Base{ID: r.IntN(9)},
	}
	if r.IntN(2) == 0 {
		v.P, v.S = new(r.IntN(1000)), new(text())
	}
	for range r.IntN(4) {
		v.List, v.Nums = append(v.List, text()), append(v.Nums, float64(r.IntN(100))/4)
		v.Lines, v.Deep = append(v.Lines, Line{text()}), append(v.Deep, []Line{{text()}})
		v.Map[text()], v.ByInt[r.IntN(50)] = text(), Line{text()}
	}
	if depth > 0 {
		v.Next = new(randomRich(r, depth-1))
	}
	return v
}

func TestEveryPartialIsAPrefixOfTheEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 1000 {
		data, err := json.Marshal(randomRich(r, 2))
		if err != nil {
			t.Fatal(err)
		}
		var whole, partial rich
		if err := json.Unmarshal(data, &whole); err != nil {
			t.Fatal(err)
		}
		d := gotype.NewDecoder(&partial)
		for rest := string(data); rest != ""; {
			size := min(1+r.IntN(60), len(rest))
			if err := d.Write(rest[:size]); err != nil {
				t.Fatal(err)
			}
			rest = rest[size:]
			if problem := prefixOf(reflect.ValueOf(partial), reflect.ValueOf(whole), "v"); problem != "" {
				t.Fatalf("document %d, %d bytes before the end: %s\n%s", n, len(rest), problem, data)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, partial, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestDecoderRefusesTextThatIsNoJSON(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `"x`, "\"a\nb\"", `"\x"`, `"\u12g4"`, `tru`, `trux`, `nul`, `01`, `1.`, `-`,
		`{} {}`, `]`, `{]`, `[}`, `,`, strings.Repeat("[", 600),
	} {
		var v any
		if json.Valid([]byte(text)) {
			t.Fatalf("%q is JSON", text)
		}
		if err := gotype.Decode(text, &v); err == nil {
			t.Errorf("%.20q is accepted, as %v", text, v)
		}
		var s struct{ A int }
		if err := gotype.Decode(text, &s); err == nil {
			t.Errorf("%.20q is accepted in a struct", text)
		}
	}
}

func TestDecoderNamesTheFirstValueOfAWrongType(t *testing.T) {
	type order struct {
		Lines []struct{ N int8 }
		When  time.Time
		M     map[int]string
		D     time.Duration
		S     string
	}
	for text, want := range map[string]string{
		`{"Lines":[{"N":1},{"N":300}]}`: `/Lines/1/N: the number 300 cannot be a int8`,
		`{"Lines":[{"N":"3"}]}`:         `/Lines/0/N: a string cannot be a int8`,
		`{"Lines":{"N":1}}`:             `/Lines: an object cannot be a []struct`,
		`{"When":"yesterday"}`:          `/When: parsing time`,
		`{"M":{"x":"y"}}`:               `the key "x" is no int`,
		`{"D":5}`:                       `/D: json: cannot unmarshal number`,
		`{"D":"5 parsecs"}`:             `/D: time: unknown unit`,
		`{"S":1e999999999}`:             `/S: a number cannot be a string`,
		`{"Lines":[{"N":1e999999999}]}`: `cannot be a int8`,
	} {
		var v order
		err := gotype.Decode(text, &v)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", text, err, want)
		}
	}
}

func TestDecoderAcceptsOtherFormsOfTheSameValue(t *testing.T) {
	type forms struct {
		I    int
		D    time.Duration
		L    []*int
		T    []*time.Time
		Opt  *Line
		Deft string `default:"red"`
		Num  *int   `default:"3"`
	}
	var got forms
	if err := gotype.Decode(`{"I":1.0e2,"D":"1h30m","L":[1,null],"T":[null],"Opt":null,"Deft":null}`, &got); err != nil {
		t.Fatal(err)
	}
	want := forms{I: 100, D: 90 * time.Minute, L: []*int{new(1), nil}, T: []*time.Time{nil}, Deft: "red", Num: new(3)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecoderAgreesWithEncodingJSON(f *testing.F) {
	f.Add(richText, 3)
	f.Add(`{"name":"\ud800x","n":1}`, 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 || len(text) > 10_000 {
			return
		}
		var got, want any
		d := gotype.NewDecoder(&got)
		var partial rich
		typed := gotype.NewDecoder(&partial)
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			_ = d.Write(rest[:n]) // Close returns the error again
			_ = typed.Write(rest[:n])
			rest = rest[n:]
		}
		err := d.Close()
		if (err == nil) != (json.Unmarshal([]byte(text), &want) == nil) {
			t.Fatalf("%q: %v, encoding/json: %v", text, err, json.Unmarshal([]byte(text), &want))
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %v, want %v", text, got, want)
		}
	})
}

type document struct {
	Title    string    `json:"title"`
	Sections []section `json:"sections"`
}

type section struct {
	ID         int      `json:"id"`
	Heading    string   `json:"heading"`
	Paragraphs []string `json:"paragraphs"`
	Score      float64  `json:"score"`
	Draft      bool     `json:"draft"`
}

// largeDocument returns about 1 MB of JSON.
func largeDocument() string {
	doc := document{Title: "large"}
	for i := range 1700 {
		doc.Sections = append(doc.Sections, section{
			i, "Heading", []string{strings.Repeat("word ", 50), strings.Repeat("größe ", 40)}, float64(i) / 3, i%2 == 0,
		})
	}
	data, _ := json.Marshal(doc)
	return string(data)
}

// inPieces decodes a text in 100,000 pieces, and copies the value after each, as a stream of
// values does.
func inPieces(t testing.TB, text string) (last document) {
	var v document
	d := gotype.NewDecoder(&v)
	size := len(text)/100_000 + 1
	for rest := text; rest != ""; {
		n := min(size, len(rest))
		if err := d.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
		last = v
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return last
}

func TestPartialsCostAtMostThreeTimesOneUnmarshal(t *testing.T) {
	if testing.Short() {
		t.Skip("costs are measured without -short")
	}
	text := largeDocument()
	data := []byte(text)
	once := cputime.Least(t, 1, func() {
		var v document
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
	})
	partials := cputime.Least(t, 1, func() { inPieces(t, text) })
	t.Logf("%d bytes: json.Unmarshal %.1f ms, all partials %.1f ms", len(data), once/1e6, partials/1e6)
	if partials > 3*once {
		t.Errorf("all partials cost %.1f ms, one json.Unmarshal %.1f ms", partials/1e6, once/1e6)
	}
}

func BenchmarkUnmarshalOnce(b *testing.B) {
	data := []byte(largeDocument())
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		var v document
		if err := json.Unmarshal(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecoderIn100000Pieces(b *testing.B) {
	text := largeDocument()
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		inPieces(b, text)
	}
}
