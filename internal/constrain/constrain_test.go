package constrain_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/constrain"
	"github.com/parley-llm/parley/internal/cputime"
	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm/tokens"
)

// bytesVocabulary has a token for each byte, and some longer ones.
func bytesVocabulary() *constrain.Vocabulary {
	texts := make([]string, 256)
	for i := range texts {
		texts[i] = string([]byte{byte(i)})
	}
	return constrain.NewVocabulary(append(texts, "", `{"`, `": "`, `", "`, "true", "tru", "true", `"}`, "12", "-1", "\U0001F999"))
}

// accepts reports whether a form has the whole text, byte by byte and as one text.
func accepts(t *testing.T, f *constrain.Form, text string) bool {
	t.Helper()
	cache := constrain.NewCache(bytesVocabulary())
	m, err := cache.Matcher("f", func() (*constrain.Form, error) { return f, nil })
	if err != nil {
		t.Fatal(err)
	}
	ok := true
	for i := range len(text) {
		allowed := m.Allows(int(text[i]))
		if accepted := m.Accept(text[i : i+1]); accepted != allowed {
			t.Errorf("byte %d of %q: Allows is %v, Accept is %v", i, text, allowed, accepted)
		}
		if ok = allowed; !ok {
			break
		}
	}
	ok = ok && m.CanEnd()
	whole, _ := cache.Matcher("f", nil)
	if together := whole.Accept(text) && whole.CanEnd(); together != ok {
		t.Errorf("%q: by bytes %v, as one text %v", text, ok, together)
	}
	return ok
}

