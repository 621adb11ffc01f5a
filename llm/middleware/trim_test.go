package middleware_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
)

// conversation returns messages for words: "s" is a system message, "u" a user message, "a" an
// assistant message, "c" a tool call, "r" its result. byTens counts ten tokens for each.
func conversation(roles string) []llm.Message {
	const ten = "0123456789"
	var messages []llm.Message
	for i, role := range strings.Fields(roles) {
		id := strings.Repeat("i", i)
		switch role[:1] {
		case "s":
			messages = append(messages, llm.System(ten))
		case "u":
			messages = append(messages, llm.User(ten))
		case "a":
			messages = append(messages, llm.Assistant(ten))
		case "c":
			messages = append(messages, llm.Assistant(ten, llm.ToolCall{ID: id, Name: "tool", Arguments: "{}"}))
		case "r":
			messages = append(messages, llm.ToolResults(llm.ToolResult{CallID: id[1:], Content: ten}))
		}
		messages[i].Name = role
	}
	return messages
}

// byTens counts ten tokens for each message.
func byTens(_ context.Context, call *llm.Call) (int, error) {
	return 10 * len(call.Request.Messages), nil
}

func TestTrimKeepsWhatBelongsTogether(t *testing.T) {
	for _, tt := range []struct {
		name     string
		room     int
		messages string
		kept     string // empty if it does not fit
	}{
		{"all that fits", 50, "s u1 a1 u2 a2", "s u1 a1 u2 a2"},
		{"the oldest turn goes", 40, "s u1 a1 u2 a2 u3", "s u2 a2 u3"},
		{"and the next", 30, "s u1 a1 u2 a2 u3", "s u3"},
		{"turns are whole", 50, "s u1 c1 r1 a1 u2 a2 u3", "s u2 a2 u3"},
		{"the newest turn keeps its question and the latest tool exchange", 40, "s u1 a1 u2 c1 r1 c2 r2", "s u2 c2 r2"},
		{"both exchanges if they fit", 60, "s u1 a1 u2 c1 r1 c2 r2", "s u2 c1 r1 c2 r2"},
		{"several system messages", 40, "s1 u1 a1 s2 u2 a2 u3", "s1 s2 u3"},
		{"two questions in a row are one turn", 30, "u1 a1 u2 u3 a3 u4 u5", "u4 u5"},
		{"a conversation that begins with the assistant", 20, "a0 u1 a1 u2", "u2"},
		{"too long even so", 20, "s u1 a1 u2 c1 r1", ""},
		{"a single question too long", 5, "u1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := llmtest.Always(llmtest.Text("Hello"))
			trim := &middleware.Trim{ContextWindow: tt.room + 5, EstimatedOutputTokens: 5, Count: byTens}
			req := &llm.Request{Messages: conversation(tt.messages)}
			h := stream(t.Context(), p.Model(use(t, trim)), req)
			if tt.kept == "" {
				h.want(t, "", llm.ContextLength)
				return
			}
			var kept []string
			for _, m := range p.Calls()[0].Request.Messages {
				kept = append(kept, m.Name)
			}
			equal(t, "the messages sent", strings.Join(kept, " "), tt.kept)
			equal(t, "the number of messages of the caller's", len(req.Messages), len(strings.Fields(tt.messages)))
			equal(t, "whether there is a warning", len(h.resp.Warnings) == 1, tt.kept != tt.messages)
		})
	}
}

func TestTrimSaysWhatItLeftOut(t *testing.T) {
	trim := &middleware.Trim{ContextWindow: 50, EstimatedOutputTokens: 10, Count: byTens}
	h := stream(t.Context(), llmtest.New(llmtest.Text("Hello")).Model(use(t, trim)), &llm.Request{Messages: conversation("s u1 a1 u2 a2 u3")})
	h.want(t, "start warning text done", "")
	equal(t, "the warning", h.resp.Warnings, []llm.Warning{{
		Code: llm.WarnChanged, Setting: "Messages",
		Message: "the oldest 2 of 6 messages were removed, so that the rest fits into 40 tokens",
	}})
}

