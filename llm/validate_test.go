package llm_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// fakeOptions are options of the provider with the name of their value.
type fakeOptions string

func (o fakeOptions) ProviderName() string { return string(o) }

const badUTF8 = "ab\xffcd"

func TestRequestValidate(t *testing.T) {
	call := llm.ToolCall{ID: "c1", Name: "f", Arguments: "{}"}
	with := func(role llm.Role, parts ...llm.Part) *llm.Request {
		before := llm.Assistant("", call, llm.ToolCall{Name: "g"})
		if role != llm.RoleTool { // it must not follow open calls
			before = llm.User("?")
		}
		return &llm.Request{Messages: []llm.Message{before, {Role: role, Parts: parts}}}
	}
	set := func(change func(*llm.Request)) *llm.Request {
		req := llm.Prompt("?")
		change(req)
		return req
	}
	tools := func(tools ...llm.Tool) *llm.Request {
		return set(func(r *llm.Request) { r.Tools = tools })
	}
	choose := func(choice llm.ToolChoice, tools ...llm.Tool) *llm.Request {
		return set(func(r *llm.Request) { r.ToolChoice, r.Tools = choice, tools })
	}
	type embedding struct{ llm.Text }
	var none llm.Part

	for _, test := range []struct {
		name string
		req  *llm.Request
		want string // of the message; "" is a valid request
	}{
		{"nil request", nil, "the request is nil"},
		{"no messages", &llm.Request{}, "the request has no messages"},
		{"one question", llm.Prompt("Why?"), ""},
		{"empty question", llm.Prompt(""), ""},
		{"50 MB", llm.Prompt(strings.Repeat("0123456789", 5_000_000)), ""},
		{"unknown role", with("bot", llm.Text{Text: "a"}), `message 1: unknown role "bot": use system, user, assistant or tool`},
		{"no role", with("", llm.Text{Text: "a"}), `message 1: unknown role "": use system, user, assistant or tool`},

		{"every part in its place", &llm.Request{Messages: []llm.Message{
			llm.System("s"),
			llm.User("u", llm.Image{URL: "u"}, llm.Audio{Data: []byte{1}}, llm.File{ID: "f"}, llm.Code{Source: "1"}, llm.Unknown{Type: "x", Raw: json.RawMessage(`{"type":"x"}`)}),
			llm.Assistant("a", llm.Reasoning{Text: "r"}, llm.Refusal{Text: "n"}, call, llm.ToolCall{Name: "g"}),
			llm.ToolResults(llm.ToolResult{CallID: "c1", Content: "1"}, llm.ToolResult{Name: "g", Content: "2"}),
		}}, ""},
		{"nil part", with(llm.RoleUser, llm.Text{Text: "a"}, none), "message 1: part 1 is nil"},
		{"pointer to a part", with(llm.RoleUser, &llm.Image{URL: "u"}), "message 1: part 0 is a *llm.Image: use a value of a type of package llm, not a pointer"},
		{"nil pointer to a part", with(llm.RoleUser, (*llm.Text)(nil)), "message 1: part 0 is a *llm.Text: use a value of a type of package llm, not a pointer"},
		{"part of a foreign type", with(llm.RoleUser, embedding{}), "message 1: part 0 is a llm_test.embedding: use a value of a type of package llm, not a pointer"},

		{"image without bytes", with(llm.RoleUser, llm.Text{}, llm.Image{MediaType: "image/png"}), "message 1: part 1: an image has no content: set its data or a reference to it"},
		{"image with both", with(llm.RoleUser, llm.Image{Data: []byte{1}, URL: "u"}), "message 1: part 0: an image has more than one source: set its data or one reference"},
		{"audio without bytes", with(llm.RoleUser, llm.Audio{}), "message 1: part 0: audio has no content: set its data or a reference to it"},
		{"audio with both", with(llm.RoleUser, llm.Audio{Data: []byte{1}, URL: "u"}), "message 1: part 0: audio has more than one source: set its data or one reference"},
		{"file without bytes", with(llm.RoleUser, llm.File{Name: "f"}), "message 1: part 0: a file has no content: set its data or a reference to it"},
		{"file with two references", with(llm.RoleUser, llm.File{URL: "u", ID: "i"}), "message 1: part 0: a file has more than one source: set its data or one reference"},

		{"tool call of the user", with(llm.RoleUser, call), "message 1: part 0: a user message has a tool call: tool calls belong in assistant messages"},
		{"tool call of a tool", with(llm.RoleTool, call), "message 1: part 0: a tool message has a tool call: tool calls belong in assistant messages"},
		{"tool call without a name", with(llm.RoleAssistant, llm.ToolCall{ID: "c9"}), `message 1: part 0: the tool call "c9" has no tool name`},
		{"tool result of the user", with(llm.RoleUser, llm.ToolResult{CallID: "c1"}), "message 1: part 0: a user message has a tool result: tool results belong in tool messages"},
		{"tool result without its call", with(llm.RoleTool, llm.ToolResult{CallID: "c9"}), `message 1: part 0: the tool result has the id "c9", but no earlier tool call has it`},
		{"tool result before its call", &llm.Request{Messages: []llm.Message{llm.ToolResults(llm.ToolResult{CallID: "c1"}), llm.Assistant("", call)}},
			`message 0: part 0: the tool result has the id "c1", but no earlier tool call has it`},
		{"tool result by name without its call", with(llm.RoleTool, llm.ToolResult{Name: "h"}), `message 1: part 0: the tool result has no id and the name "h", but no earlier tool call has it`},
		{"tool result of nothing", with(llm.RoleTool, llm.ToolResult{}), `message 1: part 0: the tool result has no id and the name "", but no earlier tool call has it`},
		{"open calls at the end", &llm.Request{Messages: []llm.Message{llm.User("?"), llm.Assistant("", call, call)}}, ""},
		{"open calls, one with a result, one with a decision", with(llm.RoleTool, llm.ToolResult{CallID: "c1"}, llm.ToolCall{Name: "g"}.Approve()), ""},
		{"a turn after an open call", &llm.Request{Messages: []llm.Message{llm.Assistant("", call), llm.User("and?")}},
			`message 1: the call of the tool "f" in message 0 has no result (its id is "c1"): add a tool message after the call, or use llm.CloseCalls`},
		{"a turn after a decision alone", &llm.Request{Messages: []llm.Message{llm.Assistant("", call), {Role: llm.RoleTool, Parts: []llm.Part{call.Approve()}}, llm.User("and?")}},
			`message 2: the call of the tool "f" in message 0 has no result (its id is "c1"): add a tool message after the call, or use llm.CloseCalls`},
		{"an answer between a call and its result", &llm.Request{Messages: []llm.Message{llm.Assistant("", call), llm.ToolResults(llm.ToolResult{CallID: "c1"}), llm.Assistant("", call, call),
			llm.ToolResults(llm.ToolResult{CallID: "c1"}), llm.Assistant("so")}},
			`message 4: the call of the tool "f" in message 2 has no result (its id is "c1"): add a tool message after the call, or use llm.CloseCalls`},
		{"calls of one turn in two messages", &llm.Request{Messages: []llm.Message{llm.Assistant("", call), llm.Assistant("", llm.ToolCall{Name: "g"}),
			llm.ToolResults(llm.ToolResult{Name: "g"}), llm.ToolResults(llm.ToolResult{CallID: "c1"}), llm.User("and?")}}, ""},
		{"one id in two turns, and twice in one", &llm.Request{Messages: []llm.Message{llm.Assistant("", call), llm.ToolResults(llm.ToolResult{CallID: "c1"}),
			llm.Assistant("", call, call), llm.ToolResults(llm.ToolResult{CallID: "c1"}, llm.ToolResult{CallID: "c1"}), llm.User("and?")}}, ""},
		{"two results of one call", with(llm.RoleTool, llm.ToolResult{CallID: "c1"}, llm.ToolResult{CallID: "c1"}),
			`message 1: part 1: the tool result with the id "c1" has no call: each call before it has a result`},
		{"two results of one call without an id", with(llm.RoleTool, llm.ToolResult{Name: "g"}, llm.ToolResult{Name: "g"}),
			`message 1: part 1: the tool result with the name "g" has no call: each call before it has a result`},
		{"decision without its call", with(llm.RoleTool, llm.ToolResult{CallID: "c1"}, call.Deny("no")), `message 1: part 1: the decision has the id "c1" and the name "f", but no open tool call has them`},
		{"decision of the user", with(llm.RoleUser, call.Approve()), "message 1: part 0: a user message has a decision: decisions belong in tool messages"},
		{"text in a tool message", with(llm.RoleTool, llm.Text{Text: "a"}), "message 1: part 0: a tool message has a text part: it may only have tool results and decisions"},
		{"image in a tool message", with(llm.RoleTool, llm.Image{URL: "u"}), "message 1: part 0: a tool message has a image part: it may only have tool results and decisions"},

		{"role not UTF-8", with(badUTF8), `message 1: unknown role "ab\xffcd": use system, user, assistant or tool`},
		{"name not UTF-8", &llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Name: badUTF8}}}, "message 0: the name is not valid UTF-8 at byte 2"},
		{"text not UTF-8", with(llm.RoleUser, llm.Text{Text: "ok"}, llm.Text{Text: "🦙\xf0\x9f"}), "message 1: part 1 (text) is not valid UTF-8 at byte 4"},
		{"the replacement character is UTF-8", with(llm.RoleUser, llm.Text{Text: "\uFFFD"}), ""},
		{"image not UTF-8", with(llm.RoleUser, llm.Image{URL: badUTF8}), "message 1: part 0 (image) is not valid UTF-8 at byte 2"},
		{"audio not UTF-8", with(llm.RoleUser, llm.Audio{URL: "u", Transcript: badUTF8}), "message 1: part 0 (audio) is not valid UTF-8 at byte 2"},
		{"file not UTF-8", with(llm.RoleUser, llm.File{ID: badUTF8}), "message 1: part 0 (file) is not valid UTF-8 at byte 2"},
		{"tool call not UTF-8", with(llm.RoleAssistant, llm.ToolCall{Name: "f", Arguments: badUTF8}), "message 1: part 0 (toolCall) is not valid UTF-8 at byte 2"},
		{"tool result not UTF-8", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Content: badUTF8}), "message 1: part 0 (toolResult) is not valid UTF-8 at byte 2"},
		{"reasoning not UTF-8", with(llm.RoleAssistant, llm.Reasoning{Text: badUTF8}), "message 1: part 0 (reasoning) is not valid UTF-8 at byte 2"},
		{"refusal not UTF-8", with(llm.RoleAssistant, llm.Refusal{Text: badUTF8}), "message 1: part 0 (refusal) is not valid UTF-8 at byte 2"},
		{"code not UTF-8", with(llm.RoleAssistant, llm.Code{Output: badUTF8}), "message 1: part 0 (code) is not valid UTF-8 at byte 2"},
		{"unknown part not UTF-8", with(llm.RoleUser, llm.Unknown{Type: "x", Raw: json.RawMessage(badUTF8)}), "message 1: part 0 (x) is not valid UTF-8 at byte 2"},
		{"origin of provider data not UTF-8", with(llm.RoleUser, llm.Text{ProviderData: &llm.ProviderData{Provider: badUTF8}}), "message 1: part 0 (text) is not valid UTF-8 at byte 2"},
		{"provider data are any bytes", with(llm.RoleUser, llm.Text{ProviderData: &llm.ProviderData{Data: []byte(badUTF8)}}), ""},

		{"parts of a tool result", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Parts: []llm.Part{llm.Text{}, llm.Image{URL: "u"}, llm.Audio{URL: "u"}, llm.File{ID: "f"}}}), ""},
		{"a call in a tool result", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Parts: []llm.Part{llm.Text{}, call}}),
			"message 1: part 0: part 1 of the tool result is a llm.ToolCall: use text, an image, audio or a file"},
		{"nil in a tool result", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Parts: []llm.Part{nil}}), "message 1: part 0: part 0 of the tool result is nil"},
		{"image without bytes in a tool result", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Parts: []llm.Part{llm.Image{}}}),
			"message 1: part 0: part 0 of the tool result: an image has no content: set its data or a reference to it"},
		{"text of a tool result not UTF-8", with(llm.RoleTool, llm.ToolResult{CallID: "c1", Parts: []llm.Part{llm.Text{Text: badUTF8}}}), "message 1: part 0 (toolResult) is not valid UTF-8 at byte 2"},
		{"opaque part", with(llm.RoleUser, llm.Opaque{ProviderData: &llm.ProviderData{Data: []byte("x")}}), ""},
		{"opaque part without data", with(llm.RoleAssistant, llm.Opaque{Kind: "search"}), "message 1: part 0: an opaque part has no ProviderData: remove the part"},
		{"opaque part of a tool", with(llm.RoleTool, llm.Opaque{ProviderData: &llm.ProviderData{}}), "message 1: part 0: a tool message has a opaque part: it may only have tool results and decisions"},

		{"custom tools", tools(llm.Tool{Name: "f", Custom: &llm.CustomInput{}}, llm.Tool{Name: "g", Custom: &llm.CustomInput{Syntax: "regex", Grammar: "a+"}}), ""},
		{"custom tool with a schema", tools(llm.Tool{Name: "f", Custom: &llm.CustomInput{}, Parameters: json.RawMessage(`{}`)}), `the custom tool "f" has Parameters or Strict: a custom tool takes text, so remove them`},
		{"grammar without a syntax", tools(llm.Tool{Name: "f", Custom: &llm.CustomInput{Grammar: "a+"}}), `the custom tool "f" has a Syntax or a Grammar alone: set both or none`},
		{"grammar not UTF-8", tools(llm.Tool{Name: "f", Custom: &llm.CustomInput{Syntax: "regex", Grammar: badUTF8}}), `the grammar of the custom tool "f" is not valid UTF-8`},
		{"tools", tools(llm.Tool{Name: "f"}, llm.Tool{Name: "g", Parameters: json.RawMessage(` {"type":"object"} `)}), ""},
		{"tool without a name", tools(llm.Tool{Name: "f"}, llm.Tool{}), "tool 1 has no name"},
		{"two tools of one name", tools(llm.Tool{Name: "f"}, llm.Tool{Name: "f"}), `two tools have the name "f"`},
		{"tool name not UTF-8", tools(llm.Tool{Name: badUTF8}), "the name or description of tool 0 is not valid UTF-8"},
		{"tool description not UTF-8", tools(llm.Tool{Name: "f", Description: badUTF8}), "the name or description of tool 0 is not valid UTF-8"},
		{"parameters not JSON", tools(llm.Tool{Name: "f", Parameters: json.RawMessage(`{"a":`)}), `the parameters of tool "f" are not a JSON object`},
		{"parameters not an object", tools(llm.Tool{Name: "f", Parameters: json.RawMessage(`[]`)}), `the parameters of tool "f" are not a JSON object`},
		{"parameters not UTF-8", tools(llm.Tool{Name: "f", Parameters: json.RawMessage(`{"a":"` + badUTF8 + `"}`)}), `the parameters of tool "f" are not a JSON object`},

		{"choice auto", choose(llm.ToolChoice{Mode: llm.ToolAuto}), ""},
		{"choice none", choose(llm.ToolChoice{Mode: llm.ToolNone}), ""},
		{"choice required", choose(llm.ToolChoice{Mode: llm.ToolRequired}, llm.Tool{Name: "f"}), ""},
		{"choice required without tools", choose(llm.ToolChoice{Mode: llm.ToolRequired}), "ToolChoice requires a tool call, but the request has no tools"},
		{"choice named", choose(llm.ToolChoice{Mode: llm.ToolNamed, Name: "f"}, llm.Tool{Name: "f"}), ""},
		{"choice of a missing tool", choose(llm.ToolChoice{Mode: llm.ToolNamed, Name: "g"}, llm.Tool{Name: "f"}), `ToolChoice names the tool "g", which the request does not have`},
		{"choice named without tools", choose(llm.ToolChoice{Mode: llm.ToolNamed}), `ToolChoice names the tool "", which the request does not have`},
		{"unknown choice", choose(llm.ToolChoice{Mode: "maybe"}), `unknown tool mode "maybe": use auto, none, required or named`},

		{"explicit zeros", set(func(r *llm.Request) {
			r.Temperature, r.TopP, r.TopK, r.Seed = new(0.0), new(0.0), new(0), new(int64(0))
			r.PresencePenalty, r.FrequencyPenalty = new(0.0), new(-2.0)
		}), ""},
		{"Temperature", set(func(r *llm.Request) { r.Temperature = new(math.NaN()) }), "Temperature is NaN; it must be a finite number"},
		{"TopP", set(func(r *llm.Request) { r.TopP = new(math.Inf(1)) }), "TopP is +Inf; it must be a finite number"},
		{"PresencePenalty", set(func(r *llm.Request) { r.PresencePenalty = new(math.Inf(-1)) }), "PresencePenalty is -Inf; it must be a finite number"},
		{"FrequencyPenalty", set(func(r *llm.Request) { r.FrequencyPenalty = new(math.NaN()) }), "FrequencyPenalty is NaN; it must be a finite number"},
		{"MaxTokens", set(func(r *llm.Request) { r.MaxTokens = -1 }), "MaxTokens is -1; it cannot be negative"},
		{"TopLogprobs", set(func(r *llm.Request) { r.TopLogprobs = -2 }), "TopLogprobs is -2; it cannot be negative"},
		{"empty stop sequence", set(func(r *llm.Request) { r.Stop = []string{"a", ""} }), "stop sequence 1 is empty or not valid UTF-8"},
		{"stop sequence not UTF-8", set(func(r *llm.Request) { r.Stop = []string{badUTF8} }), "stop sequence 0 is empty or not valid UTF-8"},
		{"effort not UTF-8", set(func(r *llm.Request) { r.ReasoningEffort = llm.ReasoningEffort(badUTF8) }), "ReasoningEffort is not valid UTF-8 at byte 2"},
		{"any JSON", set(func(r *llm.Request) { r.Format = &llm.Format{} }), ""},
		{"schema", set(func(r *llm.Request) { r.Format = &llm.Format{Name: "n", Schema: json.RawMessage(`{}`)} }), ""},
		{"schema not an object", set(func(r *llm.Request) { r.Format = &llm.Format{Schema: json.RawMessage(`true`)} }), "the schema of Format is not a JSON object"},
		{"format name not UTF-8", set(func(r *llm.Request) { r.Format = &llm.Format{Name: badUTF8} }), "the name or description of Format is not valid UTF-8"},
		{"format description not UTF-8", set(func(r *llm.Request) { r.Format = &llm.Format{Description: badUTF8} }), "the name or description of Format is not valid UTF-8"},

		{"options of two providers", set(func(r *llm.Request) { r.Options = []llm.Options{fakeOptions("a"), fakeOptions("b")} }), ""},
		{"nil options", set(func(r *llm.Request) { r.Options = []llm.Options{fakeOptions("a"), nil} }), "option 1 is nil"},
		{"two options of one provider", set(func(r *llm.Request) { r.Options = []llm.Options{fakeOptions("a"), fakeOptions("b"), fakeOptions("a")} }),
			`there are two options for the provider "a"`},
	} {
		t.Run(test.name, func(t *testing.T) { checkInvalid(t, test.req.Validate(), test.want) })
	}
}

