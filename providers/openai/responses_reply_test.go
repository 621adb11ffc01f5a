package openai_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// answered is the content of an answer.
type answered struct {
	Text, Reasoning, Refusal string
	Calls                    []string // "id name arguments"
	Parts                    int
	Reason                   llm.FinishReason
}

func contentOf(resp *llm.Response) (a answered) {
	a.Text, a.Reasoning, a.Refusal, a.Reason = resp.Text(), resp.Reasoning(), resp.Refusal(), resp.FinishReason
	for _, c := range resp.ToolCalls() {
		a.Calls = append(a.Calls, c.ID+" "+c.Name+" "+c.Arguments)
	}
	for _, m := range resp.Messages {
		a.Parts += len(m.Parts)
	}
	return a
}

func TestResponsesStreams(t *testing.T) {
	incomplete := func(reason string) string {
		return `{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"` + reason + `"},"usage":{"input_tokens":7,"output_tokens":5}}}`
	}
	for _, tt := range []struct {
		name   string
		events []string
		want   answered
	}{
		{
			"deltas, and the same text again in every ending",
			[]string{created, added(0, messageItem("")), deltaOf("output_text", 0, "Hel"), deltaOf("output_text", 0, "lo"), wholeText("output_text", 0, "text", "Hello"),
				`{"type":"response.content_part.done","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hello"}}`, doneItem(0, messageItem("Hello")), completed},
			answered{Text: "Hello", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"a done event says more than the deltas",
			[]string{created, added(0, messageItem("")), deltaOf("output_text", 0, "Hel"), wholeText("output_text", 0, "text", "Hello"), doneItem(0, messageItem("Hello!")), completed},
			answered{Text: "Hello!", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"a done event that differs from the deltas adds nothing",
			[]string{created, added(0, messageItem("")), deltaOf("output_text", 0, "Hello"), doneItem(0, messageItem("Goodbye")), completed},
			answered{Text: "Hello", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"items that are only done",
			[]string{created, doneItem(0, messageItem("Hello")), doneItem(1, callItem("c", "f", `{"a":1}`)), completed},
			answered{Text: "Hello", Calls: []string{`c f {"a":1}`}, Parts: 2, Reason: llm.FinishToolCalls},
		},
		{
			"items that are only in the final response",
			[]string{created, `{"type":"response.completed","response":{"status":"completed","output":[` + messageItem("Hello") + `,` + callItem("c", "f", "{}") + `]}}`},
			answered{Text: "Hello", Calls: []string{`c f {}`}, Parts: 2, Reason: llm.FinishToolCalls},
		},
		{
			"a final response with fewer items, at other positions and with other ids",
			[]string{created, doneItem(0, `{"type":"reasoning","id":"rs_1","summary":[]}`), doneItem(1, messageItem("Hello")),
				`{"type":"response.completed","response":{"status":"completed","output":[` + strings.Replace(messageItem("Hello"), "msg_1", "msg_9", 1) + `]}}`},
			answered{Text: "Hello", Parts: 2, Reason: llm.FinishStop},
		},
		{
			"a new id in every event, as GitHub Copilot sends",
			[]string{created, added(0, strings.Replace(messageItem(""), "msg_1", "a", 1)), strings.Replace(deltaOf("output_text", 0, "Hel"), `"i"`, `"b"`, 1),
				strings.Replace(deltaOf("output_text", 0, "lo"), `"i"`, `"c"`, 1), doneItem(0, strings.Replace(messageItem("Hello"), "msg_1", "d", 1)), completed},
			answered{Text: "Hello", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"no output index: the id tells the items apart",
			[]string{created, `{"type":"response.output_item.added","item":{"type":"message","id":"a","content":[]}}`, `{"type":"response.output_text.delta","item_id":"a","delta":"one"}`,
				`{"type":"response.output_item.done","item":` + strings.Replace(messageItem("one"), "msg_1", "a", 1) + `}`,
				`{"type":"response.output_item.added","item":{"type":"message","id":"b","content":[]}}`, `{"type":"response.output_text.delta","item_id":"b","delta":"two"}`,
				`{"type":"response.output_item.done","item":` + strings.Replace(messageItem("two"), "msg_1", "b", 1) + `}`, completed},
			answered{Text: "onetwo", Parts: 2, Reason: llm.FinishStop},
		},
		{
			"no event for the start of an item, as after a resumption",
			[]string{created, deltaOf("output_text", 0, "Hel"), deltaOf("output_text", 0, "lo"), completed},
			answered{Text: "Hello", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"a call whose name comes at the end",
			[]string{created, deltaOf("function_call_arguments", 0, `{"a"`), deltaOf("function_call_arguments", 0, `:1}`), doneItem(0, callItem("c", "f", `{"a":1}`)), completed},
			answered{Calls: []string{`c f {"a":1}`}, Parts: 1, Reason: llm.FinishToolCalls},
		},
		{
			"two calls whose deltas are interleaved",
			[]string{created, added(0, callItem("a", "f", "")), added(1, callItem("b", "g", "")), deltaOf("function_call_arguments", 0, `{"x"`), deltaOf("function_call_arguments", 1, `{"y"`),
				deltaOf("function_call_arguments", 0, `:1}`), deltaOf("function_call_arguments", 1, `:2}`), doneItem(0, callItem("a", "f", `{"x":1}`)), doneItem(1, callItem("b", "g", `{"y":2}`)), completed},
			answered{Calls: []string{`a f {"x":1}`, `b g {"y":2}`}, Parts: 2, Reason: llm.FinishToolCalls},
		},
		{
			"two calls at one output index, as LiteLLM sends",
			[]string{created, added(0, callItem("a", "f", "")), deltaOf("function_call_arguments", 0, `{}`), doneItem(0, callItem("a", "f", `{}`)), added(0, callItem("b", "g", "")),
				deltaOf("function_call_arguments", 0, `{"y":2}`), doneItem(0, callItem("b", "g", `{"y":2}`)), completed},
			answered{Calls: []string{`a f {}`, `b g {"y":2}`}, Parts: 2, Reason: llm.FinishToolCalls},
		},
		{
			"a call that the token limit cut is not handed out",
			[]string{created, added(0, callItem("a", "f", "")), deltaOf("function_call_arguments", 0, `{"x":`),
				doneItem(0, `{"type":"function_call","id":"fc","call_id":"a","name":"f","arguments":"{\"x\":","status":"incomplete"}`), incomplete("max_output_tokens")},
			answered{Reason: llm.FinishLength},
		},
		{
			"paragraphs of a summary",
			[]string{created, added(0, `{"type":"reasoning","id":"rs","summary":[]}`), `{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}`,
				`{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"One"}`, `{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,"delta":"Two"}`,
				doneItem(0, `{"type":"reasoning","id":"rs","encrypted_content":"e","summary":[{"type":"summary_text","text":"One"},{"type":"summary_text","text":"Two"}]}`), doneItem(1, messageItem("Hi")), completed},
			answered{Text: "Hi", Reasoning: "One\n\nTwo", Parts: 2, Reason: llm.FinishStop},
		},
		{
			"reasoning in clear",
			[]string{created, deltaOf("reasoning_text", 0, "Hm"), doneItem(0, `{"type":"reasoning","id":"rs","content":[{"type":"reasoning_text","text":"Hmm"}]}`), doneItem(1, messageItem("Hi")), completed},
			answered{Text: "Hi", Reasoning: "Hmm", Parts: 2, Reason: llm.FinishStop},
		},
		{
			"a refusal",
			[]string{created, added(0, `{"type":"message","content":[]}`), deltaOf("refusal", 0, "I can"), wholeText("refusal", 0, "refusal", "I cannot"),
				doneItem(0, `{"type":"message","id":"m","role":"assistant","content":[{"type":"refusal","refusal":"I cannot"}]}`), completed},
			answered{Refusal: "I cannot", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"members that break the schema",
			[]string{`{"type":"response.created","response":{"id":7,"usage":null,"output":null,"incomplete_details":null}}`, `{"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":null}}`,
				`{"type":"response.output_text.delta","output_index":0,"delta":"Hi","logprobs":null}`, doneItem(0, `{"type":"message","content":[{"type":"output_text","text":"Hi","annotations":null}]}`), completed},
			answered{Text: "Hi", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"unknown events and keep-alives",
			[]string{created, `{"type":"keepalive","sequence_number":1}`, `{"type":"response.dance.started","output_index":0}`, `{"no":"type"}`, doneItem(0, messageItem("Hi")), completed},
			answered{Text: "Hi", Parts: 1, Reason: llm.FinishStop},
		},
		{
			"an unknown item survives",
			[]string{created, added(0, `{"type":"dance_call","id":"d"}`), doneItem(0, `{"type":"dance_call","id":"d","steps":[1,2]}`), doneItem(1, messageItem("Hi")), completed},
			answered{Text: "Hi", Parts: 2, Reason: llm.FinishStop},
		},
		{
			"a custom call",
			[]string{created, added(0, `{"type":"custom_tool_call","id":"ct","call_id":"c","name":"sql","input":""}`), deltaOf("custom_tool_call_input", 0, "SELECT "),
				wholeText("custom_tool_call_input", 0, "input", "SELECT 1"), doneItem(0, `{"type":"custom_tool_call","id":"ct","call_id":"c","name":"sql","input":"SELECT 1"}`), completed},
			answered{Calls: []string{"c sql SELECT 1"}, Parts: 1, Reason: llm.FinishToolCalls},
		},
		{"cut by the token limit", []string{created, deltaOf("output_text", 0, "Hel"), incomplete("max_output_tokens")}, answered{Text: "Hel", Parts: 1, Reason: llm.FinishLength}},
		{"cut by the filter", []string{created, deltaOf("output_text", 0, "Hel"), incomplete("content_filter")}, answered{Text: "Hel", Parts: 1, Reason: llm.FinishContentFilter}},
		{"incomplete for an unknown reason", []string{created, deltaOf("output_text", 0, "Hel"), incomplete("weather")}, answered{Text: "Hel", Parts: 1, Reason: llm.FinishOther}},
		{"incomplete for no reason", []string{created, deltaOf("output_text", 0, "Hel"), `{"type":"response.incomplete","response":null}`}, answered{Text: "Hel", Parts: 1, Reason: llm.FinishOther}},
		{"the end says that it is incomplete, and its type does not", []string{created, deltaOf("output_text", 0, "Hel"), `{"type":"response.completed","response":{"status":"incomplete"}}`}, answered{Text: "Hel", Parts: 1, Reason: llm.FinishOther}},
		{"no created event", []string{deltaOf("output_text", 0, "Hi"), completed}, answered{Text: "Hi", Parts: 1, Reason: llm.FinishStop}},
		{"[DONE] after the end", []string{created, deltaOf("output_text", 0, "Hi"), completed, "[DONE]"}, answered{Text: "Hi", Parts: 1, Reason: llm.FinishStop}},
		{"text and refusal in one message", []string{created, doneItem(0, `{"type":"message","id":"m","content":[{"type":"output_text","text":"Well. "},{"type":"refusal","refusal":"No."}]}`), completed}, answered{Text: "Well. ", Refusal: "No.", Parts: 2, Reason: llm.FinishStop}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := readStream(t, typed(tt.events...))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the answer", contentOf(resp), tt.want)
		})
	}
}

func TestResponsesFailures(t *testing.T) {
	const said = `{"type":"error","code":"rate_limit_exceeded","message":"slow down","param":"x","sequence_number":3}`
	failed := func(code, message string) string {
		return `{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"` + code + `","message":"` + message + `"},"usage":{"input_tokens":7,"output_tokens":1}}}`
	}
	for _, tt := range []struct {
		name string
		body string
		kind llm.Kind
		text string
	}{
		{"a flat error", typed(created, said), llm.RateLimited, "slow down"},
		{"a nested error, told once", typed(created, `{"type":"error","error":{"type":"insufficient_quota","code":"insufficient_quota","message":"no credit"}}`, failed("insufficient_quota", "no credit")), llm.Quota, "no credit"},
		{"an error without an event name", events(created, said), llm.RateLimited, "slow down"},
		{"response.failed alone", typed(created, deltaOf("output_text", 0, "Hi"), failed("server_error", "it broke")), llm.Server, "it broke"},
		{"a blocked prompt", typed(created, failed("invalid_prompt", "no")), llm.ContentFilter, "no"},
		{"a failure without a reason", typed(created, `{"type":"response.failed","response":{"status":"failed","error":null}}`), llm.Server, "gave no reason"},
		{"a canceled response", typed(created, `{"type":"response.cancelled","response":{"status":"cancelled"}}`), llm.Incomplete, "cancelled"},
		{"an end without a terminal event", typed(created, deltaOf("output_text", 0, "Hi")), llm.Incomplete, "without response.completed"},
		{"[DONE] before the end", typed(created, deltaOf("output_text", 0, "Hi"), "[DONE]"), llm.Incomplete, "without response.completed"},
		{"an empty stream", "", llm.Incomplete, "before the first event"},
		{"chat completions", events(text("Hi"), finish("stop"), done), llm.Incomplete, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readStream(t, tt.body)
			e := wantError(t, err, tt.kind, tt.text)
			if strings.Contains(tt.body, `"usage":{"input`) && tt.kind != llm.Quota && e.Partial.Usage.Input != llm.Known(7) {
				t.Errorf("the usage is %v", e.Partial.Usage)
			}
			if strings.Contains(tt.body, "resp_1") && e.Partial.ID != "resp_1" {
				t.Errorf("the id of the partial response is %q", e.Partial.ID)
			}
		})
	}
}

func TestWholeResponsesThatFail(t *testing.T) {
	for _, tt := range []struct {
		body string
		kind llm.Kind
	}{
		{`{"object":"response","status":"failed","error":{"code":"server_error","message":"it broke"}}`, llm.Server},
		{`{"object":"response","status":"failed","error":null}`, llm.Server},
		{`{"object":"response","status":"cancelled","output":[]}`, llm.Incomplete},
		{`{"object":"response","status":"in_progress","output":[]}`, llm.Incomplete},
		{`{"object":"response","output":[]}`, llm.Incomplete},
		{`{"object":"chat.completion","choices":[]}`, llm.Protocol},
		{`{"object":"response","status":"completed","output":[` + strings.Repeat(`{"type":"x"},`, 10000) + `{"type":"x"}]}`, llm.Protocol},
		{`{"object":"response","status":"completed","output":7}`, llm.Protocol},
		{`{"object":"response","status":"completed","output":[7]}`, llm.Protocol},
		{`{"type":"response.output_text.delta","delta":"a"}`, llm.Protocol},
		{`{"object":"response","status":"comp`, llm.Incomplete},
		{`[]`, llm.Incomplete},
	} {
		_, err := ask(t, model(t, responsesConfig, says(200, "application/json", tt.body)))
		if llm.KindOf(err) != tt.kind {
			t.Errorf("%s: the error is %v, want the kind %q", tt.body, err, tt.kind)
		}
	}
}

func TestIncompleteResponseInOnePiece(t *testing.T) {
	body := `{"id":"resp_1","object":"response","status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"e"}],` +
		`"usage":{"input_tokens":100,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":20},"output_tokens":16,"output_tokens_details":{"reasoning_tokens":16},"total_tokens":116}}`
	resp := answer(t, model(t, responsesConfig, says(200, "application/json", body)), llm.Prompt("hi"))
	equal(t, "the reason", resp.FinishReason, llm.FinishLength)
	equal(t, "the usage", resp.Usage, llm.Usage{Input: llm.Known(100), Output: llm.Known(16), CacheRead: llm.Known(60), CacheWrite: llm.Known(20), Reasoning: llm.Known(16)})
}

func TestResponsesSourcesAreCountedOnceWithTheirRanges(t *testing.T) {
	const cited = `{"type":"url_citation","url":"https://a","title":"A","start_index":2,"end_index":4}`
	body := typed(created, doneItem(0, messageItem("é: ")), added(1, `{"type":"message","content":[]}`), deltaOf("output_text", 1, "ab🦙d"),
		`{"type":"response.output_text.annotation.added","output_index":1,"content_index":0,"annotation_index":0,"annotation":`+cited+`}`,
		doneItem(1, `{"type":"message","id":"m","content":[{"type":"output_text","text":"ab🦙d","annotations":[`+cited+`,{"type":"file_citation","file_id":"f","filename":"b.txt","index":1}]}]}`), completed)
	resp, err := readStream(t, body)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the sources", resp.Sources, []llm.Source{{URL: "https://a", Title: "A", Start: 6, End: 11}, {Title: "b.txt"}})
	equal(t, "the cited text", resp.Text()[6:11], "🦙d")
}

func TestResponsesLogprobs(t *testing.T) {
	token := `{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Yo","logprob":-1}]}`
	want := []llm.TokenLogprob{{Token: "Hi", Logprob: -0.5, Bytes: []byte("Hi"), Top: []llm.TokenLogprob{{Token: "Yo", Logprob: -1}}}}
	whole := `{"type":"message","content":[{"type":"output_text","text":"Hi","logprobs":[` + token + `]}]}`
	for name, body := range map[string]string{
		"in the deltas, and again at the end": typed(created, `{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hi","logprobs":[`+token+`]}`, doneItem(0, whole), completed),
		"at the end only":                     typed(created, deltaOf("output_text", 0, "Hi"), doneItem(0, whole), completed),
	} {
		resp, err := readStream(t, body)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, name, resp.Logprobs, want)
	}
}

func TestToolsOfTheServerArePartsOfTheAnswer(t *testing.T) {
	body := typed(created,
		`{"type":"response.web_search_call.searching","output_index":0}`,
		doneItem(0, `{"type":"web_search_call","id":"ws","status":"completed","action":{"type":"search","query":"q"}}`),
		doneItem(1, `{"type":"code_interpreter_call","id":"ci","code":"print(1)","container_id":"c","outputs":[{"type":"logs","logs":"1\n"}]}`),
		`{"type":"response.image_generation_call.partial_image","output_index":2,"partial_image_index":0,"partial_image_b64":"AAAA"}`,
		doneItem(2, `{"type":"image_generation_call","id":"ig","status":"generating","output_format":"png","result":"iVBORw=="}`),
		doneItem(3, messageItem("Here.")), completed)
	resp, err := readStream(t, body)
	if err != nil {
		t.Fatal(err)
	}
	parts := resp.Messages[0].Parts
	if len(parts) != 5 {
		t.Fatalf("the parts are %#v", parts)
	}
	equal(t, "the search", parts[0].(llm.Opaque).Kind, "web_search_call")
	code, output := parts[1].(llm.Code), parts[2].(llm.Code)
	equal(t, "the code", []string{code.Language, code.Source, output.Output}, []string{"python", "print(1)", "1\n"})
	image := parts[3].(llm.Image)
	equal(t, "the image", []string{image.MediaType, string(image.Data)}, []string{"image/png", "\x89PNG"})
	if strings.Contains(string(image.ProviderData.Data), "iVBOR") {
		t.Error("the image is kept twice")
	}
	back, warnings := sentResponses(t, responsesConfig, "gpt-6-luna", &llm.Request{Messages: append([]llm.Message{llm.User("hi")}, append(resp.Messages, llm.User("and?"))...)})
	equal(t, "the warnings", warnings, []llm.Warning(nil))
	want := providertest.FromJSON(t, `[{"type":"web_search_call","id":"ws","status":"completed","action":{"type":"search","query":"q"}},
		{"type":"code_interpreter_call","id":"ci","code":"print(1)","container_id":"c","outputs":[{"type":"logs","logs":"1\n"}]},
		{"type":"image_generation_call","id":"ig","status":"generating","output_format":"png","result":"iVBORw=="},`+messageItem("Here.")+`]`)
	equal(t, "the items", back["input"].([]any)[1:5], want)
}

func TestEncryptedReasoningIsThatOfTheDoneEvent(t *testing.T) {
	const early, late = `{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"early"}`, `{"type":"reasoning","id":"rs","summary":[],"encrypted_content":"late","signature":"s","format":"x"}`
	resp, err := readStream(t, typed(created, added(0, early), doneItem(0, late), doneItem(1, messageItem("Hi")), completed))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the data", string(resp.Messages[0].Parts[0].(llm.Reasoning).ProviderData.Data), late)

	_, err = readStream(t, typed(created, added(0, early), `{"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,"delta":"Hm"}`))
	e := wantError(t, err, llm.Incomplete)
	equal(t, "the reasoning of an answer that was cut", e.Partial.Messages, []llm.Message{{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "Hm"}}}})
}
