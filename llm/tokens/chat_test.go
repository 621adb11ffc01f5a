package tokens_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

var (
	hello = []llm.Message{llm.System("You are a helpful assistant"), llm.User("Say hi in Portuguese")}
	alice = []llm.Message{llm.User("Generate information about a person named Alice who is 30 years old and lives in Paris.")}

	person = &llm.Format{
		Name: "Person", Description: "A person with name, age, and city", Strict: new(true),
		Schema: []byte(`{"additionalProperties":false,"properties":{"age":{"description":"The person's age","type":"integer"},` +
			`"city":{"description":"The city where the person lives","type":"string"},"name":{"description":"The person's name","type":"string"}},` +
			`"required":["name","age","city"],"type":"object"}`),
	}

	weather = []llm.Tool{{
		Name: "weather", Description: "Get weather information for a location",
		Parameters: []byte(`{"properties":{"location":{"description":"the city","type":"string"}},"required":["location"],"type":"object"}`),
	}}
	florence       = []llm.Message{llm.System("You are a helpful assistant"), llm.User("What's the weather in Florence,Italy?")}
	florenceCalled = append(florence[:2:2],
		llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{ID: "c", Name: "weather", Arguments: `{"location":"Florence, Italy"}`}}},
		llm.ToolResults(llm.ToolResult{CallID: "c", Content: "40 C"}))
)

// TestCountRequestIsWhatServersReported contains requests with token counts reported by a
// server. The estimate is exact for them.
func TestCountRequestIsWhatServersReported(t *testing.T) {
	for _, tt := range []struct {
		model, name string
		req         llm.Request
		want        int
	}{
		{"gpt-4o", "text", llm.Request{Messages: hello}, 20},
		{"gpt-4o", "schema", llm.Request{Messages: alice, Format: person}, 99},
		{"gpt-4o", "tool", llm.Request{Messages: florence, Tools: weather}, 61},
		{"gpt-4o", "call and result", llm.Request{Messages: florenceCalled, Tools: weather}, 86},
		{"o4-mini", "text", llm.Request{Messages: hello}, 19},
		{"o4-mini", "schema", llm.Request{Messages: alice, Format: person}, 95},
		{"o4-mini", "tool", llm.Request{Messages: florence, Tools: weather}, 64},
		{"o4-mini", "call and result", llm.Request{Messages: florenceCalled, Tools: weather}, 95},
		{"gpt-5", "text", llm.Request{Messages: hello}, 19},
		{"gpt-5", "schema", llm.Request{Messages: alice, Format: person}, 95},
		{"gpt-5", "tool", llm.Request{Messages: florence, Tools: weather}, 145},
		{"gpt-5", "call and result", llm.Request{Messages: florenceCalled, Tools: weather}, 176},
		{"openai/gpt-oss-20b", "text", llm.Request{Messages: hello}, 84},
		{"openai/gpt-oss-20b", "tool", llm.Request{Messages: florence, Tools: weather}, 139},
	} {
		t.Run(tt.model+", "+tt.name, func(t *testing.T) {
			count, err := tokens.CountRequest(&tt.req, tt.model, nil)
			if err != nil {
				t.Fatal(err)
			}
			if count.Tokens != tt.want {
				t.Errorf("%d tokens, want %d", count.Tokens, tt.want)
			}
			if count.Exact {
				t.Error("a chat counted offline is called exact")
			}
		})
	}
}

