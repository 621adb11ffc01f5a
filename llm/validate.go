package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/parley-llm/parley/internal/pairing"
)

// Validate returns an error of kind [InvalidRequest] if the call lacks the input of its
// operation: a request with messages for [OpChat] and [OpCountTokens], an embed request with
// inputs for [OpEmbed]. A nil call is an error too. The error names the provider, the model
// and the operation.
//
// Validate is cheap: it does not look into messages and inputs. [Request.Validate] and
// [EmbedRequest.Validate] do. A [Model] calls both before the first handler.
func (c *Call) Validate() error {
	if c == nil {
		return Errorf(InvalidRequest, "the call is nil")
	}
	var problem string
	switch c.Op {
	case OpChat, OpCountTokens:
		problem = c.Request.empty()
	case OpEmbed:
		problem = c.Embed.empty()
	}
	if problem == "" {
		return nil
	}
	return asError(Errorf(InvalidRequest, "%s", problem), c)
}

// empty returns the problem of a request without content, or "".
func (r *Request) empty() string {
	switch {
	case r == nil:
		return "the request is nil"
	case len(r.Messages) == 0:
		return "the request has no messages"
	}
	return ""
}

// empty returns the problem of an embed request without content, or "".
func (r *EmbedRequest) empty() string {
	switch {
	case r == nil:
		return "the embed request is nil"
	case len(r.Inputs) == 0:
		return "the embed request has no inputs"
	}
	return ""
}

// Validate returns an error of kind [InvalidRequest] for a request that no provider can
// answer: for example no messages, an unknown role, a tool result without its call, text
// that is not UTF-8, or a schema that is not JSON. A [Model] validates each request before
// anything is sent.
//
// Tool calls without a result are valid at the end of the messages, and before results and
// decisions. Any other message after them is an error: see [CloseCalls]. Results are paired
// with calls by position, so one id can be used for several calls.
func (r *Request) Validate() error {
	if problem := r.empty(); problem != "" {
		return invalidf("%s", problem)
	}
	var calls callSet
	for i, m := range r.Messages {
		if err := calls.endTurn(r.Messages, i); err != nil {
			return err
		}
		if err := validateMessage(i, m, &calls); err != nil {
			return invalidf("message %d: %w", i, err)
		}
	}
	if err := validateTools(r.Tools, r.ToolChoice); err != nil {
		return err
	}
	if err := validateSettings(r); err != nil {
		return err
	}
	return validateOptions(r.Options)
}

// Validate returns an error of kind [InvalidRequest] if there are no inputs, if an input is
// not UTF-8, or if Dimensions is negative.
func (r *EmbedRequest) Validate() error {
	if problem := r.empty(); problem != "" {
		return invalidf("%s", problem)
	}
	for i, text := range r.Inputs {
		if at := invalidUTF8(text); at >= 0 {
			return invalidf("input %d is not valid UTF-8 at byte %d", i, at)
		}
	}
	if r.Dimensions < 0 {
		return invalidf("Dimensions is %d; it cannot be negative", r.Dimensions)
	}
	return validateOptions(r.Options)
}

// callSet has the tool calls so far.
type callSet struct {
	ids, names map[string]bool     // of all calls
	open       pairing.Calls[call] // of the current turn, without a result
}

// call is a tool call in message i.
type call struct {
	ToolCall
	message int
}

func (s *callSet) add(i int, c ToolCall) {
	if s.ids == nil {
		s.ids, s.names = make(map[string]bool), make(map[string]bool)
	}
	s.ids[c.ID], s.names[c.Name] = true, true
	s.open.Add(c.ID, c.Name, call{c, i})
}

// endTurn returns an error if message i cannot follow the open calls. A part that only its
// provider understands may be a result.
func (s *callSet) endTurn(messages []Message, i int) error {
	if s.open.Len() == 0 || !beginsTurn(messages, i) {
		return nil
	}
	for _, part := range messages[i].Parts {
		if _, ok := part.(Opaque); ok {
			s.open.Reset()
			return nil
		}
	}
	first := s.open.Values()[0]
	return invalidf("message %d: the call of the tool %q in message %d has no result (its id is %q): add a tool message after the call, or use llm.CloseCalls",
		i, first.Name, first.message, first.ID)
}

