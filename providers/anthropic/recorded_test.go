package anthropic_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// reading is an answer as a few lines of code read it from a reply.
type reading struct {
	Blocks []map[string]any // with the changes of their deltas
	Reason string
	Usage  map[string]any
	Failed bool // the stream has an error
	Ended  bool // by message_stop, or not streamed
}

// readReply reads a reply with encoding/json.
func readReply(t testing.TB, body string, streamed bool) (r reading) {
	t.Helper()
	if !streamed {
		m := fromJSON(t, body).(map[string]any)
		for _, b := range m["content"].([]any) {
			r.Blocks = append(r.Blocks, b.(map[string]any))
		}
		r.Reason, _ = m["stop_reason"].(string)
		r.Usage, _ = m["usage"].(map[string]any)
		r.Ended = true
		return r
	}
	inputs := make(map[int]string)
	for line := range strings.Lines(body) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok {
			continue
		}
		e := fromJSON(t, data).(map[string]any)
		index, _ := e["index"].(float64)
		i := int(index)
		switch e["type"] {
		case "error":
			r.Failed = true
			return r
		case "message_start":
			r.count(e["message"].(map[string]any)["usage"])
		case "content_block_start":
			for len(r.Blocks) <= i {
				r.Blocks = append(r.Blocks, nil)
			}
			r.Blocks[i] = e["content_block"].(map[string]any)
		case "content_block_delta":
			r.change(i, e["delta"].(map[string]any), inputs)
		case "message_delta":
			if reason, ok := e["delta"].(map[string]any)["stop_reason"].(string); ok {
				r.Reason = reason
			}
			r.count(e["usage"])
		case "message_stop":
			r.Ended = true
		}
		if r.Ended { // some published streams are several replies
			break
		}
	}
	for i, text := range inputs {
		if text == "" {
			continue
		}
		var input any
		if json.Unmarshal([]byte(text), &input) == nil {
			r.Blocks[i]["input"] = input
		} else {
			r.Blocks[i]["input"] = text
		}
	}
	return r
}

func (r *reading) count(usage any) {
	u, _ := usage.(map[string]any)
	for name, n := range u {
		if n == nil {
			continue
		}
		if r.Usage == nil {
			r.Usage = make(map[string]any)
		}
		r.Usage[name] = n
	}
}

func (r *reading) change(i int, d map[string]any, inputs map[int]string) {
	b := r.Blocks[i]
	add := func(name string) {
		before, _ := b[name].(string)
		b[name] = before + d[name].(string)
	}
	switch d["type"] {
	case "text_delta":
		add("text")
	case "thinking_delta":
		add("thinking")
	case "signature_delta":
		add("signature")
	case "input_json_delta":
		inputs[i] += d["partial_json"].(string)
	case "citations_delta":
		list, _ := b["citations"].([]any)
		b["citations"] = append(list, d["citation"])
	case "compaction_delta":
		b["content"] = d["content"]
	}
}

// text returns the joined texts of a member of the blocks of a type.
func (r *reading) text(typ, member string) string {
	var b strings.Builder
	for _, block := range r.Blocks {
		if s, ok := block[member].(string); ok && block["type"] == typ {
			b.WriteString(s)
		}
	}
	return b.String()
}

// calls returns the names and inputs of the tool calls.
func (r *reading) calls() (all []any) {
	for _, b := range r.Blocks {
		if b["type"] == "tool_use" {
			all = append(all, []any{b["id"], b["name"], b["input"]})
		}
	}
	return all
}

func callsOf(t testing.TB, resp *llm.Response) (all []any) {
	for _, c := range resp.ToolCalls() {
		all = append(all, []any{c.ID, c.Name, fromJSON(t, c.Arguments)})
	}
	return all
}

// usage returns the counts of a reading.
func (r *reading) usage() (u llm.Usage) {
	n := func(name string) llm.Tokens {
		if f, ok := r.Usage[name].(float64); ok {
			return llm.Known(int(f))
		}
		return llm.Tokens{}
	}
	u = llm.Usage{Input: n("input_tokens"), Output: n("output_tokens"), CacheRead: n("cache_read_input_tokens"), CacheWrite: n("cache_creation_input_tokens")}
	if u.Input.IsKnown() {
		u.Input.N += u.CacheRead.N + u.CacheWrite.N
	}
	if details, ok := r.Usage["output_tokens_details"].(map[string]any); ok {
		if f, ok := details["thinking_tokens"].(float64); ok {
			u.Reasoning = llm.Known(int(f))
		}
	}
	return u
}

