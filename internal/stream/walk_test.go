package stream

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestWalkVisitsLeaves(t *testing.T) {
	frame := ` { "a" : "x\"y" , "b":[1,{"c":-2.5e3},[ ] ,["z"]],"d":{},"e":null,"f":true,"g":{"h":{"i":""}},"j":0} `
	var got []string
	var w Walker
	for range 2 { // a walker can be used again
		got = nil
		if !w.Walk([]byte(frame), func(v *Value) bool {
			if string(v.Raw()) != frame[v.start:v.start+len(v.Raw())] {
				t.Errorf("%s: %q does not stand at %d", v.Path(), v.Raw(), v.start)
			}
			got = append(got, fmt.Sprintf("%s=%s %d", v.Path(), v.AppendText(nil), v.Kind))
			return true
		}) {
			t.Fatal("refused")
		}
	}
	want := []string{
		`a=x"y 0`, "b.0=1 1", "b.1.c=-2.5e3 1", "b.2=[ ] 3", "b.3.0=z 0", "d={} 3", "e=null 2", "f=true 2", "g.h.i= 0", "j=0 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestWalkStopsWhenToldTo(t *testing.T) {
	n := 0
	var w Walker
	if w.Walk([]byte(`{"a":1,"b":[2,3]}`), func(v *Value) bool { n++; return n < 2 }) || n != 2 {
		t.Errorf("visited %d leaves, want 2 and then no more", n)
	}
}

func TestValueInt(t *testing.T) {
	for raw, want := range map[string]int{"0": 0, "15": 15, "999999999999999999": 999999999999999999,
		"1000000000000000000": -1, "-1": -1, "1.0": -1, "1e3": -1, `"1"`: -1, "null": -1} {
		var w Walker
		w.Walk([]byte(raw), func(v *Value) bool {
			got, ok := v.Int()
			if !ok {
				got = -1
			}
			if got != want {
				t.Errorf("%s: got %d, want %d", raw, got, want)
			}
			return true
		})
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
		{"empty key", `{"":1}`, false},
		{"key like an index", `{"0":1}`, false},
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
		var w Walker
		if got := w.Walk([]byte(c.frame), func(*Value) bool { return true }); got != c.want {
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
		var w Walker
		got := w.Walk(frame, func(v *Value) bool {
			value := v.Raw()
			switch v.Kind {
			case String:
				value = frame[v.start-1 : v.start+len(v.Raw())+1]
			case Empty:
				return true
			}
			if !json.Valid(value) {
				t.Errorf("found %q at %s, which is not JSON", value, v.Path())
			}
			return true
		})
		switch valid := json.Valid(frame); {
		case got && !valid:
			t.Error("accepted what encoding/json refuses")
		case !got && valid && !hasObject && len(frame) <= maxDepth:
			t.Error("refused JSON without objects")
		}
	})
}