// take pairs a result with its call.
func (s *callSet) take(result ToolResult) error {
	if _, ok := s.open.Take(result.CallID, result.Name); ok {
		return nil
	}
	switch {
	case result.CallID == "" && !s.names[result.Name]:
		return fmt.Errorf("the tool result has no id and the name %q, but no earlier tool call has it", result.Name)
	case result.CallID == "":
		return fmt.Errorf("the tool result with the name %q has no call: each call before it has a result", result.Name)
	case !s.ids[result.CallID]:
		return fmt.Errorf("the tool result has the id %q, but no earlier tool call has it", result.CallID)
	}
	return fmt.Errorf("the tool result with the id %q has no call: each call before it has a result", result.CallID)
}

func validateMessage(n int, m Message, calls *callSet) error {
	switch m.Role {
	case RoleSystem, RoleUser, RoleAssistant, RoleTool:
	default:
		return fmt.Errorf("unknown role %q: use system, user, assistant or tool", m.Role)
	}
	if err := checkUTF8(m); err != nil {
		return err
	}
	for i, part := range m.Parts {
		if part == nil {
			return fmt.Errorf("part %d is nil", i)
		}
		if !isPartValue(part) {
			return fmt.Errorf("part %d is a %T: use a value of a type of package llm, not a pointer", i, part)
		}
		if err := validatePart(n, m.Role, part, calls); err != nil {
			return fmt.Errorf("part %d: %w", i, err)
		}
	}
	return nil
}

func validatePart(n int, role Role, part Part, calls *callSet) error {
	switch part.(type) {
	case ToolCall, ToolResult, Decision: // checked below
	default:
		if role == RoleTool {
			return fmt.Errorf("a tool message has a %s part: it may only have tool results and decisions", part.partType())
		}
	}
	switch p := part.(type) {
	case ToolCall:
		if role != RoleAssistant {
			return fmt.Errorf("a %s message has a tool call: tool calls belong in assistant messages", role)
		}
		if p.Name == "" {
			return fmt.Errorf("the tool call %q has no tool name", p.ID)
		}
		calls.add(n, p)
	case ToolResult:
		if role != RoleTool {
			return fmt.Errorf("a %s message has a tool result: tool results belong in tool messages", role)
		}
		if err := calls.take(p); err != nil {
			return err
		}
		return validateResult(p)
	case Decision:
		if role != RoleTool {
			return fmt.Errorf("a %s message has a decision: decisions belong in tool messages", role)
		}
		if !slices.ContainsFunc(calls.open.Values(), func(c call) bool { return c.ID == p.CallID && c.Name == p.Name }) {
			return fmt.Errorf("the decision has the id %q and the name %q, but no open tool call has them", p.CallID, p.Name)
		}
	case Opaque:
		if p.ProviderData == nil {
			return errors.New("an opaque part has no ProviderData: remove the part")
		}
	case Image:
		return oneSource("an image", len(p.Data) > 0, p.URL != "")
	case Audio:
		return oneSource("audio", len(p.Data) > 0, p.URL != "")
	case File:
		return oneSource("a file", len(p.Data) > 0, p.URL != "", p.ID != "")
	}
	return nil
}

// validateResult checks the parts of a tool result.
func validateResult(result ToolResult) error {
	for i, part := range result.Parts {
		switch part.(type) {
		case Text, Image, Audio, File:
		case nil:
			return fmt.Errorf("part %d of the tool result is nil", i)
		default:
			return fmt.Errorf("part %d of the tool result is a %T: use text, an image, audio or a file", i, part)
		}
		if err := validatePart(0, RoleUser, part, nil); err != nil {
			return fmt.Errorf("part %d of the tool result: %w", i, err)
		}
	}
	return nil
}

// oneSource returns an error unless exactly one source is set.
func oneSource(name string, given ...bool) error {
	n := 0
	for _, g := range given {
		if g {
			n++
		}
	}
	switch n {
	case 0:
		return fmt.Errorf("%s has no content: set its data or a reference to it", name)
	case 1:
		return nil
	}
	return fmt.Errorf("%s has more than one source: set its data or one reference", name)
}

