package reply

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestWalkFindsStringsAndNumbers(t *testing.T) {
	frame := ` { "a" : "x\"y" , "b":[1,{"c":-2.5e3},[ ] ,["z"]],"d":{},"e":null,"f":true,"g":{"h":{"i":""}},"":{"j":0} } `
	var got []string
	if !walk([]byte(frame), func(v scalar) {
		got = append(got, fmt.Sprintf("%s=%s %v", v.path, frame[v.start:v.end], v.isString))
	}) {
		t.Fatal("refused")
	}
	want := []string{`a=x\"y true`, "b.0=1 false", "b.1.c=-2.5e3 false", "b.3.0=z true", "g.h.i= true", "j=0 false"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWalkAcceptsOrRefuses(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"k%d":0,`, i)
		}
		return "{" + strings.TrimSuffix(b.String(), ",") + "}"
	}
	for _, c := range []struct {
		name, frame string
		want        bool
	}{
		{"object", `{"a":1}`, true},
		{"scalar", `1`, true},
		{"white space around", " \t\r\n{} \t\r\n", true},
		{"the same key in two objects", `{"a":{"k":1},"b":{"k":1,"a":[{"k":1},{"k":1}]}}`, true},
		{"deep", nested(maxDepth), true},
		{"many keys", keys(maxKeys), true},

		{"duplicate key", `{"a":1,"b":2,"a":1}`, false},
		{"duplicate key after an object", `{"a":{"b":1},"a":1}`, false},
		{"keys told apart by case", `{"content":1,"Content":1}`, false},
		{"key with an escape", `{"\u0061":1}`, false},
		{"key beyond ASCII", `{"ſ":1}`, false},
		{"key with a dot", `{"a.b":1}`, false},
		{"too deep", nested(maxDepth + 2), false},
		{"too many keys", keys(maxKeys + 1), false},

		{"nothing", ``, false},
		{"white space", ` `, false},
		{"two values", `{}{}`, false},
		{"trailing comma", `{"a":1,}`, false},
		{"trailing comma in an array", `[1,]`, false},
		{"leading comma", `[,1]`, false},
		{"no comma", `[1 2]`, false},
		{"no colon", `{"a" 1}`, false},
		{"no value", `{"a":}`, false},
		{"no key", `{:1}`, false},
		{"bare key", `{a:1}`, false},
		{"open object", `{"a":1`, false},
		{"open array", `[1`, false},
		{"open string", `"a`, false},
		{"open key", `{"a`, false},
		{"wrong bracket", `[1}`, false},
		{"bad literal", `nul`, false},
		{"capital literal", `True`, false},
		{"bad number", `01`, false},
		{"bad escape", `"\x"`, false},
		{"raw newline", "\"\n\"", false},
		{"NUL at the end", "{}\x00", false},
		{"NUL as a value", "[\x00]", false},
		{"byte order mark", "\xEF\xBB\xBF{}", false},
	} {
		if got := walk([]byte(c.frame), func(scalar) {}); got != c.want {
			t.Errorf("%s: accepted is %v, want %v: %.60s", c.name, got, c.want, c.frame)
		}
	}
}

func FuzzWalk(f *testing.F) {
	f.Add([]byte(openAIChunk("Hi", "abc")))
	f.Add([]byte(ollamaChunk("Hi", "2026")))
	f.Add([]byte(`[-1.5e+3,[true,false,null],{"a":{"b":[]}}," \ud83e\udd99"]`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		hasObject := false
		for _, c := range frame {
			hasObject = hasObject || c == '{'
		}
		got := walk(frame, func(v scalar) {
			value := frame[v.start:v.end]
			if v.isString {
				value = frame[v.start-1 : v.end+1]
			}
			if !json.Valid(value) {
				t.Errorf("found %q at %s, which is not JSON", value, v.path)
			}
		})
		switch valid := json.Valid(frame); {
		case got && !valid:
			t.Error("accepted what encoding/json refuses")
		case !got && valid && !hasObject && len(frame) <= maxDepth:
			t.Error("refused JSON without objects")
		}
	})
}
