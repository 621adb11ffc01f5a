package palm

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// The types in this file are defined in
// https://github.com/googleapis/googleapis/blob/master/google/ai/generativelanguage/v1beta2/discuss_service.proto
// and in text_service.proto in the same directory.

type message struct {
	Author  string `json:"author,omitempty"`
	Content string `json:"content"`
}

type example struct {
	Input  message `json:"input"`
	Output message `json:"output"`
}

// chatPrompt is a conversation. For Vertex AI it is an instance.
type chatPrompt struct {
	Context  string    `json:"context,omitempty"`
	Examples []example `json:"examples,omitempty"`
	Messages []message `json:"messages"`
}

// settings are the sampling settings. They are members of the request, or of its
// parameters for Vertex AI.
type settings struct {
	Temperature *float64 `json:"temperature,omitempty"`
	TopP        *float64 `json:"topP,omitempty"`
	TopK        *int     `json:"topK,omitempty"`
	Candidates  int      `json:"candidateCount,omitempty"`
	MaxTokens   int      `json:"maxOutputTokens,omitempty"`
	Stop        []string `json:"stopSequences,omitempty"`
	Seed        *int64   `json:"seed,omitempty"`

	Safety []SafetySetting `json:"safetySettings,omitempty"`
}

// requestBuilder builds the body of a request and collects warnings for unsupported
// settings.
type requestBuilder struct {
	provider *Provider
	call     *llm.Call
	req      *llm.Request
	options  Options
	text     bool // the model completes texts and does not support chats
	warnings []llm.Warning
}

func (p *Provider) newRequest(call *llm.Call) *requestBuilder {
	name := strings.TrimPrefix(call.Model, "models/")
	return &requestBuilder{
		provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options),
		text: strings.HasPrefix(name, "text-"),
	}
}

// marshal returns the model's method and the request's body. It returns an error if the
// request sets FailOnUnsupported and contains an unsupported setting.
func (b *requestBuilder) marshal() (method string, body []byte, err error) {
	prompt, err := b.prompt()
	if err != nil {
		return "", nil, err
	}
	how := b.settings()
	if w := provider.Unsupported(b.req, b.warnings); w != nil {
		return "", nil, b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
	}
	var data []byte
	switch {
	case b.provider.vertex:
		method = "predict"
		var parameters []byte
		if parameters, err = json.Marshal(how); err == nil {
			parameters, err = provider.Merge(parameters, b.options.Extra)
		}
		if err == nil {
			data, err = json.Marshal(map[string]any{"instances": []any{prompt}, "parameters": json.RawMessage(parameters)})
		}
	default:
		method = "generateMessage"
		request := map[string]any{"prompt": prompt}
		if b.text {
			method, request = "generateText", map[string]any{"prompt": map[string]any{"text": prompt.(textPrompt).Prompt}}
		}
		if data, err = json.Marshal(how); err == nil {
			data, err = provider.Merge(data, request)
		}
		if err == nil {
			data, err = provider.Merge(data, b.options.Extra)
		}
	}
	if err != nil {
		return "", nil, b.fail(llm.InvalidRequest, "encode the request as JSON: %v", err)
	}
	return method, data, nil
}

// textPrompt is a text to be completed. For Vertex AI it is an instance.
type textPrompt struct {
	Prompt string `json:"prompt"`
}

func (b *requestBuilder) prompt() (any, error) {
	chat, err := b.chat()
	if err != nil || !b.text {
		return chat, err
	}
	if len(chat.Messages) != 1 || len(chat.Examples) > 0 {
		return nil, b.fail(llm.InvalidRequest, "%s completes one text and does not support conversations: send one user message or use a chat model", b.call.Model)
	}
	text := chat.Messages[0].Content
	if chat.Context != "" {
		text = chat.Context + "\n\n" + text
	}
	return textPrompt{text}, nil
}

// The authors of messages. PaLM has no roles. It answers as the author who did not write
// the last message.
const (
	user  = "0"
	model = "1"
)

// exampleName is the name of messages that form an example.
const exampleName = "example"

