package openai

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// formatResponses is the format of the data that goes back to the Responses API: an item of
// an answer.
const formatResponses = "openai.responses"

// addInput adds the messages of the request as items. A part that the API cannot express is
// an error, because a message without one of its parts has another meaning.
func (b *responsesBuilder) addInput() error {
	messages, warnings := llmutil.History{
		TakeBack:     llm.TakeBack{Provider: b.provider.name, Formats: []string{formatResponses}, Model: b.call.Model},
		ResultPart:   isResultPart,
		CustomCalls:  true,
		AnyArguments: true,
		CallID:       llmutil.ShortCallID(maxCallID),
	}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	input := &inputItems{}
	for i, m := range messages {
		var err error
		input.at = i
		switch m.Role {
		case llm.RoleAssistant:
			err = b.addAnswer(m, input)
		case llm.RoleTool:
			err = b.addResults(m, input)
		default:
			err = b.addPrompt(m, input)
		}
		if err != nil {
			return b.fail(llm.KindOf(err), fmt.Sprintf("message %d: %s", i, messageOf(err)))
		}
	}
	b.pairCalls(input)
	b.body.Input = make([]any, len(input.items))
	for i, it := range input.items {
		b.body.Input[i] = it.value
		if it.typ == itemReasoning {
			b.reasonings++
		}
	}
	return nil
}

// maxCallID is the length of the longest id of a call that the server accepts.
// https://platform.openai.com/docs/api-reference/responses/create
const maxCallID = 64

// isResultPart reports whether a tool result can have a part.
func isResultPart(part llm.Part) bool {
	switch part.(type) {
	case llm.Text, llm.Image, llm.File:
		return true
	}
	return false
}

// messageOf returns the message of an error that this package made.
func messageOf(err error) string {
	if e, ok := err.(*llm.Error); ok {
		return e.Message
	}
	return err.Error()
}

// inputItems are the items of a request so far.
type inputItems struct {
	items []inputItem
	seen  map[string]int // the message of each id of an item
	at    int            // the current message
}

// inputItem is an item of a request.
type inputItem struct {
	value  any // one of the types of this package, or json.RawMessage
	typ    string
	callID string // of a call or its result
	tool   string // the name of the tool of a call
	asCame bool   // the server wrote it
	clear  bool   // reasoning in clear, which is bound to nothing

	unanswered bool // a call without a result
}

func (in *inputItems) add(it inputItem) { in.items = append(in.items, it) }

// isCopy reports whether an item of another message has the id: the program has copied an
// answer, and the server rejects an id that occurs twice. xAI itself uses an id several times
// in one answer.
func (in *inputItems) isCopy(id string) bool {
	if id == "" {
		return false
	}
	if in.seen == nil {
		in.seen = make(map[string]int)
	}
	at, known := in.seen[id]
	if !known {
		in.seen[id] = in.at
	}
	return known && at != in.at
}

// addPrompt adds a system or user message.
func (b *responsesBuilder) addPrompt(m llm.Message, input *inputItems) error {
	role := string(m.Role)
	if m.Role == llm.RoleSystem {
		role = cmp.Or(b.options.SystemRole, role)
	}
	if m.Name != "" {
		b.warn(llm.WarnUnsupported, "Messages", "the Responses API does not have names in messages; they were omitted")
	}
	parts := make([]inputPart, 0, len(m.Parts))
	for group, own := range m.Items() {
		if own != nil && own.Format == formatResponses { // an item that a program made with Item
			if !isItem(own.Data) {
				return llm.Errorf(llm.InvalidRequest, "a part made with Item is not a JSON object")
			}
			b.addMessage(role, &parts, input)
			b.addItem(own.Data, group, input)
			continue
		}
		for _, part := range group {
			switch part.(type) {
			case llm.Unknown, llm.Code, llm.Opaque:
				b.omit(part)
				continue
			}
			converted, err := b.inputPart(part)
			if err != nil {
				return err
			}
			parts = append(parts, converted)
		}
	}
	if len(m.Parts) == 0 {
		parts = append(parts, inputPart{Type: "input_text", Text: new("")})
	}
	b.addMessage(role, &parts, input)
	return nil
}

