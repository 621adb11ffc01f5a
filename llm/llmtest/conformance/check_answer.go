package conformance

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// sample is an answer that a provider should pass on unchanged.
type sample struct {
	name  string
	reply llmtest.Reply
	lacks string
}

// samples are answers of every kind, including forms that providers have handled wrongly.
func samples(s *Suite) []sample {
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf("piece %d ", i)
	}
	const odd = "tab\t, newline\n, quote\", backslash\\, <b>&amp;</b>, \u2028, data: [DONE], {\"error\":\"no\"}"
	return []sample{
		{"text", llmtest.Text("Hello", ", ", "world", "."), ""},
		{"text in one piece", llmtest.Text("Hello, world."), ""},
		{"text in many pieces", llmtest.Text(many...), ""},
		{"text beyond ASCII", llmtest.Text("Grüße, ", "世界 ", "👩‍👩‍👧‍👦🦙", " e\u0301 שלום"), ""},
		{"text with the delimiters of JSON and streams", llmtest.Text(odd, odd), ""},
		{"text with blanks at its edges", llmtest.Text(" ", "\n\n", " a ", "\n"), ""},
		{"line of 300 KB", llmtest.Text("before ", strings.Repeat("long ", 60<<10), " after"), ""},
		{"line of 2 MB", llmtest.Text("before ", strings.Repeat("longer! ", 256<<10), " after"), ""},
		{"reasoning and text", llmtest.Reasoning("Let me", " think", " 🦙.").Text("Yes", "."), s.NoReasoning},
		{"refusal", llmtest.Refusal("I would", " rather not."), s.NoRefusals},
		{"tool call", llmtest.ToolCall("get_weather", `{"city":`, `"Par`, `is 🗼"}`), s.NoTools},
		{"text and a tool call", llmtest.Text("Let me see.").ToolCall("get_weather", `{"city":"Paris"}`), s.NoTools},
		{"several tool calls", llmtest.ToolCall("get_weather", `{"city":"Paris"}`).ToolCall("get_weather", `{"city":`, `"Rome"}`).
			ToolCall("get_time", `{"deep":{"list":[1,2.50,9007199254740993],"null":null}}`), s.NoTools},
		{"tool call without arguments", llmtest.ToolCall("get_time"), s.NoTools},
		{"tool calls, one without arguments", llmtest.ToolCall("get_time").ToolCall("get_weather", `{"city":"Paris"}`), s.NoTools},
	}
}

func answerChecks(s *Suite) []check {
	var checks []check
	d := s.Dialect
	for _, sample := range samples(s) {
		reply := sample.reply.Usage(12, 34)
		checks = append(checks,
			check{sample.name + "/streamed", sample.lacks, func(t testing.TB, s *Suite) {
				e := s.setup(t, d.Stream(reply))
				e.mustAnswer(e.chat(), reply)
			}},
			check{sample.name + "/non-streaming", firstOf(s.NoNonStreaming, sample.lacks), func(t testing.TB, s *Suite) {
				e := s.setup(t, d.Whole(reply))
				e.mustAnswer(e.nonStreaming(), reply)
			}},
		)
	}
	words := slices.Sorted(maps.Keys(d.FinishReasons))
	for _, word := range words {
		reply := llmtest.Text("Well").Finish(d.FinishReasons[word]).RawFinish(word)
		checks = append(checks, check{"finish reason/" + word, "", func(t testing.TB, s *Suite) {
			e := s.setup(t, d.Stream(reply))
			resp := e.mustAnswer(e.chat(), reply)
			if resp.RawFinishReason != word {
				t.Errorf("the server's own word for the end is %q, want %q", resp.RawFinishReason, word)
			}
		}})
	}
	return append(checks,
		check{"usage/reported/streamed", s.NoUsage, func(t testing.TB, s *Suite) {
			e := s.setup(t, d.Stream(llmtest.Text("Hi").DetailedUsage(d.Usage)))
			e.wantUsage(e.chat(), d.Usage)
		}},
		check{"usage/reported/non-streaming", firstOf(s.NoUsage, s.NoNonStreaming), func(t testing.TB, s *Suite) {
			e := s.setup(t, d.Whole(llmtest.Text("Hi").DetailedUsage(d.Usage)))
			e.wantUsage(e.nonStreaming(), d.Usage)
		}},
		check{"usage/not reported is unknown", s.NoUsage, checkNoUsage},
		check{"raw body is kept on request", "", checkRaw},
	)
}

func (e *env) wantUsage(call *llm.Call, want llm.Usage) *llm.Response {
	e.Helper()
	resp, err := e.ask(call)
	if err != nil {
		e.Fatalf("the server answered well, and the provider fails: %v", err)
	}
	if resp.Usage != want {
		e.Errorf("the usage is %v, want %v", resp.Usage, want)
	}
	return resp
}

func checkNoUsage(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Stream(llmtest.Text("Hi")))
	resp := e.wantUsage(e.chat(), llm.Usage{})
	warned := func(w llm.Warning) bool { return w.Code == llm.WarnUsageUnknown }
	if !slices.ContainsFunc(resp.Warnings, warned) {
		t.Errorf("no warning with the code %q says that the usage is unknown; warnings: %v", llm.WarnUsageUnknown, resp.Warnings)
	}
}

func checkRaw(t testing.TB, s *Suite) {
	wire := s.Dialect.Stream(llmtest.Text("Hello", " world").Usage(1, 2))
	e := s.setup(t, wire)
	call := e.chat()
	call.Request.KeepRaw = true
	resp, err := e.ask(call)
	if err != nil {
		t.Fatalf("the server answered well, and the provider fails: %v", err)
	}
	if least := s.Dialect.Complete(wire.Body); len(resp.Raw) < least || !bytes.HasPrefix(wire.Body, resp.Raw) {
		t.Errorf("Request.KeepRaw is set, and the response's Raw is not the body up to the answer's end\n got: %s\nwant: %s",
			short(string(resp.Raw)), short(string(wire.Body)))
	}
}

// firstOf returns the first reason that is not empty.
func firstOf(reasons ...string) string {
	for _, reason := range reasons {
		if reason != "" {
			return reason
		}
	}
	return ""
}