func TestEmbedRequestValidate(t *testing.T) {
	for _, test := range []struct {
		name string
		req  *llm.EmbedRequest
		want string
	}{
		{"nil request", nil, "the embed request is nil"},
		{"no inputs", &llm.EmbedRequest{}, "the embed request has no inputs"},
		{"inputs", &llm.EmbedRequest{Inputs: []string{"a", ""}, Dimensions: 8, Options: []llm.Options{fakeOptions("a")}}, ""},
		{"not UTF-8", &llm.EmbedRequest{Inputs: []string{"a", badUTF8}}, "input 1 is not valid UTF-8 at byte 2"},
		{"Dimensions", &llm.EmbedRequest{Inputs: []string{"a"}, Dimensions: -1}, "Dimensions is -1; it cannot be negative"},
		{"nil options", &llm.EmbedRequest{Inputs: []string{"a"}, Options: []llm.Options{nil}}, "option 0 is nil"},
		{"two options of one provider", &llm.EmbedRequest{Inputs: []string{"a"}, Options: []llm.Options{fakeOptions("a"), fakeOptions("a")}},
			`there are two options for the provider "a"`},
	} {
		t.Run(test.name, func(t *testing.T) { checkInvalid(t, test.req.Validate(), test.want) })
	}
}

// checkInvalid checks that err is an InvalidRequest error with the message want, or nil if want
// is "".
func checkInvalid(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("a valid request is refused: %v", err)
		}
		return
	}
	if err == nil {
		t.Fatalf("accepted, want the error %q", want)
	}
	e := asError(t, err)
	if !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("the kind is %q, want %q", e.Kind, llm.InvalidRequest)
	}
	check(t, "message", want, e.Message)
	check(t, "text", "parley: invalid request: "+want, err.Error())
}

