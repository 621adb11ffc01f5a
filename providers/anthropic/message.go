package anthropic

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// addMessages adds the messages of the request. A part that the API does not support is an
// error, because a message without one of its parts has another meaning.
func (b *requestBuilder) addMessages() error {
	var warnings []llm.Warning
	b.messages, warnings = llmutil.History{
		TakeBack: llm.TakeBack{Provider: b.provider.name, Formats: []string{format, ""}, Model: b.call.Model},
		ResultPart: func(part llm.Part) bool {
			_, isAudio := part.(llm.Audio)
			return !isAudio
		},
		CallID: llmutil.PlainCallID(maxCallID),
	}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	b.body.Messages = make([]sentMessage, 0, len(b.messages))
	named, late := false, false
	for i, m := range b.messages {
		var err error
		switch m.Role {
		case llm.RoleSystem:
			if b.staysLate(i) {
				err = b.addLateSystem(m)
				break
			}
			late = late || len(b.body.Messages) > 0
			err = b.addSystem(m)
		case llm.RoleTool:
			err = b.addResults(m)
		default:
			err = b.addMessage(m)
		}
		if err != nil {
			return b.fail(llm.KindOf(err), "message %d: %s", i, messageOf(err))
		}
		named = named || m.Name != ""
	}
	if named {
		b.unsupported("Messages", "the API does not support names in messages; they were omitted")
	}
	if late {
		b.warn(llm.WarnChanged, "Messages", "the API has only one system prompt; a later system message was appended to it")
	}
	if len(b.body.Messages) == 0 {
		return b.fail(llm.InvalidRequest, "there is no message with text or media: add a user message")
	}
	b.answerCalls()
	return nil
}

// maxCallID is the maximum length of the ids of tool calls of other servers. The API's own
// ids have 30 bytes.
const maxCallID = 64

// addSystem appends to the system prompt.
func (b *requestBuilder) addSystem(m llm.Message) error {
	for _, part := range m.Parts {
		text, ok := part.(llm.Text)
		switch {
		case !ok:
			return unsupportedf("a part of type %T is not supported in a system message: remove it", part)
		case !isBlank(text.Text):
			b.body.System = append(b.body.System, &textBlock{Type: blockText, Text: text.Text})
		}
	}
	return nil
}

// staysLate reports whether a system message keeps its place among the other messages: the
// model accepts it, and it is after a user message, and before an assistant message or last.
// https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
func (b *requestBuilder) staysLate(i int) bool {
	n, all := len(b.body.Messages), b.messages
	return b.family.lateSystem && n > 0 && b.body.Messages[n-1].Role == roleUser &&
		(i == len(all)-1 || all[i+1].Role == llm.RoleAssistant)
}

// addLateSystem adds a system message between the other messages.
func (b *requestBuilder) addLateSystem(m llm.Message) error {
	before := len(b.body.System)
	if err := b.addSystem(m); err != nil {
		return err
	}
	for _, block := range b.body.System[before:] {
		turn := b.turn(roleSystem)
		turn.Content = append(turn.Content, block)
	}
	b.body.System = b.body.System[:before]
	return nil
}

// isBlank reports whether a text is empty for the server, which rejects such texts.
func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// turn returns the last message if it has the role, or otherwise a new one. The server joins
// consecutive messages of one role. Joining them here keeps tool results at the beginning.
func (b *requestBuilder) turn(role string) *sentMessage {
	if n := len(b.body.Messages); n > 0 && b.body.Messages[n-1].Role == role {
		return &b.body.Messages[n-1]
	}
	b.body.Messages = append(b.body.Messages, sentMessage{Role: role})
	return &b.body.Messages[len(b.body.Messages)-1]
}

// addMessage adds a user or assistant message. A message without content is omitted.
func (b *requestBuilder) addMessage(m llm.Message) error {
	role := roleUser
	if m.Role == llm.RoleAssistant {
		role = roleAssistant
	}
	content := make([]any, 0, len(m.Parts))
	for _, part := range m.Parts {
		converted, err := b.part(part)
		if err != nil {
			return err
		}
		if converted != nil {
			content = append(content, converted)
		}
	}
	if len(content) > 0 {
		turn := b.turn(role)
		turn.Content = append(turn.Content, content...)
	}
	return nil
}

// part converts a part. It returns nil for a part that is omitted.
func (b *requestBuilder) part(part llm.Part) (any, error) {
	switch p := part.(type) {
	case llm.Text:
		if isBlank(p.Text) {
			return nil, nil
		}
		own, _ := b.own(p.ProviderData)
		return &textBlock{Type: blockText, Text: p.Text, Citations: own.Citations}, nil
	case llm.Refusal: // sent as text of the model
		if isBlank(p.Text) {
			return nil, nil
		}
		return &textBlock{Type: blockText, Text: p.Text}, nil
	case llm.Reasoning:
		return b.reasoning(p), nil
	case llm.Image:
		return b.image(p)
	case llm.File:
		return b.document(p)
	case llm.ToolCall:
		own, _ := b.own(p.ProviderData)
		return &toolUseBlock{Type: blockToolUse, ID: p.ID, Name: p.Name, Input: json.RawMessage(p.Arguments), Caller: own.Caller}, nil
	case llm.Opaque:
		if !json.Valid(p.ProviderData.Data) {
			return nil, llm.Errorf(llm.InvalidRequest, "a part made with Block is not valid JSON")
		}
		return json.RawMessage(p.ProviderData.Data), nil
	case llm.Unknown, llm.Code:
		b.skip(p)
		return nil, nil
	}
	return nil, unsupportedf("a part of type %T is not supported: remove it", part)
}

