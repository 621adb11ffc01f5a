package provider_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

const withMap = `{"type":"object","properties":{"name":{"type":"string"},"note":{"type":"string"},"sizes":{"type":"object","additionalProperties":{"type":"integer"}}},"required":["name","sizes"],"additionalProperties":false}`

// ask sends a request through the translation to a scripted backend.
func ask(t *testing.T, req *llm.Request, reply llmtest.Reply) (*llm.Response, *llm.Request, error) {
	t.Helper()
	var schemas provider.Schemas
	backend := llmtest.New(reply)
	profiles := provider.Profiles{StrictFormat: "openai-strict", StrictTools: "openai-strict"}
	translated := llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events { return schemas.Do(ctx, call, profiles, next) }
	})
	req.Messages = []llm.Message{llm.User("go")}
	resp, err := backend.Model(llm.WithMiddleware(translated)).Generate(t.Context(), req)
	if len(backend.Calls()) == 0 {
		return resp, nil, err
	}
	return resp, backend.Calls()[0].Request, err
}

func TestFormatIsTranslatedAndItsAnswerTranslatedBack(t *testing.T) {
	resp, sent, err := ask(t, &llm.Request{Format: &llm.Format{Schema: json.RawMessage(withMap), Strict: new(true)}},
		llmtest.Text(`{"name": "a", "no`, `te": nu`, `ll, "sizes": [{"key":"x","va`, `lue":1},{"key":"y","value":2}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if string(sent.Format.Schema) == withMap {
		t.Error("the schema was sent as it is")
	}
	if got, want := resp.Text(), `{"name":"a","sizes":{"x":1,"y":2}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestArgumentsAreTranslatedBack(t *testing.T) {
	tools := []llm.Tool{{Name: "other"}, {Name: "save", Parameters: json.RawMessage(withMap), Strict: new(true)}}
	resp, _, err := ask(t, &llm.Request{Tools: tools},
		llmtest.ToolCall("other", `{"note":null}`).ToolCall("save", `{"name":"a","note":null,"siz`, `es":[{"key":"x","value":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, call := range resp.ToolCalls() {
		got = append(got, call.Arguments)
	}
	if diff := cmp.Diff([]string{`{"note":null}`, `{"name":"a","sizes":{"x":1}}`}, got); diff != "" {
		t.Error(diff)
	}
	if string(tools[1].Parameters) != withMap {
		t.Error("the tools of the program were changed")
	}
}

func TestSchemaThatIsNotStrictOrFitsIsSentAsItIs(t *testing.T) {
	fits := json.RawMessage(`{ "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false }`)
	for _, format := range []*llm.Format{{Schema: json.RawMessage(withMap)}, {Schema: fits, Strict: new(true)}} {
		_, sent, err := ask(t, &llm.Request{Format: format}, llmtest.Text(`{"note":null}`))
		if err != nil {
			t.Fatal(err)
		}
		if string(sent.Format.Schema) != string(format.Schema) {
			t.Errorf("%s became %s", format.Schema, sent.Format.Schema)
		}
	}
}

func TestSchemaThatTheBackendCannotExpressIsNotStrictAndSaysSo(t *testing.T) {
	format := &llm.Format{Schema: json.RawMessage(`{"type":"object","properties":{"any":{}},"required":["any"]}`), Strict: new(true)}
	resp, sent, err := ask(t, &llm.Request{Format: format}, llmtest.Text(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	if sent.Format.Strict != nil || len(resp.Warnings) != 1 || resp.Warnings[0].Setting != "Format" {
		t.Errorf("strict is %v, warnings are %v", sent.Format.Strict, resp.Warnings)
	}
	if _, sent, err := ask(t, &llm.Request{Format: format, FailOnUnsupported: true}, llmtest.Text(`{}`)); llm.KindOf(err) != llm.Unsupported || sent != nil {
		t.Errorf("FailOnUnsupported: got %v", err)
	}
}

func TestValueThatIsNoObjectIsWrappedOnlyWhereItMustBe(t *testing.T) {
	list := json.RawMessage(`{"type":"array","items":{"type":"string"}}`)
	resp, sent, err := ask(t, &llm.Request{Format: &llm.Format{Schema: list, Strict: new(true)}}, llmtest.Text(`{"val`, `ue": ["a"`, `, "b"]}`))
	if err != nil {
		t.Fatal(err)
	}
	const wrapped = `{"type":"object","properties":{"value":{"type":"array","items":{"type":"string"}}},"required":["value"],"additionalProperties":false}`
	if string(sent.Format.Schema) != wrapped || resp.Text() != `["a","b"]` {
		t.Errorf("sent %s, got %s", sent.Format.Schema, resp.Text())
	}
	resp, sent, err = ask(t, &llm.Request{Format: &llm.Format{Schema: list}}, llmtest.Text(`["a"]`))
	if err != nil {
		t.Fatal(err)
	}
	if string(sent.Format.Schema) != string(list) || resp.Text() != `["a"]` {
		t.Errorf("not strict: sent %s, got %s", sent.Format.Schema, resp.Text())
	}
}

// Notes about keywords that are not enforced do not fail a request with FailOnUnsupported.
func TestKeywordsThatAreNotEnforcedAreAWarning(t *testing.T) {
	format := &llm.Format{Strict: new(true), Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string","minLength":3}},"required":["a"],"additionalProperties":false}`)}
	resp, _, err := ask(t, &llm.Request{Format: format, FailOnUnsupported: true}, llmtest.Text(`{"a":"abc"}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Warnings) != 1 || resp.Warnings[0].Setting != "Format.Schema" {
		t.Errorf("warnings are %v", resp.Warnings)
	}
}