func TestInvalidRequestsAreNotSent(t *testing.T) {
	bad := &llm.Request{Messages: []llm.Message{{Role: "bot"}}}
	model := llm.New(fake(func(_ context.Context, call *llm.Call) llm.Events {
		t.Errorf("the provider was asked to %s", call.Op)
		return script(done())
	}), "tiny")
	const text = `message 0: unknown role "bot": use system, user, assistant or tool`
	for _, test := range []struct {
		op   llm.Op
		ask  func() error
		want string
	}{
		{llm.OpChat, func() error { _, err := read(model.Stream(t.Context(), bad).Events()); return err }, text},
		{llm.OpChat, func() error { _, err := model.Generate(t.Context(), bad); return err }, text},
		{llm.OpChat, func() error { _, err := model.Generate(t.Context(), nil); return err }, "the request is nil"},
		{llm.OpCountTokens, func() error { _, err := model.CountTokens(t.Context(), bad); return err }, text},
		{llm.OpCountTokens, func() error { _, err := model.CountTokens(t.Context(), nil); return err }, "the request is nil"},
		{llm.OpEmbed, func() error { _, err := model.Embed(t.Context(), &llm.EmbedRequest{}); return err }, "the embed request has no inputs"},
		{llm.OpEmbed, func() error { _, err := model.Embed(t.Context(), nil); return err }, "the embed request is nil"},
	} {
		e := asError(t, test.ask())
		check(t, string(test.op)+": message", test.want, e.Message)
		check(t, string(test.op)+": kind", llm.InvalidRequest, e.Kind)
		check(t, "op", test.op, e.Op)
		check(t, "provider and model", "fake/tiny", e.Provider+"/"+e.Model)
	}
	_, err := model.With(llm.WithName("tiny\xff")).Generate(t.Context(), llm.Prompt("?"))
	check(t, "a name that JSON cannot hold", "the model's name is not valid UTF-8 at byte 4", asError(t, err).Message)
}

