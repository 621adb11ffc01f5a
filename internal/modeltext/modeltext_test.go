package modeltext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/modeltext"
)

// read reads a text in pieces of n bytes, and joins adjacent pieces of text and of reasoning.
func read(f modeltext.Format, text string, n int, complete bool) []modeltext.Piece {
	types := func(_, parameter string) string {
		return map[string]string{"days": "integer", "city": "string"}[parameter]
	}
	r := modeltext.NewReader(f, true, types)
	var all []modeltext.Piece
	add := func(pieces []modeltext.Piece) {
		for _, p := range pieces {
			if last := len(all) - 1; last >= 0 && p.Kind == all[last].Kind && p.Kind <= modeltext.Reasoning {
				all[last].Text += p.Text
				continue
			}
			all = append(all, p)
		}
	}
	for len(text) > 0 {
		part := text[:min(n, len(text))]
		text = text[len(part):]
		add(r.Add(part))
	}
	add(r.End(complete))
	return all
}

func text(s string) modeltext.Piece { return modeltext.Piece{Kind: modeltext.Text, Text: s} }

func reasoning(s string) modeltext.Piece { return modeltext.Piece{Kind: modeltext.Reasoning, Text: s} }

func call(name, arguments string) modeltext.Piece {
	return modeltext.Piece{Kind: modeltext.Call, Name: name, Arguments: arguments}
}

func TestTextsAreDivided(t *testing.T) {
	tagged := modeltext.Format{Calls: modeltext.Tagged, Thinks: true}
	bare, listed := modeltext.Format{Calls: modeltext.Bare}, modeltext.Format{Calls: modeltext.Listed}
	for _, test := range []struct {
		name   string
		format modeltext.Format
		text   string
		cut    bool
		want   []modeltext.Piece
	}{
		{"text", tagged, "Hello <b>you</b> ", false, []modeltext.Piece{text("Hello <b>you</b> ")}},
		{"reasoning", tagged, "<think>\nHm <b>.\n</think>\n\nYes.", false, []modeltext.Piece{reasoning("Hm <b>."), text("Yes.")}},
		{"reasoning that is cut", tagged, "<think>Hm </thi", true, []modeltext.Piece{reasoning("Hm </thi")}},
		{"a call", tagged, "Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>", false, []modeltext.Piece{text("Let me look."), call("f", `{"a": 1}`)}},
		{"two calls", tagged, "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>\n<tool_call>{\"name\":\"g\"}</tool_call>", false, []modeltext.Piece{call("f", "{}"), call("g", "{}")}},
		{"arguments in a string", tagged, `<tool_call>{"name":"f","arguments":"{\"a\":1}"}</tool_call>`, false, []modeltext.Piece{call("f", `{"a":1}`)}},
		{"a call without its end", tagged, `<tool_call>{"name":"f","arguments":{}}`, false, []modeltext.Piece{call("f", "{}")}},
		{"a call that is cut", tagged, `<tool_call>{"name":"f","arguments":{"a":`, true, []modeltext.Piece{{Kind: modeltext.Cut, Name: "f", Arguments: `{"a":`}}},
		{"no call", tagged, "<tool_call>oops</tool_call>", false, []modeltext.Piece{text("<tool_call>oops</tool_call>")}},
		{"tags", tagged, "<tool_call>\n<function=f>\n<parameter=city>\nSão \"Paulo\"\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>\n</tool_call>", false, []modeltext.Piece{call("f", `{"city":"São \"Paulo\"","days":3}`)}},
		{"Llama", bare, `{"name": "f", "parameters": {"a": "}"}}`, false, []modeltext.Piece{call("f", `{"a": "}"}`)}},
		{"Llama with a tag", bare, `<|python_tag|>{"name": "f", "parameters": {}}; {"name": "g", "parameters": {}}`, false, []modeltext.Piece{call("f", "{}"), call("g", "{}")}},
		{"JSON that is no call", bare, `{"a": 1} and more`, false, []modeltext.Piece{text(`{"a": 1} and more`)}},
		{"text with Llama", bare, `Hello {"name": "f"}`, false, []modeltext.Piece{text(`Hello {"name": "f"}`)}},
		{"Mistral", listed, `[TOOL_CALLS] [{"name": "f", "arguments": {"a": 1}, "id": "abc"}, {"name": "g", "arguments": {}}]`, false, []modeltext.Piece{call("f", `{"a": 1}`), call("g", "{}")}},
		{"newer Mistral", listed, `Well.[TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g[CALL_ID]123[ARGS]{}`, false, []modeltext.Piece{text("Well."), call("f", `{"a": 1}`), call("g", "{}")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for n := 1; n <= len(test.text); n++ {
				if diff := cmp.Diff(test.want, read(test.format, test.text, n, !test.cut)); diff != "" {
					t.Fatalf("in pieces of %d bytes (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

func TestFormatsAreDetected(t *testing.T) {
	for template, want := range map[string]modeltext.Format{
		"":                                {},
		"<tool_call> </think>":            {Calls: modeltext.Tagged, Thinks: true},
		"[TOOL_CALLS]":                    {Calls: modeltext.Listed},
		"{% if tools %} <|eot_id|>":       {Calls: modeltext.Bare},
		"enable_thinking <think></think>": {Thinks: true, Switch: true},
	} {
		if got := modeltext.Detect(template); got != want {
			t.Errorf("%q is %+v, want %+v", template, got, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"<think>a</think>b<tool_call>{\"name\":\"f\"}</tool_call>", "[TOOL_CALLS][{\"name\":\"f\"}]", "[TOOL_CALLS][[", "[TOOL_CALLS]f[ARGS]{}", `{"name":"f"};{"name":`,
		"<tool_call><function=f><parameter=a>1</parameter>", "<|python_tag|>{", "[TOOL_CALLS]f[CALL_ID]",
	} {
		for calls := range 4 {
			f.Add(s, byte(calls), byte(3))
		}
	}
	f.Fuzz(func(t *testing.T, s string, calls, n byte) {
		format := modeltext.Format{Calls: modeltext.Calls(calls % 4), Thinks: calls&4 != 0}
		size := int(n)%7 + 1
		pieces := read(format, s, size, true)
		total := 0
		for _, p := range pieces {
			total += len(p.Text)
			if p.Kind == modeltext.Call && p.Name == "" {
				t.Errorf("%q: a call without a name", s)
			}
		}
		if total > len(s)+len("[TOOL_CALLS]") {
			t.Errorf("%q: the pieces have more text: %+v", s, pieces)
		}
		if format.Calls == modeltext.NoCalls && !format.Thinks && strings.TrimSpace(s) != "" {
			if joined := read(format, s, len(s), true); len(joined) != 1 || joined[0].Text != s {
				t.Errorf("%q: %+v", s, joined)
			}
		}
	})
}