// skip adds the warning for a part that is omitted.
func (b *requestBuilder) skip(part llm.Part) {
	b.unsupported("Messages", fmt.Sprintf("a part of type %T is not supported; it was omitted", part))
}

// reasoning returns a thinking block as the server sent it. Thinking of other providers and
// of other models is not sent: the server rejects its signature, or ignores the block and
// bills it.
func (b *requestBuilder) reasoning(p llm.Reasoning) any {
	own, ok := b.own(p.ProviderData)
	switch {
	case !ok:
		return nil
	case own.Model != "" && own.Model != b.call.Model: // data without a format
		b.warn(llm.WarnStateOmitted, "Messages", "signatures or reasoning of an earlier answer were omitted: data of the model "+own.Model+" is not valid for another model")
		return nil
	case len(own.Block) > 0:
		return own.Block
	}
	return &thinkingBlock{Type: blockThinking, Thinking: p.Text, Signature: own.Signature}
}

// addResults adds tool results. The server requires them at the beginning of the message
// that follows the calls, before any text.
func (b *requestBuilder) addResults(m llm.Message) error {
	turn := b.turn(roleUser)
	at := 0
	for at < len(turn.Content) && resultID(turn.Content[at]) != "" {
		at++
	}
	for _, part := range m.Parts {
		result, ok := part.(llm.ToolResult)
		if !ok {
			continue // Validate accepts no other part
		}
		content, err := b.resultContent(result)
		if err != nil {
			return err
		}
		block := &toolResultBlock{Type: blockToolResult, ToolUseID: result.CallID, Content: content, IsError: result.IsError}
		turn.Content = slices.Insert(turn.Content, at, any(block))
		at++
	}
	return nil
}

// resultContent returns the content of a result: a string, or a list of blocks.
// https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls
func (b *requestBuilder) resultContent(result llm.ToolResult) (any, error) {
	if len(result.Parts) == 0 {
		return result.Content, nil
	}
	blocks := make([]any, 0, 1+len(result.Parts))
	for _, part := range append([]llm.Part{llm.Text{Text: result.Content}}, result.Parts...) {
		block, err := b.part(part)
		if err != nil {
			return nil, err
		}
		if block != nil { // an empty text
			blocks = append(blocks, block)
		}
	}
	return blocks, nil
}

const blockToolResult = "tool_result"

// resultID returns the id of the call of a result, or "" for another block. A part that
// [Block] made can be a result.
func resultID(block any) string {
	switch r := block.(type) {
	case *toolResultBlock:
		return r.ToolUseID
	case json.RawMessage:
		var made toolResultBlock
		if json.Unmarshal(r, &struct {
			Type *string `json:"type"`
			ID   *string `json:"tool_use_id"`
		}{&made.Type, &made.ToolUseID}) == nil && made.Type == blockToolResult {
			return made.ToolUseID
		}
	}
	return ""
}

// noResult is the result of a tool call without one.
const noResult = "The tool was not run."

// answerCalls adds a result for each call that has none. The server rejects a history with
// such a call, for example after a program stopped between a call and its result.
func (b *requestBuilder) answerCalls() {
	for i := len(b.body.Messages) - 2; i >= 0; i-- { // the last message may be continued
		m := &b.body.Messages[i]
		if m.Role != roleAssistant {
			continue
		}
		next := &b.body.Messages[i+1] // a user message, because roles alternate
		at := 0
		for _, block := range m.Content {
			call, ok := block.(*toolUseBlock)
			if !ok {
				continue
			}
			if slices.ContainsFunc(next.Content, func(r any) bool { return resultID(r) == call.ID }) {
				at++
				continue
			}
			b.warn(llm.WarnChanged, "Messages", "an earlier call of "+call.Name+" has no result; an error was sent as its result")
			result := &toolResultBlock{Type: blockToolResult, ToolUseID: call.ID, Content: noResult, IsError: true}
			next.Content = slices.Insert(next.Content, min(at, len(next.Content)), any(result))
			at++
		}
	}
}

// unsupportedf returns an error of kind [llm.Unsupported] about a part.
func unsupportedf(format string, args ...any) error {
	return llm.Errorf(llm.Unsupported, format, args...)
}

// messageOf returns the message of an error that this package made.
func messageOf(err error) string {
	if e, ok := err.(*llm.Error); ok {
		return e.Message
	}
	return err.Error()
}
