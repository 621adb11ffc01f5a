package llm_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// messagesInJSON are messages with the form that releases without a version stored. Version 1
// has the same members. Programs store conversations in it, so a change of these forms
// breaks them.
var messagesInJSON = []struct {
	name    string
	message llm.Message
	json    string
}{
	{"no parts", llm.Message{Role: llm.RoleUser}, `{"role":"user","parts":[]}`},
	{"name", llm.Message{Role: llm.RoleUser, Name: "Ann", Parts: []llm.Part{llm.Text{Text: "Hi"}}},
		`{"role":"user","name":"Ann","parts":[{"type":"text","text":"Hi"}]}`},
	{"empty text", llm.User(""), `{"role":"user","parts":[{"type":"text","text":""}]}`},
	{"text", llm.System("Quote \"🦙\" \u2028\x00\n\\ <&>"),
		`{"role":"system","parts":[{"type":"text","text":"Quote \"🦙\" \u2028\u0000\n\\ \u003c\u0026\u003e"}]}`},
	{"image by value", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Image{MediaType: "image/png", Data: []byte{0, 255, 10}, Quality: "low"}}},
		`{"role":"user","parts":[{"type":"image","mediaType":"image/png","data":"AP8K","quality":"low"}]}`},
	{"image by reference", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Image{URL: "https://example.com/a.png"}}},
		`{"role":"user","parts":[{"type":"image","url":"https://example.com/a.png"}]}`},
	{"image with nothing set", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Image{}}}, `{"role":"user","parts":[{"type":"image"}]}`},
	{"audio", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Audio{MediaType: "audio/wav", Data: []byte("RIFF"), Transcript: "hm"}, llm.Audio{URL: "u"}}},
		`{"role":"user","parts":[{"type":"audio","mediaType":"audio/wav","data":"UklGRg==","transcript":"hm"},{"type":"audio","url":"u"}]}`},
	{"file", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.File{Name: "a.pdf", MediaType: "application/pdf", Data: []byte("%PDF")}, llm.File{ID: "file-1"}, llm.File{URL: "u"}}},
		`{"role":"user","parts":[{"type":"file","name":"a.pdf","mediaType":"application/pdf","data":"JVBERg=="},{"type":"file","id":"file-1"},{"type":"file","url":"u"}]}`},
	{"tool call", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{ID: "c1", Name: "f", Arguments: `{"x": 1`}, llm.ToolCall{Name: "g"}}},
		`{"role":"assistant","parts":[{"type":"toolCall","id":"c1","name":"f","arguments":"{\"x\": 1"},{"type":"toolCall","name":"g","arguments":""}]}`},
	{"tool result", llm.ToolResults(llm.ToolResult{CallID: "c1", Name: "f", Content: "42"}, llm.ToolResult{Name: "g", Content: "no", IsError: true}),
		`{"role":"tool","parts":[{"type":"toolResult","callId":"c1","name":"f","content":"42"},{"type":"toolResult","name":"g","content":"no","isError":true}]}`},
	{"reasoning and refusal", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "hm"}, llm.Refusal{Text: "no"}}},
		`{"role":"assistant","parts":[{"type":"reasoning","text":"hm"},{"type":"refusal","text":"no"}]}`},
	{"code", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Code{Language: "python", Source: "1+1", Output: "2", Outcome: "OUTCOME_OK"}, llm.Code{}}},
		`{"role":"assistant","parts":[{"type":"code","language":"python","source":"1+1","output":"2","outcome":"OUTCOME_OK"},{"type":"code"}]}`},
	{"unknown part", llm.Message{Role: llm.RoleUser, Parts: []llm.Part{llm.Unknown{Type: "hologram", Raw: json.RawMessage(`{"size":1.50,"type":"hologram","x":[null]}`)}}},
		`{"role":"user","parts":[{"size":1.50,"type":"hologram","x":[null]}]}`},
	{"provider data of every part that has it", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{
		llm.Text{ProviderData: provider("\x00\xff")}, llm.Image{URL: "u", ProviderData: provider("1")}, llm.Audio{URL: "u", ProviderData: provider("2")},
		llm.File{ID: "f", ProviderData: provider("3")}, llm.ToolCall{Name: "f", ProviderData: provider("4")},
		llm.Reasoning{ProviderData: provider("5")}, llm.Code{ProviderData: provider("6")},
	}}, `{"role":"assistant","parts":[` + strings.Join([]string{
		`{"type":"text","text":"","providerData":{"provider":"fake","data":"AP8="}}`,
		`{"type":"image","url":"u","providerData":{"provider":"fake","data":"MQ=="}}`,
		`{"type":"audio","url":"u","providerData":{"provider":"fake","data":"Mg=="}}`,
		`{"type":"file","id":"f","providerData":{"provider":"fake","data":"Mw=="}}`,
		`{"type":"toolCall","name":"f","arguments":"","providerData":{"provider":"fake","data":"NA=="}}`,
		`{"type":"reasoning","text":"","providerData":{"provider":"fake","data":"NQ=="}}`,
		`{"type":"code","providerData":{"provider":"fake","data":"Ng=="}}`,
	}, ",") + `]}`},
}

