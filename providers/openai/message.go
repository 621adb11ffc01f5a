package openai

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/mediatype"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// addMessages adds the messages of the request. A part that this dialect cannot express is
// an error, because a message without one of its parts has another meaning.
func (b *requestBuilder) addMessages() error {
	messages, warnings := b.provider.history(b.call).Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	b.body.Messages = make([]*message, 0, len(messages))
	for i, m := range messages {
		var err error
		switch m.Role {
		case llm.RoleAssistant:
			err = b.addAssistant(m)
		case llm.RoleTool:
			b.addResults(m)
		default:
			err = b.addPrompt(m)
		}
		if err != nil {
			return b.fail(llm.Unsupported, fmt.Sprintf("message %d: %v", i, err))
		}
	}
	return nil
}

// history returns the rules for the messages of a chat.
func (p *Provider) history(call *llm.Call) llmutil.History {
	return llmutil.History{
		TakeBack:     llm.TakeBack{Provider: p.name, Formats: []string{format, ""}, Model: call.Model},
		CustomCalls:  true,
		AnyArguments: !p.quirks.NoInvalidArguments,
		CallID:       callID(p.quirks.CallIDLength),
		ResultNames:  p.quirks.ToolResultNames,
	}
}

// addPrompt adds a system or user message.
func (b *requestBuilder) addPrompt(m llm.Message) error {
	role := string(m.Role)
	if m.Role == llm.RoleSystem && b.options.SystemRole != "" {
		role = b.options.SystemRole
	}
	out := b.newMessage(role, m.Name)
	if text, ok := onlyText(m.Parts); ok {
		out.Content = text
		b.body.Messages = append(b.body.Messages, out)
		return nil
	}
	parts := make([]contentPart, 0, len(m.Parts))
	for _, part := range m.Parts {
		if _, ok := part.(llm.Unknown); ok {
			b.omit(part)
			continue
		}
		converted, err := b.contentPart(part)
		if err != nil {
			return err
		}
		parts = append(parts, converted)
	}
	out.Content = parts
	b.body.Messages = append(b.body.Messages, out)
	return nil
}

func (b *requestBuilder) newMessage(role, name string) *message {
	if name != "" && b.provider.quirks.NoMessageNames {
		b.warn(llm.WarnUnsupported, "Messages", "this server does not support names in messages; they were omitted")
		name = ""
	}
	return &message{Role: role, Name: name}
}

// addAssistant adds an assistant message.
func (b *requestBuilder) addAssistant(m llm.Message) error {
	out := b.newMessage(string(m.Role), m.Name)
	var text, refusal, reasoning strings.Builder
	hasText := false
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			text.WriteString(p.Text)
			hasText = true
			if extra := back(p.ProviderData); extra != nil {
				out.ExtraContent = extra
			}
		case llm.Refusal:
			refusal.WriteString(p.Text)
		case llm.Reasoning:
			reasoning.WriteString(p.Text)
			details, opaque := splitOpaque(elements(back(p.ProviderData)))
			out.ReasoningDetails = append(out.ReasoningDetails, details...)
			if opaque != "" {
				out.ReasoningOpaque, out.ReasoningText = opaque, reasoning.String()
			}
		case llm.ToolCall:
			call := callOf(p)
			call.ExtraContent = back(p.ProviderData)
			out.ToolCalls = append(out.ToolCalls, call)
		case llm.Audio:
			if own := p.ProviderData; own != nil {
				out.Audio = &audioRef{string(own.Data)}
			} else {
				text.WriteString(p.Transcript)
				hasText = hasText || p.Transcript != ""
			}
		case llm.Image:
			if !b.provider.quirks.AcceptsImages {
				return errors.New("this server does not support images in assistant messages: put the image into a user message")
			}
			url, err := b.urlOf(p)
			if err != nil {
				return err
			}
			out.Images = append(out.Images, outputImage{"image_url", imageURL{url}})
		case llm.Opaque, llm.Unknown, llm.Code:
			b.omit(part)
		default:
			return fmt.Errorf("a part of type %T is not supported in an assistant message: remove it", part)
		}
	}
	if hasText || len(out.ToolCalls) == 0 && refusal.Len() == 0 && out.Audio == nil && out.Images == nil {
		out.Content = text.String()
	}
	out.Refusal = refusal.String()
	b.addReasoningText(out, reasoning.String())
	if out.isEmpty() { // servers reject it: https://github.com/AstrBotDevs/AstrBot/issues/7200
		b.warn(llm.WarnChanged, "Messages", "an assistant message without text, tool calls and media was omitted")
		return nil
	}
	b.body.Messages = append(b.body.Messages, out)
	return nil
}