// addMessage adds a message with the parts, unless there are none, and removes them.
func (b *responsesBuilder) addMessage(role string, parts *[]inputPart, input *inputItems) {
	if len(*parts) > 0 {
		input.add(inputItem{value: &inputMessage{itemMessage, role, *parts}, typ: itemMessage})
		*parts = nil
	}
}

// inputPart converts a part of a system or user message, or of a tool result.
func (b *responsesBuilder) inputPart(part llm.Part) (inputPart, error) {
	switch p := part.(type) {
	case llm.Text:
		return inputPart{Type: "input_text", Text: &p.Text}, nil
	case llm.Image:
		url, err := b.urlOf(p)
		return inputPart{Type: "input_image", ImageURL: url, Detail: cmp.Or(p.Quality, "auto")}, err
	case llm.File:
		file := inputPart{Type: "input_file", FileID: p.ID, FileURL: p.URL, FileName: p.Name}
		switch {
		case len(p.Data) > 0:
			file.FileData = b.attachments.addURL(p.MediaType, p.Data)
			file.FileName = cmp.Or(file.FileName, defaultFileName)
		default: // the server rejects a name with an id or a URL
			file.FileName = ""
		}
		return file, nil
	}
	if b.counts {
		return inputPart{}, llm.Errorf(llm.Unsupported, "a part of type %T is not supported by the token counter: remove it, or use openai.CountOffline", part)
	}
	return inputPart{}, llm.Errorf(llm.Unsupported, "a part of type %T is not supported by the Responses API: remove it, or use openai.APIChat", part)
}

// addAnswer adds an assistant message: the items of the answer as they came, if they are
// known, or otherwise items made of its parts.
func (b *responsesBuilder) addAnswer(m llm.Message, input *inputItems) error {
	start := len(input.items)
	var parts []inputPart
	var shown []inputPart // images that the model made; the API accepts them only from the user
	for group, data := range m.Items() {
		if data != nil && isItem(data.Data) {
			b.addMessage(string(m.Role), &parts, input)
			b.addItem(data.Data, group, input)
			continue
		}
		for _, part := range group {
			switch p := part.(type) {
			case llm.Text:
				parts = append(parts, inputPart{Type: outputText, Text: &p.Text})
			case llm.Refusal:
				parts = append(parts, inputPart{Type: outputRefusal, Refusal: &p.Text})
			case llm.Audio:
				parts = append(parts, inputPart{Type: outputText, Text: &p.Transcript})
			case llm.ToolCall:
				b.addMessage(string(m.Role), &parts, input)
				addCall(p, input)
			case llm.Image:
				image, err := b.inputPart(p)
				if err != nil {
					return err
				}
				shown = append(shown, image)
			case llm.Reasoning: // of another provider, or without encryption
			case llm.Unknown, llm.Code, llm.Opaque:
				b.omit(part)
			default:
				return llm.Errorf(llm.Unsupported, "a part of type %T is not supported in an assistant message: remove it", part)
			}
		}
	}
	b.addMessage(string(m.Role), &parts, input)
	b.keepPairs(input, start, countReasoning(m.Parts))
	if b.provider.config.Server == DeepSeek {
		joinCalls(input.items[start:])
	}
	if len(shown) > 0 {
		b.warn(llm.WarnChanged, "Messages", "the API does not accept images in assistant messages; they were sent in a user message")
		b.addMessage(string(llm.RoleUser), &shown, input)
	}
	return nil
}

// countReasoning returns the number of reasoning parts.
func countReasoning(parts []llm.Part) (n int) {
	for _, part := range parts {
		if _, ok := part.(llm.Reasoning); ok {
			n++
		}
	}
	return n
}