func TestMessageJSONRoundTrip(t *testing.T) {
	for _, test := range messagesInJSON {
		t.Run(test.name, func(t *testing.T) {
			data, err := json.Marshal(test.message)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "JSON", `{"version":1,`+test.json[1:], string(data))
			var back llm.Message
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			check(t, "message read back", test.message, back)
			var stored llm.Message
			if err := json.Unmarshal([]byte(test.json), &stored); err != nil {
				t.Fatal(err)
			}
			check(t, "message read from the form without a version", test.message, stored)
		})
	}
}

// Version 1 has members that the form without a version did not have.
func TestMessageJSONOfVersion1(t *testing.T) {
	data := &llm.ProviderData{Provider: "p", Format: "f", Model: "m", Covers: 1, PartsDigest: "d", HistoryDigest: "h", Data: []byte("\x00")}
	for _, test := range []struct {
		name    string
		message llm.Message
		json    string
	}{
		{"bound data", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Refusal{Text: "no", ProviderData: data}, llm.Opaque{Kind: "search", ProviderData: data}}},
			`{"version":1,"role":"assistant","parts":[` +
				`{"type":"refusal","text":"no","providerData":{"provider":"p","format":"f","model":"m","covers":1,"partsDigest":"d","historyDigest":"h","data":"AA=="}},` +
				`{"type":"opaque","kind":"search","providerData":{"provider":"p","format":"f","model":"m","covers":1,"partsDigest":"d","historyDigest":"h","data":"AA=="}}]}`},
		{"result with parts", llm.ToolResults(llm.ToolResult{CallID: "c", Content: "see", Parts: []llm.Part{llm.Text{Text: "a"}, llm.Image{URL: "u"}}}),
			`{"version":1,"role":"tool","parts":[{"type":"toolResult","callId":"c","content":"see","parts":[{"type":"text","text":"a"},{"type":"image","url":"u"}]}]}`},
		{"decisions", llm.Message{Role: llm.RoleTool, Parts: []llm.Part{llm.ToolCall{ID: "c", Name: "f", Arguments: "{}"}.Deny("too dear")}},
			`{"version":1,"role":"tool","parts":[{"type":"decision","callId":"c","name":"f","argumentsHash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","approved":false,"reason":"too dear"}]}`},
		{"custom call", llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{ID: "c", Name: "sh", Arguments: "ls", Custom: true}}},
			`{"version":1,"role":"assistant","parts":[{"type":"toolCall","id":"c","name":"sh","arguments":"ls","custom":true}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			written, err := json.Marshal(test.message)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "JSON", test.json, string(written))
			var back llm.Message
			if err := json.Unmarshal(written, &back); err != nil {
				t.Fatal(err)
			}
			check(t, "message read back", test.message, back)
		})
	}
}

func TestMessageOfANewerVersion(t *testing.T) {
	for _, stored := range []string{`{"version":2,"role":"user","parts":[]}`, `{"role":7,"parts":{},"version":2}`} {
		m := llm.User("before")
		err := json.Unmarshal([]byte(stored), &m)
		version, ok := errors.AsType[*llm.VersionError](err)
		if !ok {
			t.Fatalf("%s gives the error %v, want a *llm.VersionError", stored, err)
		}
		check(t, "error", llm.VersionError{Version: 2, Newest: 1}, *version)
		check(t, "message, which an error must leave alone", llm.User("before"), m)
	}
}

// Messages without a version have content that only its provider understands as parts of
// the dialect's own types.
func TestItemsOfMessagesWithoutAVersion(t *testing.T) {
	var m llm.Message
	err := json.Unmarshal([]byte(`{"role":"assistant","parts":[`+
		`{"type":"gemini.part","provider":"gemini","part":{"hologram":{"depth":9007199254740993}}},`+
		`{"type":"anthropic.block","block":{"type":"search_result"}},{"type":"anthropic.block"},{"type":"x"}]}`), &m)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "parts", []llm.Part{
		llm.Opaque{ProviderData: &llm.ProviderData{Provider: "gemini", Format: "gemini", Data: []byte(`{"hologram":{"depth":9007199254740993}}`)}},
		llm.Opaque{ProviderData: &llm.ProviderData{Format: "anthropic", Data: []byte(`{"type":"search_result"}`)}},
		llm.Unknown{Type: "anthropic.block", Raw: []byte(`{"type":"anthropic.block"}`)}, llm.Unknown{Type: "x", Raw: []byte(`{"type":"x"}`)},
	}, m.Parts)
}

func TestProviderDataKeepsEveryByte(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for n := range all { // all lengths, and so all paddings
		m := llm.Assistant("a", llm.Reasoning{ProviderData: &llm.ProviderData{Provider: "p", Data: all[:n]}})
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back llm.Message
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
		check(t, "message", m, back)
	}
}

func TestMessagesOfOtherVersions(t *testing.T) {
	for _, test := range []struct {
		name, json string
		want       llm.Message
	}{
		{"unknown fields are ignored", `{"role":"user","mood":1,"parts":[{"type":"text","text":"Hi","font":"serif"}]}`, llm.User("Hi")},
		{"unknown role", `{"role":"judge","parts":[{"type":"text","text":"Hi"}]}`, llm.Message{Role: "judge", Parts: []llm.Part{llm.Text{Text: "Hi"}}}},
		{"type not first", `{"parts":[{"text":"Hi","type":"text"}],"role":"user"}`, llm.User("Hi")},
		{"spaces", " { \"role\" : \"user\" ,\n\"parts\" : [ { \"type\" : \"text\" , \"text\" : \"Hi\" } ] } ", llm.User("Hi")},
		{"no parts", `{"role":"user"}`, llm.Message{Role: llm.RoleUser}},
		{"null parts", `{"role":"user","parts":null}`, llm.Message{Role: llm.RoleUser}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := llm.System("what was here before must not show")
			if err := json.Unmarshal([]byte(test.json), &got); err != nil {
				t.Fatal(err)
			}
			check(t, "message", test.want, got)
		})
	}
}

// The decoder reuses its bytes, so an Unknown must have a copy.
func TestUnknownPartOwnsItsBytes(t *testing.T) {
	data := []byte(`{"role":"user","parts":[{"type":"x","v":"abc"}]}`)
	var m llm.Message
	if err := m.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	clear(data)
	check(t, "raw part", `{"type":"x","v":"abc"}`, string(m.Parts[0].(llm.Unknown).Raw))
}

func TestBadMessageJSON(t *testing.T) {
	// Some errors end with the text of encoding/json. It is not compared.
	const intoPart0, intoMessage = "parley: part 0 of the message: ", "parley: message: "
	for _, test := range []struct{ name, json, want string }{
		{"not an object", `[]`, intoMessage + "json: "},
		{"parts not an array", `{"role":"user","parts":{}}`, intoMessage + "json: "},
		{"part not an object", `{"role":"user","parts":["Hi"]}`, intoPart0 + "json: "},
		{"second part not an object", `{"role":"user","parts":[{"type":"text"},"Hi"]}`, "parley: part 1 of the message: json: "},
		{"part without a type", `{"role":"user","parts":[{"text":"Hi"}]}`, intoPart0 + `it has no "type"`},
		{"null part", `{"role":"user","parts":[null]}`, intoPart0 + `it has no "type"`},
		{"text not a string", `{"role":"user","parts":[{"type":"text","text":1}]}`, intoPart0 + "json: "},
		{"data not base64", `{"role":"user","parts":[{"type":"image","data":"?"}]}`, intoPart0 + ".*illegal base64"},
		{"not UTF-8", `{"role":"user","parts":[{"type":"text","text":"` + "\xff" + `"}]}`, intoMessage + "the JSON is not valid UTF-8 at byte 47"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := llm.User("before")
			err := json.Unmarshal([]byte(test.json), &m)
			begin, inside, _ := strings.Cut(test.want, ".*") // encoding/json of Go 1.27 names the field before its error
			if err == nil || !strings.HasPrefix(err.Error(), begin) || !strings.Contains(err.Error(), inside) {
				t.Errorf("%s gives the error %v, want one that begins %q", test.json, err, test.want)
			}
			check(t, "message, which an error must leave alone", llm.User("before"), m)
		})
	}
}

func TestMessagesThatJSONCannotHold(t *testing.T) {
	const prefix = "llm.Message: parley: " // encoding/json of Go 1.26 and 1.27 differ in the text before
	type embedding struct{ llm.Text }
	parts := func(parts ...llm.Part) llm.Message { return llm.Message{Role: llm.RoleUser, Parts: parts} }
	for _, test := range []struct {
		name string
		m    llm.Message
		want string
	}{
		{"text not UTF-8", parts(llm.Text{Text: "a"}, llm.Text{Text: badUTF8}), "message cannot be written as JSON: part 1 (text) is not valid UTF-8 at byte 2"},
		{"name not UTF-8", llm.Message{Name: badUTF8}, "message cannot be written as JSON: the name is not valid UTF-8 at byte 2"},
		{"role not UTF-8", llm.Message{Role: badUTF8}, "message cannot be written as JSON: the role is not valid UTF-8 at byte 2"},
		{"nil part", parts(llm.Text{}, nil), "part 1 of the message cannot be written as JSON: the part is nil"},
		{"pointer to a part", parts(&llm.Text{Text: badUTF8}), "part 0 of the message cannot be written as JSON: it is a *llm.Text: use a value of a type of package llm, not a pointer"},
		{"nil pointer to a part", parts((*llm.Text)(nil)), "part 0 of the message cannot be written as JSON: it is a *llm.Text: use a value of a type of package llm, not a pointer"},
		{"foreign part", parts(embedding{}), "part 0 of the message cannot be written as JSON: it is a llm_test.embedding: use a value of a type of package llm, not a pointer"},
		{"unknown part without JSON", parts(llm.Unknown{Type: "x"}), `part 0 of the message cannot be written as JSON: the raw part is not a JSON object of type "x"`},
		{"unknown part of another type", parts(llm.Unknown{Type: "x", Raw: json.RawMessage(`{"type":"y"}`)}), `part 0 of the message cannot be written as JSON: the raw part is not a JSON object of type "x"`},
		{"unknown part without a type", parts(llm.Unknown{Raw: json.RawMessage(`{}`)}), `part 0 of the message cannot be written as JSON: the raw part is not a JSON object of type ""`},
		{"unknown part that is null", parts(llm.Unknown{Raw: json.RawMessage(`null`)}), `part 0 of the message cannot be written as JSON: the raw part is not a JSON object of type ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := json.Marshal(test.m)
			if err == nil {
				t.Fatalf("written as %s, want the error %q", data, test.want)
			}
			_, own, found := strings.Cut(err.Error(), prefix)
			if !found {
				t.Errorf("the error is %q, want one with %q", err, prefix)
			}
			check(t, "error", test.want, own)
		})
	}
}
