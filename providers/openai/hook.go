package openai

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"

	openai "github.com/sashabaranov/go-openai"

	"github.com/parley-llm/parley/llm"
)

// Hook changes a chat request in the type of [github.com/sashabaranov/go-openai], after
// all settings of the request and of [Options] are in it.
//
// Members of the request that the hook does not change are sent as they would be without
// a hook, including parts of messages that go-openai's type does not have, such as audio
// and files. Such parts are missing in the request that the hook sees.
//
// A hook must not change the tools (use Request.Tools or Options.Extra), Stream (use
// Request.NonStreaming), or set N to more than 1: such a call fails with kind
// [llm.Unsupported].
//
// go-openai's type cannot tell zero from absent. To send a zero for a sampling setting
// that the request does not have, set [math.SmallestNonzeroFloat32], as with go-openai's
// client. For other fields, use Options.Extra.
type Hook func(*openai.ChatCompletionRequest)

// runHook calls the hook and returns the members of the body that it has changed, to be
// merged into the body's JSON. A nil member was removed.
func (b *requestBuilder) runHook(hook Hook) (map[string]any, error) {
	if hook == nil {
		return nil, nil
	}
	vendor := b.vendorRequest()
	messages := cloneMessages(vendor.Messages)
	handed := slices.Clone(vendor.Messages) // the hook may reorder the slice in place
	before, err := vendorMembers(vendor)
	if err != nil {
		return nil, b.notJSON(err)
	}

	hook(vendor)

	if vendor.N > 1 {
		return nil, b.fail(llm.Unsupported, "the hook set N to more than 1: make several calls instead")
	}
	if vendor.Stream != b.body.Stream {
		return nil, b.fail(llm.Unsupported, "the hook changed Stream: set Request.NonStreaming instead")
	}
	after, err := vendorMembers(vendor)
	if err != nil {
		return nil, b.notJSON(err)
	}
	if !bytes.Equal(before["tools"], after["tools"]) {
		return nil, b.fail(llm.Unsupported, "the hook changed the tools: set Request.Tools instead, or Options.Extra for tools that are not functions")
	}
	changed := changedMembers(before, after)
	restoreZeros(changed, vendor)
	if !reflect.DeepEqual(messages, vendor.Messages) || !sameParts(handed, vendor.Messages) {
		if changed["messages"], err = b.messagesAfter(handed, messages, vendor.Messages); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

// vendorMembers returns the request as a JSON object without its messages, which are
// compared separately because they may be large.
func vendorMembers(r *openai.ChatCompletionRequest) (map[string]json.RawMessage, error) {
	shallow := *r
	shallow.Messages = nil
	data, err := json.Marshal(&shallow)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage
	err = json.Unmarshal(data, &members)
	return members, err
}

// changedMembers returns the members of after that differ from before. Members that only
// before has are nil.
func changedMembers(before, after map[string]json.RawMessage) map[string]any {
	changed := make(map[string]any)
	for name, value := range after {
		if !bytes.Equal(before[name], value) {
			changed[name] = value
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			changed[name] = nil
		}
	}
	return changed
}

// restoreZeros sets changed members to zero if the hook has set them to zero, which
// go-openai's type leaves out of its JSON, or to the number that go-openai's users write
// for zero: https://github.com/sashabaranov/go-openai#frequently-asked-questions
func restoreZeros(changed map[string]any, r *openai.ChatCompletionRequest) {
	for name, value := range map[string]float32{
		"temperature":       r.Temperature,
		"top_p":             r.TopP,
		"presence_penalty":  r.PresencePenalty,
		"frequency_penalty": r.FrequencyPenalty,
	} {
		if _, ok := changed[name]; ok && (value == 0 || value == math.SmallestNonzeroFloat32) {
			changed[name] = 0
		}
	}
	if _, ok := changed["store"]; ok {
		changed["store"] = r.Store
	}
}

// vendorRequest returns the body in go-openai's type. It shares no memory with the
// caller's request.
func (b *requestBuilder) vendorRequest() *openai.ChatCompletionRequest {
	body := &b.body
	r := &openai.ChatCompletionRequest{
		Model:               body.Model,
		Messages:            b.vendorMessages(),
		Stream:              body.Stream,
		MaxTokens:           body.MaxTokens, //lint:ignore SA1019 some servers accept only this name
		MaxCompletionTokens: body.MaxCompletionTokens,
		Temperature:         float32(valueOf(body.Temperature)),
		TopP:                float32(valueOf(body.TopP)),
		PresencePenalty:     float32(valueOf(body.PresencePenalty)),
		FrequencyPenalty:    float32(valueOf(body.FrequencyPenalty)),
		Stop:                slices.Clone(body.Stop),
		LogProbs:            body.Logprobs,
		TopLogProbs:         body.TopLogprobs,
		ReasoningEffort:     body.ReasoningEffort,
		User:                body.User,
		SafetyIdentifier:    body.SafetyIdentifier,
		ServiceTier:         openai.ServiceTier(body.ServiceTier),
		Verbosity:           body.Verbosity,
		Store:               valueOf(body.Store),
		Metadata:            maps.Clone(body.Metadata),
		LogitBias:           maps.Clone(body.LogitBias),
		ChatTemplateKwargs:  maps.Clone(body.ChatTemplateKwargs),
	}
	if body.Seed != nil {
		r.Seed = new(int(*body.Seed))
	}
	if o := body.StreamOptions; o != nil {
		r.StreamOptions = &openai.StreamOptions{IncludeUsage: o.IncludeUsage}
	}
	if p := body.Prediction; p != nil {
		r.Prediction = &openai.Prediction{Type: p.Type, Content: p.Content}
	}
	if body.ParallelToolCalls != nil {
		r.ParallelToolCalls = *body.ParallelToolCalls
	}
	b.addVendorTools(r)
	return r
}

// addVendorTools adds the tools, the tool choice and the response format.
func (b *requestBuilder) addVendorTools(r *openai.ChatCompletionRequest) {
	for _, t := range b.body.Tools {
		f := &openai.FunctionDefinition{
			Name: t.Function.Name, Description: t.Function.Description, Strict: valueOf(t.Function.Strict),
			Parameters: json.RawMessage(bytes.Clone(t.Function.Parameters)),
		}
		r.Tools = append(r.Tools, openai.Tool{Type: openai.ToolTypeFunction, Function: f})
	}
	switch choice := b.body.ToolChoice.(type) {
	case string:
		r.ToolChoice = choice
	case namedTool:
		r.ToolChoice = openai.ToolChoice{Type: openai.ToolTypeFunction, Function: openai.ToolFunction{Name: choice.Function.Name}}
	}
	f := b.body.ResponseFormat
	if f == nil {
		return
	}
	r.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatType(f.Type)}
	if s := f.JSONSchema; s != nil {
		r.ResponseFormat.JSONSchema = &openai.ChatCompletionResponseFormatJSONSchema{
			Name: s.Name, Description: s.Description, Strict: s.Strict, Schema: json.RawMessage(bytes.Clone(s.Schema)),
		}
	}
}

// vendorMessages returns the messages in go-openai's type, without the parts that the
// type does not have.
func (b *requestBuilder) vendorMessages() []openai.ChatCompletionMessage {
	all := make([]openai.ChatCompletionMessage, len(b.body.Messages))
	for i, m := range b.body.Messages {
		v := openai.ChatCompletionMessage{
			Role: m.Role, Name: m.Name, Refusal: m.Refusal, ToolCallID: m.ToolCallID, ReasoningContent: valueOf(m.ReasoningContent),
		}
		switch content := m.Content.(type) {
		case string:
			v.Content = content
		case []contentPart:
			for _, part := range content {
				p := openai.ChatMessagePart{Type: openai.ChatMessagePartType(part.Type), Text: valueOf(part.Text)}
				if image := part.ImageURL; image != nil {
					p.ImageURL = &openai.ChatMessageImageURL{
						URL: b.attachments.insertString(image.URL), Detail: openai.ImageURLDetail(image.Detail),
					}
				}
				v.MultiContent = append(v.MultiContent, p)
			}
		}
		for _, call := range m.ToolCalls {
			v.ToolCalls = append(v.ToolCalls, openai.ToolCall{
				ID: call.ID, Type: openai.ToolType(call.Type),
				Function: openai.FunctionCall{Name: call.Function.Name, Arguments: call.Function.Arguments},
			})
		}
		all[i] = v
	}
	return all
}

// cloneMessages returns a copy that a hook cannot reach.
func cloneMessages(messages []openai.ChatCompletionMessage) []openai.ChatCompletionMessage {
	all := slices.Clone(messages)
	for i := range all {
		m := &all[i]
		m.MultiContent, m.ToolCalls = slices.Clone(m.MultiContent), slices.Clone(m.ToolCalls)
		for j := range m.MultiContent {
			if image := m.MultiContent[j].ImageURL; image != nil {
				m.MultiContent[j].ImageURL = new(*image)
			}
		}
	}
	return all
}

// messagesAfter returns the messages that a hook left behind. A message that it did not
// change is sent from the body, with the parts that go-openai's type does not have. Such a
// message is equal to the one before, and has the parts that were handed to the hook, so
// that two messages that look the same to the hook are not confused.
//
// In a message that the hook changed, parts that go-openai's type does not have are taken
// from the body. It is an error if it is not clear which part one of them was.
func (b *requestBuilder) messagesAfter(handed, before, after []openai.ChatCompletionMessage) ([]any, error) {
	messages := make([]any, len(after))
	used := make([]bool, len(before))
	for i, m := range after {
		messages[i] = m
		for j := range before {
			if !used[j] && reflect.DeepEqual(m, before[j]) && sameBacking(m, handed[j]) {
				messages[i], used[j] = b.body.Messages[j], true
				break
			}
		}
	}
	for i, m := range after {
		if _, isChanged := messages[i].(openai.ChatCompletionMessage); !isChanged || m.Content != "" || !slices.ContainsFunc(m.MultiContent, isBarePart) {
			continue
		}
		j := slices.IndexFunc(handed, func(h openai.ChatCompletionMessage) bool { return sameBacking(m, h) && len(h.MultiContent) > 0 })
		if j < 0 {
			j = i // the hook made a new list
		}
		restored, ok := b.restoreParts(m, j, before)
		if !ok || used[j] {
			return nil, b.fail(llm.Unsupported, "the hook changed the parts of a message with audio or files, which its type does not have: "+
				"leave the parts of such messages as they are, or change Request.Messages instead")
		}
		messages[i], used[j] = restored, true
	}
	return messages, nil
}

// isBarePart reports whether a part has a type that go-openai does not have, so that its
// data is missing.
func isBarePart(p openai.ChatMessagePart) bool {
	return p.Type != openai.ChatMessagePartTypeText && p.Type != openai.ChatMessagePartTypeImageURL
}

// restoreParts returns a message that a hook changed, with the body's parts in the places of
// those that go-openai's type does not have. The message was the one at j. It returns false
// if such a part is in another place than before.
func (b *requestBuilder) restoreParts(m openai.ChatCompletionMessage, j int, before []openai.ChatCompletionMessage) (restored any, ok bool) {
	if j >= len(before) || len(before[j].MultiContent) != len(m.MultiContent) {
		return nil, false
	}
	original, _ := b.body.Messages[j].Content.([]contentPart)
	parts := make([]any, len(m.MultiContent))
	for k, p := range m.MultiContent {
		switch {
		case !isBarePart(p) && !isBarePart(before[j].MultiContent[k]):
			parts[k] = p
		case reflect.DeepEqual(p, before[j].MultiContent[k]):
			parts[k] = original[k]
		default:
			return nil, false
		}
	}
	m.MultiContent = nil
	data, err := json.Marshal(m)
	if err != nil { // not of strings
		return nil, false
	}
	var members map[string]any
	if json.Unmarshal(data, &members) != nil {
		return nil, false
	}
	members["content"] = parts
	return members, true
}

// sameParts reports whether the messages have the same parts in memory, in the same order.
func sameParts(x, y []openai.ChatCompletionMessage) bool {
	return slices.EqualFunc(x, y, sameBacking)
}

func sameBacking(x, y openai.ChatCompletionMessage) bool {
	return len(x.MultiContent) == 0 || len(y.MultiContent) > 0 && &x.MultiContent[0] == &y.MultiContent[0]
}

func valueOf[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
