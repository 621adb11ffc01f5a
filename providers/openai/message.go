package openai

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
)

// plainMessage is the vendor's message without its MarshalJSON, which
// embedding would promote.
type plainMessage openai.ChatCompletionMessage

// message is a message as it is sent, with the vendor's fields shadowed where
// their JSON would lose something.
// https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
type message struct {
	plainMessage

	Content          any        `json:"content,omitempty"` // string or []contentPart; an empty string is sent
	MultiContent     *struct{}  `json:"MultiContent,omitempty"`
	ToolCalls        []toolCall `json:"tool_calls,omitempty"`
	ReasoningContent *string    `json:"reasoning_content,omitempty"`
	Audio            *audioRef  `json:"audio,omitempty"`
	Reasoning        string     `json:"reasoning,omitempty"`

	Images           []outputImage     `json:"images,omitempty"`            // OpenRouter's
	ReasoningDetails []json.RawMessage `json:"reasoning_details,omitempty"` // see opaque.go
	ExtraContent     json.RawMessage   `json:"extra_content,omitempty"`
}

// audioRef names an earlier spoken answer.
type audioRef struct {
	ID string `json:"id"`
}

// toolCall sends the arguments even where the model wrote none.
type toolCall struct {
	ID       string          `json:"id"`
	Type     openai.ToolType `json:"type"`
	Function struct {
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"function"`
	ExtraContent json.RawMessage `json:"extra_content,omitempty"` // see opaque.go
}

// contentPart is the vendor's part, and the kinds that it does not know.
type contentPart struct {
	openai.ChatMessagePart

	Text       *string     `json:"text,omitempty"` // an empty text is sent
	InputAudio *inputAudio `json:"input_audio,omitempty"`
	File       *inputFile  `json:"file,omitempty"`
}

type inputAudio struct {
	Data   string `json:"data"`   // base64
	Format string `json:"format"` // "wav", "mp3"
}

type inputFile struct {
	Name string `json:"filename,omitempty"`
	Data string `json:"file_data,omitempty"` // a data URL
	ID   string `json:"file_id,omitempty"`
}

// addMessages puts the conversation in. What cannot be said in this dialect is
// an error: a message without one of its parts is another message.
func (b *requestBuilder) addMessages() error {
	ids := callIDs{}
	b.body.Messages = make([]any, 0, len(b.req.Messages))
	for i, m := range b.req.Messages {
		var err error
		switch m.Role {
		case llm.RoleAssistant:
			err = b.addAssistant(i, m, &ids)
		case llm.RoleTool:
			b.addResults(m, &ids)
		default:
			err = b.addPrompt(m)
		}
		if err != nil {
			return b.fail(llm.Unsupported, fmt.Sprintf("message %d: %v", i, err))
		}
	}
	return nil
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
		converted, err := b.contentPart(part)
		if err != nil {
			return err
		}
		if converted != nil {
			parts = append(parts, *converted)
		}
	}
	out.Content = parts
	b.body.Messages = append(b.body.Messages, out)
	return nil
}

func (b *requestBuilder) newMessage(role, name string) *message {
	m := &message{}
	m.Role = role
	if name != "" && b.provider.quirks.NoParticipants {
		b.warn(llm.WarnUnsupported, "Messages", "this server takes no names in messages; they were left out")
	} else {
		m.Name = name
	}
	return m
}

// addAssistant adds a message of the model's.
func (b *requestBuilder) addAssistant(i int, m llm.Message, ids *callIDs) error {
	out := b.newMessage(string(m.Role), m.Name)
	var text, refusal, reasoning strings.Builder
	hasText := false
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			text.WriteString(p.Text)
			hasText = true
			if extra := b.provider.back(p.ProviderData); extra != nil {
				out.ExtraContent = extra
			}
		case llm.Refusal:
			refusal.WriteString(p.Text)
		case llm.Reasoning:
			reasoning.WriteString(p.Text)
			out.ReasoningDetails = append(out.ReasoningDetails, elements(b.provider.back(p.ProviderData))...)
		case llm.ToolCall:
			call := ids.call(i, p)
			call.ExtraContent = b.provider.back(p.ProviderData)
			out.ToolCalls = append(out.ToolCalls, call)
		case llm.Audio:
			if own := p.ProviderData; own != nil && own.Provider == b.provider.name {
				out.Audio = &audioRef{string(own.Data)}
			} else {
				text.WriteString(p.Transcript)
				hasText = hasText || p.Transcript != ""
			}
		case llm.Image:
			if !b.provider.quirks.ImagesBack {
				return errors.New("this server takes no image in an assistant message: put it into a user message")
			}
			out.Images = append(out.Images, outputImage{"image_url", imageURL{urlOf(p)}})
		case llm.Unknown, llm.Code:
			b.skip(part)
		default:
			return fmt.Errorf("this provider cannot be sent %T in an assistant message", part)
		}
	}
	if hasText || len(out.ToolCalls) == 0 && refusal.Len() == 0 && out.Audio == nil && out.Images == nil {
		out.Content = text.String()
	}
	out.Refusal = refusal.String()
	switch b.provider.quirks.ReasoningBack {
	case "reasoning":
		if len(out.ReasoningDetails) == 0 { // which say the same, and more
			out.Reasoning = reasoning.String()
		}
	case "reasoning_content":
		// DeepSeek refuses a tool call without it, even if it is empty:
		// https://api-docs.deepseek.com/guides/thinking_mode
		if reasoning.Len() > 0 || len(out.ToolCalls) > 0 {
			out.ReasoningContent = new(reasoning.String())
		}
	}
	b.body.Messages = append(b.body.Messages, out)
	return nil
}

// addResults adds the results of tools, which are a message each.
func (b *requestBuilder) addResults(m llm.Message, ids *callIDs) {
	for _, part := range m.Parts {
		if result, ok := part.(llm.ToolResult); ok { // Validate lets nothing else in
			out := &message{Content: result.Content}
			out.Role = string(llm.RoleTool)
			out.ToolCallID = ids.result(result)
			b.body.Messages = append(b.body.Messages, out)
		}
	}
}

// skip notes a part that is nothing to this server.
func (b *requestBuilder) skip(part llm.Part) {
	b.warn(llm.WarnUnsupported, "Messages", fmt.Sprintf("a part of type %T was left out", part))
}

func (b *requestBuilder) contentPart(part llm.Part) (*contentPart, error) {
	switch p := part.(type) {
	case llm.Text:
		return &contentPart{ChatMessagePart: openai.ChatMessagePart{Type: openai.ChatMessagePartTypeText}, Text: &p.Text}, nil
	case llm.Image:
		return &contentPart{ChatMessagePart: openai.ChatMessagePart{
			Type:     openai.ChatMessagePartTypeImageURL,
			ImageURL: &openai.ChatMessageImageURL{URL: urlOf(p), Detail: openai.ImageURLDetail(p.Quality)},
		}}, nil
	case llm.Audio:
		if len(p.Data) == 0 {
			return nil, errors.New("audio must be given by its bytes, not by URL")
		}
		return &contentPart{
			ChatMessagePart: openai.ChatMessagePart{Type: "input_audio"},
			InputAudio:      &inputAudio{base64.StdEncoding.EncodeToString(p.Data), audioFormat(p)},
		}, nil
	case llm.File:
		file := &inputFile{Name: p.Name, ID: p.ID}
		switch {
		case p.URL != "":
			return nil, errors.New("a file must be given by its bytes or its id, not by URL")
		case len(p.Data) > 0:
			file.Data = dataURL(p.MediaType, p.Data)
			if file.Name == "" {
				file.Name = "file" // the server wants one with bytes
			}
		}
		return &contentPart{ChatMessagePart: openai.ChatMessagePart{Type: "file"}, File: file}, nil
	case llm.Unknown:
		b.skip(part)
		return nil, nil
	}
	return nil, fmt.Errorf("this provider cannot be sent %T in a prompt", part)
}

// onlyText returns the text of a message with nothing but one text, which goes
// as a plain string: some servers know no other.
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

// urlOf returns a picture's URL, or its bytes as one.
func urlOf(p llm.Image) string {
	if p.URL != "" {
		return p.URL
	}
	return dataURL(p.MediaType, p.Data)
}

// dataURL returns bytes as a URL (RFC 2397).
func dataURL(mediaType string, data []byte) string {
	if mediaType == "" {
		mediaType, _, _ = mime.ParseMediaType(http.DetectContentType(data))
	}
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}

// audioFormat returns OpenAI's word for a format: "mp3" for audio/mpeg.
func audioFormat(a llm.Audio) string {
	mediaType := a.MediaType
	if mediaType == "" {
		mediaType = http.DetectContentType(a.Data)
	}
	format := strings.TrimPrefix(strings.TrimPrefix(mediaType, "audio/"), "x-")
	switch format {
	case "mpeg":
		return "mp3"
	case "wave", "vnd.wave":
		return "wav"
	}
	return format
}

// callIDs gives an id to tool calls that have none, as those of servers
// without ids do not, and finds it again for their results. A made-up id
// follows from the call's place in the conversation, so it stays the same on
// every turn.
type callIDs struct {
	open []llm.ToolCall // calls that have no result yet
}

func (c *callIDs) call(message int, call llm.ToolCall) toolCall {
	if call.ID == "" {
		call.ID = fmt.Sprintf("call_%d_%d", message, len(c.open))
	}
	c.open = append(c.open, call)
	out := toolCall{ID: call.ID, Type: openai.ToolTypeFunction}
	out.Function.Name, out.Function.Arguments = call.Name, call.Arguments
	return out
}

func (c *callIDs) result(result llm.ToolResult) string {
	i := slices.IndexFunc(c.open, func(call llm.ToolCall) bool {
		if result.CallID != "" {
			return call.ID == result.CallID
		}
		return call.Name == result.Name
	})
	if i < 0 {
		return result.CallID
	}
	id := c.open[i].ID
	c.open = slices.Delete(c.open, i, i+1)
	return id
}

// vendorMessages shows the messages in the vendor's type, for a hook to read
// and change. Parts that the type does not have are missing there.
func vendorMessages(messages []any) []openai.ChatCompletionMessage {
	vendor := make([]openai.ChatCompletionMessage, len(messages))
	for i, m := range messages {
		ours, ok := m.(*message)
		if !ok {
			continue
		}
		theirs := openai.ChatCompletionMessage(ours.plainMessage)
		switch content := ours.Content.(type) {
		case string:
			theirs.Content = content
		case []contentPart:
			for _, part := range content {
				p := part.ChatMessagePart
				if part.Text != nil {
					p.Text = *part.Text
				}
				if p.ImageURL != nil {
					p.ImageURL = new(*p.ImageURL)
				}
				theirs.MultiContent = append(theirs.MultiContent, p)
			}
		}
		if ours.ReasoningContent != nil {
			theirs.ReasoningContent = *ours.ReasoningContent
		}
		for _, call := range ours.ToolCalls {
			theirs.ToolCalls = append(theirs.ToolCalls, openai.ToolCall{
				ID: call.ID, Type: call.Type,
				Function: openai.FunctionCall{Name: call.Function.Name, Arguments: call.Function.Arguments},
			})
		}
		vendor[i] = theirs
	}
	return vendor
}

// afterHook returns the messages that a hook left behind. A message that it left
// alone is still ours, with the parts that the vendor's type lacks: one that
// reads as before, and is the one handed to the hook, not another that looks
// the same to it.
func afterHook(ours []any, handed, before, after []openai.ChatCompletionMessage) []any {
	messages := make([]any, len(after))
	used := make([]bool, len(ours))
	for i, m := range after {
		messages[i] = m
		for j := range ours {
			if used[j] || !reflect.DeepEqual(m, before[j]) || len(m.MultiContent) > 0 && &m.MultiContent[0] != &handed[j].MultiContent[0] {
				continue
			}
			messages[i], used[j] = ours[j], true
			break
		}
	}
	return messages
}

// vendorTools shows the tools in the vendor's type, for a hook to read.
func vendorTools(tools []llm.Tool) []openai.Tool {
	var vendor []openai.Tool
	for _, t := range tools {
		vendor = append(vendor, openai.Tool{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
			Name: t.Name, Description: t.Description, Parameters: t.Parameters, Strict: t.Strict != nil && *t.Strict,
		}})
	}
	return vendor
}