// addCall adds a tool call that another provider made, or that the program changed.
func addCall(call llm.ToolCall, input *inputItems) {
	out := &inputCall{Type: itemFunctionCall, CallID: call.ID, Name: call.Name}
	if call.Custom {
		out.Type, out.Input = itemCustomCall, &call.Arguments
	} else {
		out.Arguments = &call.Arguments
	}
	input.add(inputItem{value: out, typ: out.Type, callID: call.ID, tool: call.Name})
}

// itemHead has the members of an item that decide whether it can go back.
type itemHead struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	CallID    string          `json:"call_id"`
	Name      string          `json:"name"`
	Encrypted string          `json:"encrypted_content"`
	Content   json.RawMessage `json:"content"`
}

// isItem reports whether data is a JSON object. Data that a program changed may be anything.
func isItem(data []byte) bool { return len(data) > 0 && data[0] == '{' && json.Valid(data) }

// addItem adds an item as it came. The parts show it.
func (b *responsesBuilder) addItem(data json.RawMessage, parts []llm.Part, input *inputItems) {
	var head itemHead
	_ = json.Unmarshal(data, &head) // members of an unexpected type count as absent
	clear := false
	for range elements(head.Content) {
		clear = true
		break
	}
	if head.Type == itemReasoning && !b.sendsReasoning(&head, clear) {
		return
	}
	if input.isCopy(head.ID) {
		if head.Type == itemReasoning {
			b.warn(llm.WarnStateOmitted, "Messages", "the messages have an answer twice; the reasoning of the copy was omitted")
			return
		}
		data = withoutID(data)
	}
	for _, part := range parts {
		switch p := part.(type) {
		case llm.ToolCall:
			if merged, err := provider.Merge(data, map[string]any{"call_id": p.ID}); err == nil && p.ID != head.CallID { // the id was used before
				data, head.CallID = merged, p.ID
			}
		case llm.Image:
			if merged, err := provider.Merge(data, map[string]any{"result": b.attachments.add(p.Data)}); err == nil && len(p.Data) > 0 {
				data = merged
			}
		}
	}
	input.add(inputItem{value: data, typ: head.Type, callID: head.CallID, tool: head.Name, asCame: true, clear: clear && head.Encrypted == ""})
}

// sendsReasoning reports whether reasoning of an earlier answer can be sent: it is encrypted,
// or its text is not secret, or the server has stored it.
func (b *responsesBuilder) sendsReasoning(head *itemHead, clear bool) bool {
	switch {
	case b.noReasoning:
		return false
	case head.Encrypted != "", clear, b.stores() && head.ID != "":
		return true
	}
	b.warn(llm.WarnStateOmitted, "Messages", "the reasoning of an earlier answer is neither encrypted nor stored; it was omitted")
	return false
}

// withoutID returns an item without its id.
func withoutID(item json.RawMessage) json.RawMessage {
	if merged, err := provider.Merge(item, map[string]any{"id": nil}); err == nil {
		return merged
	}
	return item
}

// keepPairs removes reasoning whose next item is not the one that the model made after it,
// because the server rejects one without the other. If the answer has lost reasoning, its
// other items lose their ids, so that the server does not know them. The items of the answer
// start at an index, and it had a number of reasoning parts.
func (b *responsesBuilder) keepPairs(input *inputItems, start, reasonings int) {
	items := input.items[start:]
	asCame := false // the next item
	for i := len(items) - 1; i >= 0; i-- {
		switch it := &items[i]; {
		case it.typ != itemReasoning:
			asCame = it.asCame
		case asCame, it.clear:
			reasonings--
		default:
			b.warn(llm.WarnStateOmitted, "Messages", "the item after the reasoning of an earlier answer was changed or removed; the reasoning was omitted")
			it.value = nil
		}
	}
	input.items = append(input.items[:start], slices.DeleteFunc(items, func(it inputItem) bool { return it.value == nil })...)
	if reasonings <= 0 {
		return
	}
	for i := range input.items[start:] {
		it := &input.items[start+i]
		if raw, ok := it.value.(json.RawMessage); ok && (it.typ == itemMessage || resultTypes[it.typ] != "") {
			it.value = withoutID(raw)
		}
	}
}

