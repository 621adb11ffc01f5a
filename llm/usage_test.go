package llm_test

import (
	"encoding/json"
	"testing"

	"github.com/parley-llm/parley/llm"
)

var unknown llm.Tokens

func TestTokensAdd(t *testing.T) {
	for _, test := range []struct{ a, b, want llm.Tokens }{
		{unknown, unknown, unknown},
		{unknown, llm.Known(2), llm.Estimated(2)},
		{unknown, llm.Known(0), llm.Estimated(0)},
		{unknown, llm.Estimated(2), llm.Estimated(2)},
		{llm.Known(1), llm.Known(2), llm.Known(3)},
		{llm.Known(0), llm.Known(0), llm.Known(0)},
		{llm.Known(1), llm.Estimated(2), llm.Estimated(3)},
		{llm.Estimated(1), llm.Estimated(2), llm.Estimated(3)},
	} {
		if got := test.a.Add(test.b); got != test.want {
			t.Errorf("%v + %v = %#v, want %#v", test.a, test.b, got, test.want)
		}
		if got := test.b.Add(test.a); got != test.want {
			t.Errorf("%v + %v = %#v, want %#v", test.b, test.a, got, test.want)
		}
	}
}

func TestTokensTextAndJSON(t *testing.T) {
	for _, test := range []struct {
		tokens     llm.Tokens
		text, json string
		known      bool
	}{
		{unknown, "unknown", `null`, false},
		{llm.Known(0), "0", `0`, true},
		{llm.Known(12), "12", `12`, true},
		{llm.Estimated(0), "~0", `"~0"`, false},
		{llm.Estimated(1234), "~1234", `"~1234"`, false},
	} {
		check(t, "text", test.text, test.tokens.String())
		check(t, "IsKnown of "+test.text, test.known, test.tokens.IsKnown())
		data, err := json.Marshal(test.tokens)
		if err != nil || string(data) != test.json {
			t.Errorf("%v is the JSON %s (%v), want %s", test.tokens, data, err, test.json)
		}
		back := llm.Known(99) // the earlier value must be overwritten
		if err := json.Unmarshal(data, &back); err != nil || back != test.tokens {
			t.Errorf("%s is read back as %#v (%v), want %#v", data, back, err, test.tokens)
		}
	}
}

func TestTokensOfBadJSON(t *testing.T) {
	for _, data := range []string{`"12"`, `"~"`, `"~x"`, `1.5`, `1e3`, `true`, `{}`, `[]`, `""`, `"unknown"`, `99999999999999999999`} {
		tokens := llm.Known(7)
		err := json.Unmarshal([]byte(data), &tokens)
		want := "parley: token count " + data + ` is not a number, "~n" or null`
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", data, err, want)
		}
		if tokens != llm.Known(7) {
			t.Errorf("%s: the tokens were changed to %#v in spite of the error", data, tokens)
		}
	}
}

func TestUsage(t *testing.T) {
	full := llm.Usage{Input: llm.Known(100), Output: llm.Known(30), CacheRead: llm.Known(80), CacheWrite: llm.Known(5), Reasoning: llm.Known(20)}
	plain := llm.Usage{Input: llm.Known(1), Output: llm.Estimated(2)}
	for _, test := range []struct {
		name  string
		usage llm.Usage
		text  string
		json  string
		total llm.Tokens
		zero  bool
	}{
		{"nothing known", llm.Usage{}, "unknown in, unknown out",
			`{"input":null,"output":null,"cacheRead":null,"cacheWrite":null,"reasoning":null}`, unknown, true},
		{"no tokens are not nothing known", llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}, "0 in, 0 out",
			`{"input":0,"output":0,"cacheRead":null,"cacheWrite":null,"reasoning":null}`, llm.Known(0), false},
		{"all known", full, "100 in (80 cached), 30 out (20 reasoning)",
			`{"input":100,"output":30,"cacheRead":80,"cacheWrite":5,"reasoning":20}`, llm.Known(130), false},
		{"partly estimated", plain, "1 in, ~2 out",
			`{"input":1,"output":"~2","cacheRead":null,"cacheWrite":null,"reasoning":null}`, llm.Estimated(3), false},
		{"sum", full.Add(plain), "101 in (~80 cached), ~32 out (~20 reasoning)",
			`{"input":101,"output":"~32","cacheRead":"~80","cacheWrite":"~5","reasoning":"~20"}`, llm.Estimated(133), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, "text", test.text, test.usage.String())
			check(t, "total", test.total, test.usage.Total())
			check(t, "IsZero", test.zero, test.usage.IsZero())
			data, err := json.Marshal(test.usage)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "JSON", test.json, string(data))
			var back llm.Usage
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			check(t, "usage read back", test.usage, back)
		})
	}
}

func TestSumUsageIsKnownOnlyIfAllAre(t *testing.T) {
	known := llm.Usage{Input: llm.Known(3), Output: llm.Known(5)}
	check(t, "nothing", llm.Usage{}, llm.SumUsage())
	check(t, "one", known, llm.SumUsage(known))
	check(t, "two", llm.Usage{Input: llm.Known(6), Output: llm.Known(10)}, llm.SumUsage(known, known))
	check(t, "one of unknown cost", llm.Usage{Input: llm.Estimated(6), Output: llm.Estimated(10)}, llm.SumUsage(known, llm.Usage{}, known))
}