// plainOptions are options with text in all places that plain data has.
type plainOptions struct {
	User     string            `json:"user"`
	Tags     []string          `json:"tags"`
	Metadata map[string]string `json:"metadata"`
	Nested   *plainOptions     `json:"nested"`
	Extra    map[string]any    `json:"extra"`
	Bytes    []byte            `json:"bytes"`
	When     time.Time         `json:"when"`
	Hook     func()            `json:"-"`
	hidden   string
}

func (plainOptions) ProviderName() string { return "plain" }

func TestOptionsWithTextThatJSONCannotHoldAreRefused(t *testing.T) {
	itself := map[string]any{}
	itself["it"] = itself
	twice := map[string]any{}
	twice["it"], twice["again"] = twice, twice
	for _, test := range []struct {
		name    string
		options llm.Options
		want    string // of the error; empty for none
	}{
		{"texts", plainOptions{
			User: "\ufffd", Tags: []string{"ü"}, Metadata: map[string]string{"a": "b"}, Nested: &plainOptions{}, Extra: map[string]any{"a": nil, "b": 1},
		}, ""},
		{"bytes, which go as base64", plainOptions{Bytes: []byte(badUTF8)}, ""},
		{"what is not sent", plainOptions{hidden: badUTF8, Hook: func() {}}, ""},
		{"a loop, of which JSON cannot be made", plainOptions{Extra: itself}, ""},
		{"two loops, whose ways double at every turn", plainOptions{Extra: twice}, ""},
		{"a text", plainOptions{User: badUTF8}, ".User"},
		{"a text, by pointer", &plainOptions{User: badUTF8}, ".User"},
		{"in a list", plainOptions{Tags: []string{"", badUTF8}}, ".Tags[1]"},
		{"in a map", plainOptions{Metadata: map[string]string{"team": badUTF8}}, ".Metadata[team]"},
		{"a map's key", plainOptions{Metadata: map[string]string{"a\xff": ""}}, `.Metadata["a\xff"]`},
		{"in a struct", plainOptions{Nested: &plainOptions{User: badUTF8}}, ".Nested.User"},
		{"in any", plainOptions{Extra: map[string]any{"a": []any{1, map[string]any{"b": badUTF8}}}}, ".Extra[a][1][b]"},
		{"in raw JSON", plainOptions{Extra: map[string]any{"a": json.RawMessage(badUTF8)}}, ".Extra[a]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := []llm.Options{test.options}
			chat := &llm.Request{Messages: []llm.Message{llm.User("?")}, Options: options}
			embed := &llm.EmbedRequest{Inputs: []string{"?"}, Options: options}
			for name, err := range map[string]error{"a chat": chat.Validate(), "an embedding": embed.Validate()} {
				if test.want == "" {
					if err != nil {
						t.Errorf("%s is refused: %v", name, err)
					}
					continue
				}
				check(t, name+": message", "llm_test.plainOptions"+test.want+" is not valid UTF-8", asError(t, err).Message)
			}
		})
	}
}
