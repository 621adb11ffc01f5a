package openai_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

var update = flag.Bool("update", false, "write the table of measured token counts into docs/tokens.md")

// The table stands between these lines of the document.
const (
	tableBegin = "<!-- measured: begin -->\n"
	tableEnd   = "<!-- measured: end -->\n"
)

// measured is an offline count of a recorded request and what its server said.
type measured struct {
	family, feature string
	count           llm.TokenCount
	usage           int
}

// TestCountsOfRecordedRequests compares the offline count of each recorded
// request with the usage in its reply, and the table of that with the one in
// docs/tokens.md.
func TestCountsOfRecordedRequests(t *testing.T) {
	var all []measured
	for _, e := range openai.Exchanges(t) {
		if strings.HasSuffix(e.Path, "/chat/completions") && e.Status == 200 && json.Valid([]byte(e.Request)) {
			body := fromJSON(t, e.Request).(map[string]any)
			if messages, _ := body["messages"].([]any); len(messages) > 0 {
				all = appendMeasured(t, all, e, "", at[string](body, "model"), requestFrom(t, body))
			}
		}
	}
	for _, e := range openai.ResponsesExchanges(t) {
		body := fromJSON(t, e.Request).(map[string]any)
		all = appendMeasured(t, all, e, " (Responses API)", at[string](body, "model"), responsesRequestFrom(t, body))
	}
	for _, m := range all {
		if m.count.Exact && m.count.Tokens != m.usage {
			t.Errorf("%s, %s: the count is called exact and is %d, but the server says %d", m.family, m.feature, m.count.Tokens, m.usage)
		}
	}
	t.Logf("%d recorded requests counted", len(all))
	compareTable(t, table(all))
}

// appendMeasured counts a recorded request, if its reply has a usage.
func appendMeasured(t *testing.T, all []measured, e openai.Exchange, note, model string, req *llm.Request) []measured {
	t.Helper()
	usage, known := readInputTokens(t, e.Body)
	if !known {
		return all
	}
	m := llm.New(provider(t, openai.Config{}), cmp.Or(model, "m")) // a server of one model need not be told its name
	count, err := m.CountTokens(t.Context(), req)
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	family := model
	if strings.HasPrefix(e.Name, "llamacpp/") || strings.HasPrefix(e.Name, "ollama/") {
		family = "a tiny local model"
	}
	if testing.Verbose() {
		t.Logf("%-60s %5d counted, %5d used: %s", e.Name, count.Tokens, usage, count.Source)
	}
	return append(all, measured{family + note, featureOf(req), *count, usage})
}

// readInputTokens returns the input tokens that a reply reports last.
func readInputTokens(t testing.TB, body string) (n int, known bool) {
	t.Helper()
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "data:"))
		if !json.Valid([]byte(line)) {
			continue
		}
		object := fromJSON(t, line)
		for _, path := range [][]string{{"usage", "prompt_tokens"}, {"usage", "input_tokens"}, {"response", "usage", "input_tokens"}} {
			if tokens, err := at[json.Number](object, path...).Int64(); err == nil {
				n, known = int(tokens), true
			}
		}
	}
	if !known && json.Valid([]byte(body)) { // one value over several lines
		object := fromJSON(t, body)
		if tokens, err := at[json.Number](object, "usage", "input_tokens").Int64(); err == nil {
			return int(tokens), true
		}
		if tokens, err := at[json.Number](object, "usage", "prompt_tokens").Int64(); err == nil {
			return int(tokens), true
		}
	}
	return n, known
}

// featureOf names what of a request is hardest to count.
func featureOf(req *llm.Request) string {
	calls := 0
	for _, m := range req.Messages {
		calls = max(calls, len(m.ToolCalls()))
	}
	switch {
	case req.Format != nil:
		return "JSON schema"
	case calls > 1:
		return "tools, several calls and results"
	case calls > 0:
		return "tools, a call and its result"
	case len(req.Tools) > 0:
		return "tools"
	}
	return "text"
}

// table returns the rows of the document's table.
func table(all []measured) string {
	slices.SortStableFunc(all, func(a, b measured) int {
		return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.feature, b.feature))
	})
	var b strings.Builder
	b.WriteString("| model | request | replies | equal | off by, mean | off by, worst | of tokens |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for len(all) > 0 {
		first := all[0]
		n := slices.IndexFunc(all, func(m measured) bool { return m.family != first.family || m.feature != first.feature })
		if n < 0 {
			n = len(all)
		}
		equals, sum, worst, of := 0, 0, 0, 0
		for _, m := range all[:n] {
			off := m.count.Tokens - m.usage
			if off == 0 {
				equals++
			}
			sum += max(off, -off)
			if max(off, -off) > max(worst, -worst) {
				worst, of = off, m.usage
			}
			if worst == 0 {
				of = max(of, m.usage)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %.1f | %+d | %d |\n", first.family, first.feature, n, equals, float64(sum)/float64(n), worst, of)
		all = all[n:]
	}
	return b.String()
}

// compareTable compares the measured table with the document's, or with -update
// writes it there.
func compareTable(t *testing.T, got string) {
	t.Helper()
	path := filepath.Join("..", "..", "docs", "tokens.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(data), tableBegin)
	want, after, hasEnd := strings.Cut(rest, tableEnd)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s has no place for the table: the lines %q and %q", path, tableBegin, tableEnd)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+tableBegin+got+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	equal(t, "the table in docs/tokens.md; -update writes it anew", want, got)
}

// responsesRequestFrom makes the request that a recorded body of the Responses
// API means.
func responsesRequestFrom(t testing.TB, body map[string]any) *llm.Request {
	t.Helper()
	req := &llm.Request{Reasoning: llm.Effort(at[string](body, "reasoning", "effort"))}
	for _, item := range body["input"].([]any) {
		switch at[string](item, "type") {
		case "function_call":
			call := llm.ToolCall{ID: at[string](item, "call_id"), Name: at[string](item, "name"), Arguments: at[string](item, "arguments")}
			last := &req.Messages[len(req.Messages)-1]
			if last.Role != llm.RoleAssistant {
				req.Messages = append(req.Messages, llm.Message{Role: llm.RoleAssistant})
				last = &req.Messages[len(req.Messages)-1]
			}
			last.Parts = append(last.Parts, call)
		case "function_call_output":
			req.Messages = append(req.Messages, llm.ToolResults(llm.ToolResult{CallID: at[string](item, "call_id"), Content: at[string](item, "output")}))
		case "":
			role := llm.Role(at[string](item, "role"))
			if role == "developer" {
				role = llm.RoleSystem
			}
			text := at[string](item, "content")
			for _, part := range at[[]any](item, "content") {
				text += at[string](part, "text")
			}
			req.Messages = append(req.Messages, llm.Message{Role: role, Parts: []llm.Part{llm.Text{Text: text}}})
		default:
			t.Fatalf("the recorded request has an item that this test does not convert: %v", item)
		}
	}
	for _, tool := range at[[]any](body, "tools") {
		req.Tools = append(req.Tools, toolFrom(t, map[string]any{"function": tool}))
	}
	return req
}
