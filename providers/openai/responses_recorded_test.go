package openai_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// responsesConfig is the configuration of a provider of the Responses API.
var responsesConfig = openai.Config{API: openai.APIResponses}

// output is an answer as a few lines of code read it from a reply of the Responses API.
type output struct {
	Items  []map[string]any // by output index
	Reason string
	Usage  map[string]any
	Failed bool
	Ended  bool
}

// readOutput reads a reply with encoding/json. It takes each item from its last event.
func readOutput(t testing.TB, body string, streamed bool) (o output) {
	t.Helper()
	end := func(r map[string]any) {
		o.Ended = true
		if u, ok := r["usage"].(map[string]any); ok {
			o.Usage = u
		}
		o.Reason, _ = r["status"].(string)
		if d, ok := r["incomplete_details"].(map[string]any); ok {
			o.Reason, _ = d["reason"].(string)
		}
		if o.Items == nil {
			for _, it := range r["output"].([]any) {
				o.Items = append(o.Items, it.(map[string]any))
			}
		}
	}
	if !streamed {
		r := providertest.FromJSON(t, body).(map[string]any)
		if r["status"] == "failed" || r["status"] == nil {
			o.Failed = true
			return o
		}
		end(r)
		o.Ended = r["status"] != "queued" && r["status"] != "in_progress"
		return o
	}
	said := map[string]string{} // the deltas of texts
	for line := range strings.Lines(body) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok || strings.TrimSpace(data) == "[DONE]" {
			continue
		}
		e := providertest.FromJSON(t, data).(map[string]any)
		switch e["type"] {
		case "error", "response.failed":
			o.Failed = true
			return o
		case "response.output_text.delta":
			said[fmt.Sprint(e["output_index"], e["content_index"])] += e["delta"].(string)
		case "response.output_item.done":
			it := e["item"].(map[string]any)
			content, _ := it["content"].([]any)
			for i, p := range content { // what was shown cannot be withdrawn
				p := p.(map[string]any)
				text, _ := p["text"].(string)
				if deltas := said[fmt.Sprint(e["output_index"], i)]; !strings.HasPrefix(text, deltas) {
					p["shown"] = deltas
				}
			}
			o.Items = append(o.Items, it)
		case "response.completed", "response.incomplete":
			end(e["response"].(map[string]any))
			return o
		}
	}
	return o
}

// texts returns the texts in the parts of a member of the items of a type.
func (o *output) texts(item, member, part, text string) (all []string) {
	for _, it := range o.Items {
		list, _ := it[member].([]any)
		for _, p := range list {
			p := p.(map[string]any)
			if it["type"] == item && (part == "" || p["type"] == part) {
				s, _ := p[text].(string)
				if shown, differs := p["shown"].(string); differs {
					s = shown
				}
				all = append(all, s)
			}
		}
	}
	return all
}

func (o *output) text() string {
	return strings.Join(o.texts("message", "content", "output_text", "text"), "")
}
func (o *output) refusal() string {
	return strings.Join(o.texts("message", "content", "refusal", "refusal"), "")
}

// reasoning returns the reasoning of each item, joined. The texts of an item are paragraphs.
func (o *output) reasoning() string {
	var b strings.Builder
	for _, it := range o.Items {
		one := output{Items: []map[string]any{it}}
		b.WriteString(strings.Join(slices.Concat(one.texts("reasoning", "summary", "", "text"), one.texts("reasoning", "content", "", "text")), "\n\n"))
	}
	return b.String()
}

// toolCalls returns the ids, names and arguments of the calls that the program answers.
func (o *output) toolCalls() (all []llm.ToolCall) {
	for _, it := range o.Items {
		call := llm.ToolCall{}
		call.ID, _ = it["call_id"].(string)
		call.Name, _ = it["name"].(string)
		switch it["type"] {
		case "function_call":
			call.Arguments = it["arguments"].(string)
		case "custom_tool_call":
			call.Arguments, call.Custom = it["input"].(string), true
		default:
			continue
		}
		all = append(all, call)
	}
	return all
}