// joinCalls moves the calls of an answer behind its other items. DeepSeek rejects calls that
// are interleaved with other items: github.com/pydantic/pydantic-ai, the recorded test
// deepseek_responses_rejects_interleaved_function_calls.
func joinCalls(items []inputItem) {
	slices.SortStableFunc(items, func(x, y inputItem) int {
		switch isCall := resultTypes[x.typ] != ""; {
		case isCall == (resultTypes[y.typ] != ""):
			return 0
		case isCall:
			return 1
		}
		return -1
	})
}

// addResults adds tool results.
func (b *responsesBuilder) addResults(m llm.Message, input *inputItems) error {
	for _, part := range m.Parts {
		result, ok := part.(llm.ToolResult)
		if !ok {
			continue // Validate accepts no other part
		}
		out := &inputResult{Type: itemFunctionResult, CallID: result.CallID, Output: result.Content}
		for _, it := range input.items {
			if it.callID == out.CallID && it.typ == itemCustomCall {
				out.Type = itemCustomResult
			}
		}
		if result.IsError {
			out.Output = failedResult + result.Content
		}
		if len(result.Parts) > 0 {
			var parts []inputPart
			if text := out.Output.(string); text != "" {
				parts = append(parts, inputPart{Type: "input_text", Text: &text})
			}
			for _, part := range result.Parts {
				converted, err := b.inputPart(part)
				if err != nil {
					return err
				}
				parts = append(parts, converted)
			}
			out.Output = parts
		}
		input.add(inputItem{value: out, typ: out.Type, callID: out.CallID})
	}
	return nil
}

const (
	// failedResult begins the result of a tool that failed. The API has no member for it.
	failedResult = "The tool failed: "
	// noResult is the result of a tool call without one.
	noResult = "The tool was not run."
)

// pairCalls adds a result for each call that has none, and removes results without a call.
// The server rejects both, unless it has stored the call.
func (b *responsesBuilder) pairCalls(input *inputItems) {
	results := make(map[string]int) // without a call so far, by id
	for i := len(input.items) - 1; i >= 0; i-- {
		it := &input.items[i]
		switch {
		case isResult(it.typ):
			results[it.callID]++
		case resultTypes[it.typ] == "":
		case results[it.callID] > 0:
			results[it.callID]--
		default:
			it.unanswered = true
		}
	}
	stored := b.body.Previous != "" || b.body.Talk != ""
	var items, missing []inputItem
	for _, it := range input.items {
		isCall := resultTypes[it.typ] != ""
		switch {
		case !isCall && it.typ != itemReasoning: // the results follow all calls of an answer
			items, missing = append(items, missing...), nil
		case it.unanswered:
			b.warn(llm.WarnChanged, "Messages", "an earlier call of "+it.tool+" has no result; an error was sent as its result")
			typ := resultTypes[it.typ]
			missing = append(missing, inputItem{value: &inputResult{typ, it.callID, noResult}})
		}
		if isResult(it.typ) && results[it.callID] > 0 && !stored {
			results[it.callID]--
			b.warn(llm.WarnChanged, "Messages", "a tool result has no call in the messages; it was omitted")
			continue
		}
		items = append(items, it)
	}
	input.items = append(items, missing...)
}

// resultTypes are the types of results by the types of the calls that the program answers.
var resultTypes = map[string]string{itemFunctionCall: itemFunctionResult, itemCustomCall: itemCustomResult}

func isResult(typ string) bool { return typ == itemFunctionResult || typ == itemCustomResult }