// chat returns the conversation. System messages become the context, examples are
// separated from the messages, and two authors alternate.
func (b *requestBuilder) chat() (*chatPrompt, error) {
	chat := new(chatPrompt)
	for _, e := range b.options.Examples {
		chat.Examples = append(chat.Examples, example{message{Content: e.Input}, message{Content: e.Output}})
	}
	var context []string
	messages, warnings := llm.TakeBack{Provider: b.provider.name}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	for i := 0; i < len(messages); i++ {
		m := messages[i]
		text, err := text(m)
		if err != nil {
			return nil, b.fail(llm.Unsupported, "message %d: %v", i, err)
		}
		switch {
		case m.Role == llm.RoleSystem:
			context = append(context, text)
			continue
		case isExample(messages[i:]):
			i++
			answer, err := textOf(messages[i], i)
			if err != nil {
				return nil, b.fail(llm.Unsupported, "%v", err)
			}
			chat.Examples = append(chat.Examples, example{message{Content: text}, message{Content: answer}})
			continue
		}
		next := message{user, text}
		if m.Role == llm.RoleAssistant {
			next.Author = model
		}
		if n := len(chat.Messages); n > 0 && chat.Messages[n-1].Author == next.Author {
			return nil, b.fail(llm.InvalidRequest, "message %d repeats the role %s: "+
				"PaLM requires alternating roles, so combine the messages into one", i, m.Role)
		}
		chat.Messages = append(chat.Messages, next)
	}
	chat.Context = strings.Join(context, "\n\n")
	if n := len(chat.Messages); n == 0 || chat.Messages[n-1].Author != user {
		return nil, b.fail(llm.InvalidRequest, "the last message is not a user message: PaLM answers only user messages")
	}
	return chat, nil
}

// isExample reports whether the messages begin with an example.
func isExample(m []llm.Message) bool {
	return len(m) > 1 && m[0].Role == llm.RoleUser && m[0].Name == exampleName &&
		m[1].Role == llm.RoleAssistant && m[1].Name == exampleName
}

func textOf(m llm.Message, i int) (string, error) {
	said, err := text(m)
	if err != nil {
		return "", fmt.Errorf("message %d: %w", i, err)
	}
	return said, nil
}

// text returns the text of a message. It returns an error for other parts, because
// leaving a part out would change the message.
func text(m llm.Message) (string, error) {
	var b strings.Builder
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			b.WriteString(p.Text)
		case llm.Refusal: // PaLM sees it as its earlier answer
			b.WriteString(p.Text)
		case llm.Reasoning: // not sent, because it is from another model
		default:
			return "", fmt.Errorf("PaLM supports only text, not %T", part)
		}
	}
	return b.String(), nil
}

// settings returns the sampling settings and adds a warning for each unsupported one.
func (b *requestBuilder) settings() settings {
	r := b.req
	how := settings{Temperature: r.Temperature, TopP: r.TopP, TopK: r.TopK, Candidates: 1, Safety: b.options.SafetySettings}
	limited := b.text || b.provider.vertex // for chats, only Vertex AI supports a limit and stop sequences
	if limited {
		how.MaxTokens, how.Stop = r.MaxTokens, r.Stop
	}
	if b.provider.vertex {
		how.Seed = r.Seed
	}
	for _, s := range [...]struct {
		name string
		lost bool
	}{
		{"MaxTokens", r.MaxTokens > 0 && !limited},
		{"Stop", len(r.Stop) > 0 && !limited},
		{"Seed", r.Seed != nil && !b.provider.vertex},
		{"PresencePenalty", r.PresencePenalty != nil},
		{"FrequencyPenalty", r.FrequencyPenalty != nil},
		{"Tools", len(r.Tools) > 0 && r.ToolChoice.Mode != llm.ToolNone},
		{"Format", r.Format != nil},
		{"ReasoningEffort", r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone},
		{"Logprobs", r.Logprobs || r.TopLogprobs > 0},
	} {
		if s.lost {
			b.warnings = append(b.warnings, llm.Warning{
				Code: llm.WarnUnsupported, Setting: s.name, Message: "PaLM does not support this setting for " + b.call.Model + "; it was left out",
			})
		}
	}
	return how
}

func (b *requestBuilder) fail(kind llm.Kind, format string, args ...any) error {
	return b.provider.fail(b.call, kind, format, args...)
}