// cited returns the address or the name of each source, once.
func (o *output) cited() (all []string) {
	for _, it := range o.Items {
		list, _ := it["content"].([]any)
		for _, p := range list {
			annotations, _ := p.(map[string]any)["annotations"].([]any)
			for _, a := range annotations {
				a := a.(map[string]any)
				name, _ := a["url"].(string)
				if name == "" {
					name, _ = a["filename"].(string)
				}
				if !slices.Contains(all, name) {
					all = append(all, name)
				}
			}
		}
	}
	return all
}

func (o *output) usage() (u llm.Usage) {
	n := func(from any, name string) llm.Tokens {
		m, _ := from.(map[string]any)
		if f, ok := m[name].(float64); ok {
			return llm.Known(int(f))
		}
		return llm.Tokens{}
	}
	in, out := any(nil), any(nil)
	if o.Usage != nil {
		in, out = o.Usage["input_tokens_details"], o.Usage["output_tokens_details"]
	}
	return llm.Usage{
		Input: n(o.Usage, "input_tokens"), Output: n(o.Usage, "output_tokens"),
		CacheRead: n(in, "cached_tokens"), CacheWrite: n(in, "cache_write_tokens"), Reasoning: n(out, "reasoning_tokens"),
	}
}

// responsesExchanges returns the recorded exchanges of a kind. The pattern
// openai-responses/*/*.yaml has plain ones, the corpora the others.
func responsesExchanges(t testing.TB, keep func(e *providertest.Exchange) bool) (all []providertest.Exchange) {
	t.Helper()
	for _, pattern := range []string{"openai-responses/*/*.yaml", "openai-responses/corpora/*/*.yaml"} {
		for _, e := range providertest.Cassettes(t, pattern) {
			if keep(&e) {
				all = append(all, e)
			}
		}
	}
	return all
}

// isResponse reports whether an exchange has an answer of the Responses API.
func isResponse(e *providertest.Exchange) bool {
	return e.Status == http.StatusOK && e.Body != "" && !strings.Contains(e.URL, "input_tokens") && !strings.HasSuffix(e.URL, "/compact")
}

func isStreamed(e *providertest.Exchange) bool {
	return strings.Contains(e.Body[:min(len(e.Body), 300)], "data:")
}

// replayed is a model whose server sends the recorded reply.
func replayed(t testing.TB, e *providertest.Exchange) *llm.Model {
	mediaType := "application/json"
	if isStreamed(e) {
		mediaType = "text/event-stream; charset=utf-8"
	}
	return model(t, responsesConfig, says(e.Status, mediaType, e.Body))
}

func TestRecordedResponses(t *testing.T) {
	all := responsesExchanges(t, isResponse)
	if len(all) < 180 {
		t.Fatalf("there are %d recorded answers: is the test looking in the right place?", len(all))
	}
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			want := readOutput(t, e.Body, isStreamed(&e))
			resp, err := ask(t, replayed(t, &e))
			if want.Failed || !want.Ended {
				if err == nil {
					t.Fatal("a reply that failed or was cut became an answer")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			text := textOf(resp)
			equal(t, "the text", text, want.text())
			equal(t, "the refusal", resp.Refusal(), want.refusal())
			equal(t, "the reasoning", resp.Reasoning(), want.reasoning())
			equal(t, "the reason", resp.RawFinishReason, want.Reason)
			equal(t, "the usage", resp.Usage, want.usage())
			calls := resp.ToolCalls()
			for i := range calls {
				calls[i].ProviderData = nil
			}
			equal(t, "the calls", calls, want.toolCalls())
			var cited []string
			for _, s := range resp.Sources {
				name := s.URL
				if name == "" {
					name = s.Title
				}
				if !slices.Contains(cited, name) {
					cited = append(cited, name)
				}
				if s.End > len(text) || s.Start > s.End {
					t.Errorf("the source %+v is outside the text of %d bytes", s, len(text))
				}
			}
			equal(t, "the sources", cited, want.cited())
			if strings.HasSuffix(e.Name, "raw_cot_stream_openrouter") {
				return // its reasoning ends after the message, so it is sent back as if it had none
			}
			checkGoesBack(t, resp, &want)
		})
	}
}