func TestTrimLeavesAlone(t *testing.T) {
	long := &llm.Request{Messages: conversation("s u1 a1 u2 a2 u3")}
	strict := *long
	strict.FailOnUnsupported = true
	info := func(provider, model string) (llm.ModelInfo, bool) {
		return llm.ModelInfo{ContextWindow: 40}, provider == "llmtest" && model == "known"
	}
	unknown := func(string, string) (llm.ModelInfo, bool) { return llm.ModelInfo{}, false }
	for _, tt := range []struct {
		name   string
		trim   *middleware.Trim
		model  string
		req    *llm.Request
		sent   int
		events string
	}{
		{"a strict request", &middleware.Trim{ContextWindow: 50, EstimatedOutputTokens: 10, Count: byTens}, "known", &strict, 6, "start text done"},
		{"a model of unknown window", &middleware.Trim{Info: unknown, EstimatedOutputTokens: 10, Count: byTens}, "unknown", long, 6, "start text done"},
		{"but not one of a known window", &middleware.Trim{Info: info, EstimatedOutputTokens: 10, Count: byTens}, "known", long, 2, "start warning text done"},
		{"nor by the request's own limit", &middleware.Trim{ContextWindow: 50, EstimatedOutputTokens: 10, Count: byTens}, "known",
			&llm.Request{Messages: long.Messages, MaxTokens: 30}, 2, "start warning text done"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := llmtest.New(llmtest.Text("Hello"))
			stream(t.Context(), p.Model(use(t, tt.trim), llm.WithName(tt.model)), tt.req).want(t, tt.events, "")
			equal(t, "the number of messages sent", len(p.Calls()[0].Request.Messages), tt.sent)
		})
	}
}

func TestTrimAsksTheModelToCount(t *testing.T) {
	trim := &middleware.Trim{ContextWindow: 50, EstimatedOutputTokens: 10}
	long := &llm.Request{Messages: conversation("s u1 a1 u2 a2 u3")}
	t.Run("which can", func(t *testing.T) {
		p := llmtest.Always(llmtest.Func(func(ctx context.Context, call *llm.Call) llm.Events {
			reply := llmtest.Text("Hello")
			if call.Op == llm.OpCountTokens {
				n, err := byTens(ctx, call)
				if err != nil {
					t.Error(err)
				}
				reply = llmtest.Count(n)
			}
			return llmtest.Always(reply).Do(ctx, call)
		}))
		h := stream(t.Context(), p.Model(use(t, trim)), long)
		h.want(t, "start warning text done", "")
		calls := p.Calls()
		equal(t, "the number of messages sent", len(calls[len(calls)-1].Request.Messages), 4)
	})
	t.Run("which cannot", func(t *testing.T) {
		p := llmtest.New(failure(llm.Unsupported), llmtest.Text("Hello"))
		h := stream(t.Context(), p.Model(use(t, trim)), long)
		h.want(t, "start warning text done", "")
		equal(t, "the number of messages sent", len(p.Calls()[1].Request.Messages), 6)
	})
	t.Run("but not for what is short", func(t *testing.T) {
		p := llmtest.New(llmtest.Text("Hello"))
		short := &middleware.Trim{ContextWindow: 1000, EstimatedOutputTokens: 10}
		stream(t.Context(), p.Model(use(t, short)), long).want(t, "start text done", "")
	})
}

// A file of a few bytes, or a URL, can have any number of tokens.
func TestTrimCountsWhatIsNotText(t *testing.T) {
	for _, part := range []llm.Part{llm.Image{URL: "https://example.com/a.png"}, llm.Audio{Data: []byte("a")}, llm.File{URL: "https://example.com/a.pdf"}} {
		t.Run(fmt.Sprintf("%T", part), func(t *testing.T) {
			p := llmtest.Always(llmtest.Text("Hello"))
			model := p.Model(use(t, &middleware.Trim{ContextWindow: 20_000, Count: func(_ context.Context, call *llm.Call) (int, error) {
				return 10_000 * len(call.Request.Messages), nil
			}}))
			req := &llm.Request{Messages: []llm.Message{
				{Role: llm.RoleUser, Parts: []llm.Part{part}}, llm.Assistant("Yes"), llm.User("And?"),
			}}
			stream(t.Context(), model, req).want(t, "start warning text done", "")
			equal(t, "the number of messages sent", len(p.Calls()[0].Request.Messages), 1)
		})
	}
}