func validateTools(tools []Tool, choice ToolChoice) error {
	var names map[string]bool
	if len(tools) > 0 {
		names = make(map[string]bool, len(tools))
	}
	for i, tool := range tools {
		switch {
		case tool.Name == "":
			return invalidf("tool %d has no name", i)
		case names[tool.Name]:
			return invalidf("two tools have the name %q", tool.Name)
		case invalidUTF8(tool.Name) >= 0 || invalidUTF8(tool.Description) >= 0:
			return invalidf("the name or description of tool %d is not valid UTF-8", i)
		}
		names[tool.Name] = true
		if len(tool.Parameters) > 0 && !isJSONObject(tool.Parameters) {
			return invalidf("the parameters of tool %q are not a JSON object", tool.Name)
		}
		if err := validateCustom(tool); err != nil {
			return err
		}
	}
	switch choice.Mode {
	case "", ToolAuto, ToolNone:
	case ToolRequired:
		if len(tools) == 0 {
			return invalidf("ToolChoice requires a tool call, but the request has no tools")
		}
	case ToolNamed:
		if !names[choice.Name] {
			return invalidf("ToolChoice names the tool %q, which the request does not have", choice.Name)
		}
	default:
		return invalidf("unknown tool mode %q: use auto, none, required or named", choice.Mode)
	}
	return nil
}

// validateCustom checks the settings of a custom tool.
func validateCustom(tool Tool) error {
	c := tool.Custom
	switch {
	case c == nil:
	case len(tool.Parameters) > 0 || tool.Strict != nil:
		return invalidf("the custom tool %q has Parameters or Strict: a custom tool takes text, so remove them", tool.Name)
	case (c.Syntax == "") != (c.Grammar == ""):
		return invalidf("the custom tool %q has a Syntax or a Grammar alone: set both or none", tool.Name)
	case invalidUTF8(c.Syntax) >= 0 || invalidUTF8(c.Grammar) >= 0:
		return invalidf("the grammar of the custom tool %q is not valid UTF-8", tool.Name)
	}
	return nil
}

func validateSettings(r *Request) error {
	for _, setting := range [...]struct {
		name  string
		value *float64
	}{
		{"Temperature", r.Temperature},
		{"TopP", r.TopP},
		{"PresencePenalty", r.PresencePenalty},
		{"FrequencyPenalty", r.FrequencyPenalty},
	} {
		if v := setting.value; v != nil && (math.IsNaN(*v) || math.IsInf(*v, 0)) {
			return invalidf("%s is %v; it must be a finite number", setting.name, *v)
		}
	}
	if r.MaxTokens < 0 {
		return invalidf("MaxTokens is %d; it cannot be negative", r.MaxTokens)
	}
	if r.TopLogprobs < 0 {
		return invalidf("TopLogprobs is %d; it cannot be negative", r.TopLogprobs)
	}
	if at := invalidUTF8(string(r.ReasoningEffort)); at >= 0 {
		return invalidf("ReasoningEffort is not valid UTF-8 at byte %d", at)
	}
	for i, stop := range r.Stop {
		if stop == "" || invalidUTF8(stop) >= 0 {
			return invalidf("stop sequence %d is empty or not valid UTF-8", i)
		}
	}
	if f := r.Format; f != nil {
		if len(f.Schema) > 0 && !isJSONObject(f.Schema) {
			return invalidf("the schema of Format is not a JSON object")
		}
		if invalidUTF8(f.Name) >= 0 || invalidUTF8(f.Description) >= 0 {
			return invalidf("the name or description of Format is not valid UTF-8")
		}
	}
	return nil
}

// isJSONObject reports whether data is one JSON object in UTF-8. json.Valid does not check
// the UTF-8 of strings.
func isJSONObject(data []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) && json.Valid(data) && utf8.Valid(data)
}

// invalidf returns an error of kind InvalidRequest.
func invalidf(format string, args ...any) error { return Errorf(InvalidRequest, format, args...) }