func TestCountRequestSaysWhatItAssumes(t *testing.T) {
	ask := llm.Prompt("hi")
	for _, tt := range []struct {
		name, model string
		encoding    *tokens.Encoding
		req         *llm.Request
		want        llm.TokenCount
	}{
		{"a known model", "gpt-4o", nil, ask, llm.TokenCount{Tokens: 8, Source: "estimate: o200k_base and OpenAI's message format, offline"}},
		{"gpt-oss", "gpt-oss:20b", nil, ask, llm.TokenCount{Tokens: 68, Source: "estimate: o200k_harmony and the harmony format, offline"}},
		{
			"an unknown model", "acme-1", nil, ask,
			llm.TokenCount{Tokens: 8, Source: `estimate: o200k_base for the unknown model "acme-1" and OpenAI's message format, offline`},
		},
		{
			"a model whose encoding is not published", "gpt-6-luna", nil, ask,
			llm.TokenCount{Tokens: 8, Source: `estimate: o200k_base for the unknown model "gpt-6-luna" and OpenAI's message format, offline`},
		},
		{
			"an unknown model with its encoding", "acme-1", tokens.CL100kBase(), ask,
			llm.TokenCount{Tokens: 8, Source: "estimate: cl100k_base and OpenAI's message format, offline"},
		},
		{
			"an image of unknown size, a file", "gpt-4o", nil,
			&llm.Request{Messages: []llm.Message{llm.User("hi", llm.Image{URL: "https://example.com/a.png"}, llm.File{ID: "f"})}},
			llm.TokenCount{
				Tokens: 8 + 765,
				Source: "estimate: o200k_base and OpenAI's message format, offline; 1 of the images taken for 1024 by 1024 pixels; 1 files or sounds not counted",
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tokens.CountRequest(tt.req, tt.model, tt.encoding)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the count (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCountRequestOfAnUnknownModelIsAnErrorIfStrict(t *testing.T) {
	_, err := tokens.CountRequest(&llm.Request{Messages: hello, FailOnUnsupported: true}, "acme-1", nil)
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || e.Kind != llm.Unsupported {
		t.Errorf("the error is %v, want an *llm.Error of kind %q", err, llm.Unsupported)
	}
	if _, err := tokens.CountRequest(nil, "gpt-4o", nil); !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("no request: error %v, want one of the kind %q", err, llm.InvalidRequest)
	}
	if _, err := tokens.CountRequest(&llm.Request{Messages: hello, FailOnUnsupported: true}, "gpt-4o", nil); err != nil {
		t.Errorf("a known model is an error: %v", err)
	}
}

func TestCountRequestCountsEachPart(t *testing.T) {
	count := func(req *llm.Request) int {
		t.Helper()
		got, err := tokens.CountRequest(req, "gpt-4o", nil)
		if err != nil {
			t.Fatal(err)
		}
		return got.Tokens
	}
	plain := count(llm.Prompt("hi"))
	named := llm.Prompt("hi")
	named.Messages[0].Name = "Anna"
	for _, tt := range []struct {
		name string
		req  *llm.Request
		more int
	}{
		{"a name", named, 1 + tokens.O200kBase().Count("Anna")},
		{"a second text", &llm.Request{Messages: []llm.Message{llm.User("hi", llm.Text{Text: "hi"})}}, 1},
		{"an empty message", &llm.Request{Messages: []llm.Message{llm.User("hi"), llm.User("")}}, 4},
		{"a refusal", &llm.Request{Messages: []llm.Message{llm.User("hi"), {Role: llm.RoleAssistant, Parts: []llm.Part{llm.Refusal{Text: "no"}}}}}, 5},
		{"reasoning, which is not sent back", &llm.Request{Messages: []llm.Message{{Role: llm.RoleUser, Parts: []llm.Part{llm.Text{Text: "hi"}, llm.Reasoning{Text: strings.Repeat("so ", 50)}}}}}, 0},
		{"an image in low detail", &llm.Request{Messages: []llm.Message{llm.User("hi", llm.Image{URL: "https://example.com/a", Quality: "low"})}}, 85},
		{"any JSON", &llm.Request{Messages: []llm.Message{llm.User("hi")}, Format: &llm.Format{}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if more := count(tt.req) - plain; more != tt.more {
				t.Errorf("%d tokens more than without, want %d", more, tt.more)
			}
		})
	}
}

func TestCountRequestTakesInvalidArgumentsOfParallelCalls(t *testing.T) {
	req := &llm.Request{Messages: append(florence[:2:2], llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{
		llm.ToolCall{ID: "1", Name: "weather", Arguments: `{"loc`}, llm.ToolCall{ID: "2", Name: "weather"},
	}}), Tools: weather}
	got, err := tokens.CountRequest(req, "gpt-4o", nil)
	if err != nil || got.Tokens < 61+20 || got.Tokens > 61+60 {
		t.Errorf("%d tokens, %v; want some 40 more than the 61 without the calls", got.Tokens, err)
	}
}

func BenchmarkCountRequest(b *testing.B) {
	req := &llm.Request{Messages: florenceCalled, Tools: weather, Format: person}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tokens.CountRequest(req, "gpt-4o", nil); err != nil {
			b.Fatal(err)
		}
	}
}