// sendable returns the blocks as the next request has them. Members without a value are
// not sent, and neither are blank texts.
func (r *reading) sendable() (all []any) {
	for _, b := range r.Blocks {
		b = maps.Clone(b)
		maps.DeleteFunc(b, func(name string, value any) bool {
			list, isList := value.([]any)
			return value == nil && b["type"] != "compaction" || name == "citations" && isList && len(list) == 0
		})
		if text, ok := b["text"].(string); ok && b["type"] == "text" && strings.TrimSpace(text) == "" {
			continue
		}
		all = append(all, b)
	}
	return all
}

// isChat reports whether an exchange is a chat in this dialect with an answer.
func isChat(e *providertest.Exchange) bool {
	if e.Status != http.StatusOK || e.Body == "" {
		return false
	}
	return e.URL == "" || strings.HasSuffix(e.Path, "/v1/messages") || strings.Contains(e.Path, "/v1/messages?") || strings.Contains(e.Path, "awPredict")
}

func chatsOf(t testing.TB) (all []providertest.Exchange) {
	t.Helper()
	for _, e := range providertest.Cassettes(t, "anthropic/*/*.yaml") {
		if isChat(&e) {
			all = append(all, e)
		}
	}
	if len(all) < 140 {
		t.Fatalf("there are %d recorded chats: is the test looking in the right place?", len(all))
	}
	return all
}

func isStream(e *providertest.Exchange) bool {
	return strings.Contains(e.Body[:min(len(e.Body), 200)], "data:")
}

func mediaType(e *providertest.Exchange) string {
	if isStream(e) {
		return eventType
	}
	return jsonType
}

// TestRecordedReplies compares each recorded reply with an independent reading of it, and
// the next request with the blocks that the server wants back.
func TestRecordedReplies(t *testing.T) {
	for _, e := range chatsOf(t) {
		t.Run(e.Name, func(t *testing.T) {
			if !isStream(&e) && fromJSON(t, e.Body).(map[string]any)["type"] == "error" {
				_, err := ask(t, handledBy(t, says(http.StatusOK, jsonType, e.Body)), llm.Prompt("hi"))
				if llm.KindOf(err) == "" {
					t.Errorf("an error has no kind: %v", err)
				}
				return
			}
			want := readReply(t, e.Body, isStream(&e))
			resp, err := ask(t, handledBy(t, says(http.StatusOK, mediaType(&e), e.Body)), llm.Prompt("hi"))
			if want.Failed || !want.Ended {
				if err == nil {
					t.Fatal("a reply that failed or was cut became an answer")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the text", resp.Text(), want.text("text", "text"))
			equal(t, "the reasoning", resp.Reasoning(), want.text("thinking", "thinking"))
			equal(t, "the calls", callsOf(t, resp), want.calls())
			equal(t, "the reason", resp.RawFinishReason, want.Reason)
			equal(t, "the usage", resp.Usage, want.usage())

			if resp.Refusal() != "" {
				return // an answer that was refused should not be sent back
			}
			next := append([]llm.Message{llm.User("hi")}, resp.Messages...)
			if calls := resp.ToolCalls(); len(calls) > 0 {
				var results []llm.ToolResult
				for _, c := range calls {
					results = append(results, llm.ToolResult{CallID: c.ID, Content: "ok"})
				}
				next = append(next, llm.ToolResults(results...))
			} else {
				next = append(next, llm.User("and?"))
			}
			var stored []llm.Message
			if err := json.Unmarshal(mustJSON(t, next), &stored); err != nil {
				t.Fatal(err)
			}
			body, warnings := sent(t, modelName, &llm.Request{Messages: stored})
			for _, w := range warnings {
				if w.Code == llm.WarnStateOmitted || w.Code == llm.WarnUnsupported {
					t.Errorf("the server's own answer is not sent back: %s", w)
				}
			}
			all := body["messages"].([]any)
			var back []any
			if len(all) == 3 {
				back = all[1].(map[string]any)["content"].([]any)
			}
			equal(t, "the blocks that are sent back", back, want.sendable())
		})
	}
}

// TestRecordedErrors reads each recorded error.
func TestRecordedErrors(t *testing.T) {
	n := 0
	for _, e := range providertest.Cassettes(t, "anthropic/*/*.yaml") {
		if e.Status < 400 {
			continue
		}
		n++
		_, err := ask(t, handledBy(t, says(e.Status, jsonType, e.Body)), llm.Prompt("hi"))
		want := map[int][]llm.Kind{400: {llm.InvalidRequest, llm.Unsupported, llm.ContextLength}, 401: {llm.Auth}, 404: {llm.NotFound}, 503: {llm.Overloaded}}[e.Status]
		if !slices.Contains(want, llm.KindOf(err)) {
			t.Errorf("%s: the error of status %d has the kind %q: %v", e.Name, e.Status, llm.KindOf(err), err)
		}
	}
	if n < 6 {
		t.Errorf("there are %d recorded errors: is the test looking in the right place?", n)
	}
}