// isEmpty reports whether an assistant message has no content.
func (m *message) isEmpty() bool {
	return (m.Content == nil || m.Content == "") && m.Refusal == "" && len(m.ToolCalls) == 0 && m.Audio == nil && len(m.Images) == 0 &&
		m.Reasoning == "" && (m.ReasoningContent == nil || *m.ReasoningContent == "") && len(m.ReasoningDetails) == 0 && m.ReasoningOpaque == ""
}

// addReasoningText adds the reasoning of an earlier answer, if the server expects it.
func (b *requestBuilder) addReasoningText(out *message, text string) {
	switch b.provider.quirks.ReasoningField {
	case "":
		if text != "" && len(out.ReasoningDetails) == 0 && out.ReasoningOpaque == "" {
			b.warn(llm.WarnStateOmitted, "Messages", "the reasoning of earlier answers was omitted: if the server accepts it, set Quirks.ReasoningField")
		}
	case FieldReasoning:
		if len(out.ReasoningDetails) == 0 { // they contain the text as well
			out.Reasoning = text
		}
	case FieldReasoningContent:
		// DeepSeek rejects a tool call without it, even if it is empty:
		// https://api-docs.deepseek.com/guides/thinking_mode
		if text == "" && len(out.ToolCalls) > 0 && b.provider.quirks.NoEmptyReasoning {
			text = " "
		}
		if text != "" || len(out.ToolCalls) > 0 {
			out.ReasoningContent = &text
		}
	}
}

// addResults adds tool results, each as one message.
func (b *requestBuilder) addResults(m llm.Message) {
	for _, part := range m.Parts {
		if result, ok := part.(llm.ToolResult); ok { // Validate accepts no other part
			out := &message{Role: string(llm.RoleTool), Content: result.Content, ToolCallID: result.CallID}
			if b.provider.quirks.ToolResultNames {
				out.Name = result.Name
			}
			b.body.Messages = append(b.body.Messages, out)
		}
	}
}

// omit adds the warning for a part that is not sent.
func (b *builder) omit(part llm.Part) {
	b.warn(llm.WarnUnsupported, "Messages", fmt.Sprintf("a part of type %T is not supported; it was omitted", part))
}

// contentPart converts a part of a system or user message.
func (b *requestBuilder) contentPart(part llm.Part) (contentPart, error) {
	switch p := part.(type) {
	case llm.Text:
		return contentPart{Type: "text", Text: &p.Text}, nil
	case llm.Image:
		url, err := b.urlOf(p)
		return contentPart{Type: "image_url", ImageURL: &inputImage{url, p.Quality}}, err
	case llm.Audio:
		return b.audioPart(p)
	case llm.File:
		file := &inputFile{Name: p.Name, ID: p.ID}
		if said, data, ok, err := mediatype.FromURL(p.URL); err != nil {
			return contentPart{}, err
		} else if ok {
			p.URL, p.Data, p.MediaType = "", data, cmp.Or(said, p.MediaType)
		}
		switch {
		case p.URL != "":
			return contentPart{}, errors.New("a file by URL is not supported: set File.Data or File.ID")
		case len(p.Data) > 0:
			file.Data = b.attachments.addURL(p.MediaType, p.Data)
			file.Name = cmp.Or(file.Name, defaultFileName)
		}
		return contentPart{Type: "file", File: file}, nil
	}
	return contentPart{}, fmt.Errorf("a part of type %T is not supported in a system or user message: remove it", part)
}

// defaultFileName is the name of a file without a name. The server requires a name for a
// file that is sent by its data.
const defaultFileName = "file"

// onlyText returns the text of a message that has no part other than one text. It is sent
// as a string, because some servers do not accept a list of parts.
func onlyText(parts []llm.Part) (string, bool) {
	switch len(parts) {
	case 0:
		return "", true
	case 1:
		text, ok := parts[0].(llm.Text)
		return text.Text, ok
	}
	return "", false
}

// callID returns the rule for the ids of tool calls. OpenAI rejects ids with more than 40
// characters: https://github.com/vercel/ai/issues/5171.
func callID(exactly int) func(string) string {
	if exactly > 0 {
		return llmutil.HashCallID(exactly)
	}
	return llmutil.ShortCallID(40)
}

// callOf converts a tool call.
func callOf(call llm.ToolCall) toolCall {
	if call.Custom {
		return toolCall{ID: call.ID, Type: typeCustom, Custom: &calledCustom{call.Name, call.Arguments}}
	}
	return toolCall{ID: call.ID, Type: typeFunction, Function: &calledFunction{call.Name, call.Arguments}}
}