func TestFormsOfSchemas(t *testing.T) {
	for _, test := range []struct {
		schema    string
		yes, no   []string
		unchecked bool // the validator accepts more than the form
	}{
		{`true`, []string{`1`, `"a"`, `[]`, `[1,{"a":[null]}]`, `{"a":{"b":-1.5}}`, `"\u00e9\n"`, `"🦙"`, `{}`, `[ ]`}, []string{``, `01`, `"`, `[1,]`, `{"a"}`, `nul`, "\"\xff\"", `"\ud800"`, "\"\n\""}, true},
		{`{"type":"integer","minimum":-5,"maximum":12}`, []string{`-5`, `-1`, `0`, `7`, `10`, `12`}, []string{`-6`, `13`, `00`, `1.0`, `-0`, `120`}, false},
		{`{"type":"integer","exclusiveMinimum":99}`, []string{`100`, `123456`}, []string{`99`, `0`, `-100`}, false},
		{`{"type":"number","minimum":0.5,"exclusiveMaximum":2}`, []string{`0.5`, `0.50`, `1`, `1.999`, `0.75`}, []string{`0.49`, `2`, `2.0`, `0`, `-1`}, false},
		{`{"type":"number","exclusiveMinimum":-0.25,"maximum":0}`, []string{`-0.2`, `0`, `-0.24999`, `0.0`}, []string{`-0.25`, `0.1`, `-1`}, false},
		{`{"type":"string","minLength":2,"maxLength":3}`, []string{`"ab"`, `"é🦙"`, `"a\"b"`, `"\u00e9xy"`}, []string{`"a"`, `"abcd"`, `ab`}, false},
		{`{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}`, []string{`"AB-1"`, `"XY-123"`}, []string{`"A-1"`, `"AB-"`, `"AB-1x"`}, false},
		{`{"type":"string","pattern":"é|\""}`, []string{`"é"`, `"xéx"`, `"\""`}, []string{`"e"`}, false},
		{`{"type":"string","format":"date"}`, []string{`"2026-11-28"`}, []string{`"2026-13-01"`, `"x"`}, true},
		{`{"enum":["a",1,null,{"b":2}]}`, []string{`"a"`, `1`, `null`, `{"b":2}`}, []string{`"b"`, `12`}, false},
		{`{"const":"x"}`, []string{`"x"`}, []string{`"y"`}, false},
		{`{"anyOf":[{"type":"boolean"},{"type":"null"}]}`, []string{`true`, `null`}, []string{`1`}, false},
		{`{"type":["string","null"]}`, []string{`"a"`, `null`}, []string{`1`}, false},
		{`{"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3}`, []string{`[true]`, `[true, false,true]`}, []string{`[]`, `[true,true,true,true]`, `[1]`}, false},
		{`{"type":"array","prefixItems":[{"type":"null"}],"items":{"type":"boolean"}}`, []string{`[null]`, `[null,true,false]`, `[]`}, []string{`[true]`, `[null,null]`}, false},
		{`{"type":"array"}`, []string{`[]`, `[1,"a",[]]`}, []string{`{}`}, false},
		{`{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"null"}},"required":["b"],"additionalProperties":false}`,
			[]string{`{"b":"x"}`, `{"a":1,"b":"x"}`, "{\n  \"a\": 1, \"b\": \"x\", \"c\": null\n}", `{"b":"","c":null}`}, []string{`{}`, `{"a":1}`, `{"b":"x","d":1}`, `{"b":1}`, `{,"b":"x"}`, `{"b":"x",}`}, false},
		{`{"type":"object","properties":{"ab":{"type":"integer"},"a":{"type":"null"}},"additionalProperties":{"type":"boolean"}}`,
			[]string{`{}`, `{"x":true}`, `{"ab":1,"abc":true,"é":false}`, `{"":true}`, `{"b":true}`}, []string{`{"ab":true}`, `{"a":true}`, `{"x":1}`}, false},
		{`{"$defs":{"n":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/n"},{"type":"null"}]}},"required":["v","next"],"additionalProperties":false}},"$ref":"#/$defs/n"}`,
			[]string{`{"v":1,"next":null}`, `{"v":1,"next":{"v":2,"next":{"v":3,"next":null}}}`}, []string{`{"v":1,"next":{"v":2}}`, `{"v":1}`}, false},
		{`{"allOf":[{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}},"required":["b"]}]}`,
			[]string{`{"a":1,"b":null}`}, []string{`{"a":1}`, `{}`}, false},
	} {
		form, warnings, err := constrain.JSON(json.RawMessage(test.schema))
		if err != nil {
			t.Errorf("%s: %v", test.schema, err)
			continue
		}
		if len(warnings) > 0 {
			t.Errorf("%s: %v", test.schema, warnings)
		}
		parsed, err := schema.Parse([]byte(test.schema), schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		validator := parsed.Validator(schema.Options{Formats: true})
		for _, text := range test.yes {
			if !accepts(t, form, text) {
				t.Errorf("%s: %s is refused", test.schema, text)
			}
			if report := validator.Validate([]byte(text)); !report.Valid() {
				t.Errorf("%s: the example %s is wrong: %v", test.schema, text, report)
			}
		}
		for _, text := range test.no {
			if accepts(t, form, text) {
				t.Errorf("%s: %s is accepted", test.schema, text)
			}
		}
	}
}

func TestUnenforcedKeywordsAreWarnings(t *testing.T) {
	_, warnings, err := constrain.JSON(json.RawMessage(`{"type":"array","items":{"type":"integer","multipleOf":7},"uniqueItems":true}`))
	if err != nil || len(warnings) != 2 {
		t.Errorf("%v, %v, want two warnings", warnings, err)
	}
}

func TestCallsOfTools(t *testing.T) {
	form, _, err := constrain.Calls([]constrain.Call{{"f", json.RawMessage(`{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"]}`)}, {"g", nil}}, "arguments")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"\n" + `{"name": "f", "arguments": {"x": 1}}`: true, `{"name":"g","arguments":{}}`: true,
		`{"name":"f","arguments":{}}`: false, `{"name":"h","arguments":{}}`: false, `{"name":"g","arguments":{"x":1}}`: false,
	} {
		if got := accepts(t, form, text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// large returns a vocabulary of 128,000 tokens.
var large = sync.OnceValue(func() *constrain.Vocabulary {
	e := tokens.O200kBase()
	texts := make([]string, 128_000)
	for id := range texts {
		texts[id], _ = e.Decode([]int{id})
	}
	return constrain.NewVocabulary(texts)
})

// recursive has all kinds of values, and refers to itself.
const recursive = `{"$defs":{"node":{"type":"object","properties":{
	"id":{"type":"integer","minimum":1,"maximum":999},"kind":{"enum":["leaf","branch"]},"label":{"type":"string","maxLength":20},
	"code":{"type":"string","pattern":"^[A-Z]{3}-\\d{2,4}$"},"weight":{"type":"number","minimum":0,"maximum":1},
	"tags":{"type":"array","items":{"type":"string","maxLength":8},"maxItems":3},"when":{"type":"string","format":"date"},
	"children":{"type":"array","items":{"$ref":"#/$defs/node"},"maxItems":2},"note":{"type":["string","null"],"maxLength":30},"on":{"type":"boolean"}},
	"required":["id","kind","children"],"additionalProperties":false}},"$ref":"#/$defs/node"}`

// used returns the processor time so far, because other programs use the machine as well.
func used() time.Duration {
	d, _ := cputime.Used()
	return d
}

// write generates a text by random logits. It returns the text, whether the form has ended it,
// and the time for the matcher alone.
func write(m *constrain.Matcher, v *constrain.Vocabulary, texts func(id int) string, rng *rand.Rand, most int) (text string, ended bool, took time.Duration, n int) {
	var b strings.Builder
	for n = range most {
		if m.MustEnd() || m.CanEnd() && rng.IntN(4) == 0 {
			return b.String(), true, took, n
		}
		begin := used()
		chosen := -1
		for range 32 { // candidates first
			if id := rng.IntN(v.Size()); m.Allows(id) {
				chosen = id
				break
			}
		}
		if chosen < 0 {
			if ids := m.Next(); len(ids) > 0 {
				chosen = ids[rng.IntN(len(ids))]
			}
		}
		if chosen < 0 {
			return b.String(), false, took, n
		}
		if !m.Accept(texts(chosen)) {
			panic("an allowed token is refused")
		}
		took += used() - begin
		b.WriteString(texts(chosen))
	}
	return b.String(), false, took, n
}

func TestTextsOfRandomTokensAreValid(t *testing.T) {
	v := large()
	e := tokens.O200kBase()
	cache := constrain.NewCache(v)
	parsed, err := schema.Parse([]byte(recursive), schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	validator := parsed.Validator(schema.Options{Formats: true})
	rng := rand.New(rand.NewPCG(1, 2))
	valid, cut, count := 0, 0, 0
	var took time.Duration
	for range 1000 {
		m, err := cache.Matcher("recursive", func() (*constrain.Form, error) {
			form, _, err := constrain.JSON(json.RawMessage(recursive))
			return form, err
		})
		if err != nil {
			t.Fatal(err)
		}
		text, ended, spent, n := write(m, v, func(id int) string { s, _ := e.Decode([]int{id}); return s }, rng, 400)
		took, count = took+spent, count+n
		if !ended {
			cut++
			continue
		}
		if report := validator.Validate([]byte(text)); !report.Valid() {
			t.Fatalf("%s\n%v", text, report)
		}
		valid++
	}
	if valid < 500 {
		t.Errorf("only %d texts have ended", valid)
	}
	t.Logf("%d valid, %d cut, %d tokens, %v a token for allowing, masking and accepting", valid, cut, count, took/time.Duration(max(count, 1)))
}

func FuzzSchema(f *testing.F) {
	f.Add(recursive, uint64(1))
	for _, s := range []string{`{"type":"number","minimum":1e300}`, `{"pattern":"(a|b)*c"}`, `{"$ref":"#"}`, `{"type":"object","properties":{"a":false},"required":["a"]}`, `{"minItems":5,"items":false}`, `{"anyOf":[false,{"type":"string"}]}`} {
		f.Add(s, uint64(2))
	}
	f.Fuzz(func(t *testing.T, source string, seed uint64) {
		begin := used()
		defer func() {
			if took := used() - begin; took > 5*time.Second {
				t.Errorf("%q took %v", source, took)
			}
		}()
		form, warnings, err := constrain.JSON(json.RawMessage(source))
		if err != nil || len(source) > 5000 {
			return
		}
		parsed, err := schema.Parse([]byte(source), schema.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		v := bytesVocabulary()
		m, err := constrain.NewCache(v).Matcher("f", func() (*constrain.Form, error) { return form, nil })
		if err != nil {
			t.Fatal(err)
		}
		texts := func(id int) string {
			if id < 256 {
				return string([]byte{byte(id)})
			}
			return []string{"", `{"`, `": "`, `", "`, "true", "tru", "true", `"}`, "12", "-1", "\U0001F999"}[id-256]
		}
		text, ended, _, _ := write(m, v, texts, rand.New(rand.NewPCG(seed, 1)), 200)
		if !ended || len(warnings) > 0 {
			return
		}
		report := parsed.Validator(schema.Options{}).Validate([]byte(text))
		if !report.Valid() && !slices.ContainsFunc(report.Findings, func(f schema.Finding) bool { return f.Keyword == "" }) {
			t.Errorf("%s accepts %s: %v", source, text, report)
		}
	})
}

func BenchmarkMask(b *testing.B) {
	v := large()
	for _, prefix := range []string{``, `{"id": 1`, `{"id": 1, "kind": "leaf", "label": "a`} {
		b.Run(fmt.Sprintf("%.12q", prefix), func(b *testing.B) {
			form, _, err := constrain.JSON(json.RawMessage(recursive))
			if err != nil {
				b.Fatal(err)
			}
			logits := make([]float32, v.Size())
			b.ReportAllocs()
			for b.Loop() {
				m, err := constrain.NewCache(v).Matcher("f", func() (*constrain.Form, error) { return form, nil })
				if err != nil {
					b.Fatal(err)
				}
				m.Accept(prefix)
				m.Mask(logits, nil)
			}
		})
	}
}