// checkGoesBack sends an answer back, after a JSON round trip, and compares the items that
// the next request has with those of the answer.
func checkGoesBack(t *testing.T, resp *llm.Response, want *output) {
	t.Helper()
	history := append([]llm.Message{llm.User("hi")}, roundTrip(t, resp.Messages)...)
	if calls := resp.ToolCalls(); len(calls) > 0 {
		var results []llm.ToolResult
		for _, c := range calls {
			results = append(results, llm.ToolResult{CallID: c.ID, Content: "ok"})
		}
		history = append(history, llm.ToolResults(results...))
	} else {
		history = append(history, llm.User("and?"))
	}
	body, _ := sentResponses(t, responsesConfig, "gpt-6-luna", &llm.Request{Messages: history})
	input := body["input"].([]any)
	back := input[1:]
	for i, it := range back {
		if typ := it.(map[string]any)["type"]; typ == "function_call_output" || typ == "custom_tool_call_output" || i == len(back)-1 {
			back = back[:i]
			break
		}
	}
	equal(t, "the items that are sent back", plainItems(back), want.sendable())
}

// sendable returns the items that the next request has, without ids. Reasoning that is not
// encrypted is not sent.
func (o *output) sendable() []any {
	var all []any
	for _, it := range o.Items {
		content, _ := it["content"].([]any)
		if it["type"] == "reasoning" && (it["encrypted_content"] == nil || it["encrypted_content"] == "") && len(content) == 0 {
			continue
		}
		all = append(all, it)
	}
	return plainItems(all)
}

// plainItems returns items without their ids and without members that have no meaning in a
// request.
func plainItems(items []any) []any {
	all := []any{}
	for _, it := range items {
		plain := map[string]any{}
		for name, value := range it.(map[string]any) {
			isCall := it.(map[string]any)["type"] != "reasoning"
			if name == "id" && isCall || name == "status" || value == nil {
				continue
			}
			plain[name] = value
		}
		if content, ok := plain["content"].([]any); ok && plain["type"] == "message" {
			var parts []any
			for _, p := range content {
				part := map[string]any{}
				for name, value := range p.(map[string]any) {
					list, isList := value.([]any)
					if value != nil && (!isList || len(list) > 0) && name != "logprobs" && name != "shown" {
						part[name] = value
					}
				}
				parts = append(parts, part)
			}
			plain["content"] = parts
		}
		all = append(all, plain)
	}
	return all
}

// sentResponses returns the body that a chat sends to the Responses API, and the warnings of
// its answer.
func sentResponses(t testing.TB, config openai.Config, modelName string, req *llm.Request) (map[string]any, []llm.Warning) {
	t.Helper()
	var body map[string]any
	m := model(t, config, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		if !strings.HasSuffix(r.URL.Path, "/responses") {
			t.Errorf("the path is %s", r.URL.Path)
		}
		says(200, "application/json", `{"object":"response","id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":1,"output_tokens":1}}`)(w, r)
	}).With(llm.WithName(modelName))
	resp := answer(t, m, req)
	return body, resp.Warnings
}

// TestRecordedResponsesErrors reads each recorded error.
func TestRecordedResponsesErrors(t *testing.T) {
	all := responsesExchanges(t, func(e *providertest.Exchange) bool { return e.Status >= 400 })
	if len(all) < 20 {
		t.Fatalf("there are %d recorded errors: is the test looking in the right place?", len(all))
	}
	kinds := map[string]llm.Kind{
		"Incorrect API key": llm.Auth, "does not exist": llm.NotFound, "is not supported with the Responses API": llm.NotFound,
		"exceeds the context window": llm.ContextLength, "exceeded your current quota": llm.Quota,
	}
	for _, e := range all {
		_, err := ask(t, replayed(t, &e))
		want := llm.InvalidRequest
		for text, kind := range kinds {
			if strings.Contains(e.Body, text) {
				want = kind
			}
		}
		if llm.KindOf(err) != want {
			t.Errorf("%s: the error has the kind %q, want %q: %v", e.Name, llm.KindOf(err), want, err)
		}
	}
}
