package tokens

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// CountRequest estimates the input tokens of a request to a model behind OpenAI's chat
// completions API: messages, names, images, tool calls and results, tools, and the
// response format. It does not use the network.
//
// The result is an estimate, because most vendors do not publish how a server renders a
// request for its model, and may change it. docs/tokens.md lists the measured errors. The
// Source of the result describes the assumptions. [Encoding.Count] counts a single text
// exactly.
//
// A nil encoding means the encoding that [For] returns for the model. If For does not
// know the model, CountRequest uses o200k_base; if the request sets FailOnUnsupported, it
// returns For's error instead. A nil request is an error of kind [llm.InvalidRequest].
//
// The message format is OpenAI's: that of o200k_harmony for gpt-oss, and that of gpt-4o
// for models of other vendors.
func CountRequest(req *llm.Request, model string, encoding *Encoding) (llm.TokenCount, error) {
	if req == nil {
		return llm.TokenCount{}, req.Validate()
	}
	c := counter{req: req, model: bareName(model), encoding: encoding}
	assumed := ""
	if encoding == nil {
		var err error
		if c.encoding, err = For(model); err != nil {
			if req.FailOnUnsupported {
				return llm.TokenCount{}, err
			}
			c.encoding = O200kBase()
			assumed = fmt.Sprintf(" for the unknown model %q", model)
		}
	}
	source := c.encoding.Name() + assumed
	var n int
	if c.encoding.Name() == "o200k_harmony" {
		n = c.harmony()
		source += " and the harmony format, offline"
	} else {
		c.format = formatOf(c.model)
		n = c.chat()
		source += " and OpenAI's message format, offline"
	}
	return llm.TokenCount{Tokens: n, Source: "estimate: " + source + c.assumptions()}, nil
}

// format is the number of tokens around the texts of a request. No vendor publishes these
// numbers. They were derived from recorded replies: the reported usage minus the tokens
// of the texts. Each field is named after the part of the prompt that causes the tokens.
type format struct {
	reply       int  // opens the answer: <|im_start|>assistant<|im_sep|>, or harmony's <|start|>assistant
	tools       int  // heading of the tools, and the instructions that a model family gets with them
	toolsAlone  int  // in addition, if no system message contains the tools
	call        int  // around the name and arguments of a tool call, and its message
	result      int  // around the name and content of a tool result, and its message
	oneMessage  bool // several calls are one message: a call of multi_tool_use.parallel
	schema      int  // in addition to the heading and text of a response format
	schemaAlone int  // in addition, if neither a system message nor tools contain the schema
}

const (
	perMessage = 4 // <|im_start|>role<|im_sep|>…<|im_end|>, or harmony's <|start|>role<|message|>…<|end|>
	perName    = 1 // in addition to the text of a participant's name
)

var (
	// gptFormat is the format of gpt-4o, gpt-4.1 and gpt-4.5. It is also used for gpt-4
	// and gpt-3.5, because there are no recorded replies of these with tools.
	gptFormat = format{reply: 3, tools: 6, toolsAlone: 4, call: 7, result: 6, oneMessage: true, schema: 1, schemaAlone: 6}
	// reasoningFormat is the format of o1, o3 and o4.
	reasoningFormat = format{reply: 2, tools: 10, call: 11, result: 8, schemaAlone: 4}
	// gpt5Format is the format of gpt-5 and its successors. With tools, the chat
	// completions API adds 81 tokens more than for o4. The Responses API does not.
	gpt5Format = format{reply: 2, tools: 91, call: 11, result: 8, schemaAlone: 4}
)

// formatOf returns the format of the model with the given bare name.
func formatOf(name string) *format {
	switch {
	case strings.HasPrefix(name, "gpt-5"):
		return &gpt5Format
	case strings.HasPrefix(name, "o1"), strings.HasPrefix(name, "o3"), strings.HasPrefix(name, "o4"),
		strings.HasPrefix(name, "codex-mini"), strings.HasPrefix(name, "computer-use-preview"):
		return &reasoningFormat
	}
	return &gptFormat
}

// counter counts the tokens of one request.
type counter struct {
	req      *llm.Request
	model    string // bare name
	encoding *Encoding
	format   *format

	unsized   int // images of unknown size
	uncounted int // files and audio
}

// assumptions describes the parts of the request that were guessed or not counted.
func (c *counter) assumptions() string {
	var b strings.Builder
	if c.unsized > 0 {
		fmt.Fprintf(&b, "; %d of the images taken for %d by %d pixels", c.unsized, unknownImage.Width, unknownImage.Height)
	}
	if c.uncounted > 0 {
		fmt.Fprintf(&b, "; %d files or sounds not counted", c.uncounted)
	}
	return b.String()
}

// chat returns the tokens of the whole request.
func (c *counter) chat() int {
	n := c.format.reply
	hasSystem := false
	names := make(map[string]string) // tool names by the ids of their calls
	for _, m := range c.req.Messages {
		hasSystem = hasSystem || m.Role == llm.RoleSystem
		n += c.message(m, names)
	}
	if len(c.req.Tools) > 0 {
		n += c.format.tools + c.encoding.Count(namespace(c.req.Tools)) + toolSeams(c.req.Tools)
		if !hasSystem {
			n += c.format.toolsAlone
			hasSystem = true
		}
	}
	if f := c.req.Format; f != nil && len(f.Schema) > 0 {
		n += c.encoding.Count(formatText(f)) + c.format.schema
		if !hasSystem {
			n += c.format.schemaAlone
		}
	}
	return n
}

// message returns the tokens of one message.
func (c *counter) message(m llm.Message, names map[string]string) int {
	if m.Role == llm.RoleTool {
		n := 0
		for _, part := range m.Parts {
			if r, ok := part.(llm.ToolResult); ok {
				n += c.format.result + c.encoding.Count(resultName(r, names)) + c.encoding.Count(r.Content) + c.parts(r.Parts)
			}
		}
		return n
	}
	n := 0
	calls := m.ToolCalls()
	if content := c.parts(m.Parts); content > 0 || len(calls) == 0 {
		n += perMessage + content
	}
	if m.Name != "" {
		n += perName + c.encoding.Count(m.Name)
	}
	for _, call := range calls {
		names[call.ID] = call.Name
	}
	if c.format.oneMessage && len(calls) > 1 {
		// As for a single call, with the longer name of the tool and one token less.
		return n + perMessage + c.encoding.Count(" to=multi_tool_use.parallel") - 1 + c.encoding.Count(parallelCall(calls))
	}
	for _, call := range calls {
		n += c.format.call + c.encoding.Count(call.Name) + c.encoding.Count(call.Arguments)
	}
	return n
}

// parts returns the tokens of a message's content. Reasoning is not sent back, so it is
// not counted.
func (c *counter) parts(parts []llm.Part) int {
	n := 0
	for _, part := range parts {
		switch p := part.(type) {
		case llm.Text:
			n += c.encoding.Count(p.Text)
		case llm.Refusal:
			n += c.encoding.Count(p.Text)
		case llm.Image:
			size, known := imageSize(p)
			if !known && p.Quality != "low" {
				c.unsized++
			}
			n += imageCostOf(c.model).tokens(size, p.Quality)
		case llm.Audio, llm.File:
			c.uncounted++
		}
	}
	return n
}

// resultName returns the name of the tool that a result belongs to.
func resultName(r llm.ToolResult, names map[string]string) string {
	if r.Name != "" {
		return r.Name
	}
	return names[r.CallID]
}

// parallelCall combines several calls into the single call that the model wrote: a call
// of the tool multi_tool_use.parallel, with the calls as its argument.
func parallelCall(calls []llm.ToolCall) string {
	type use struct {
		Recipient  string          `json:"recipient_name"`
		Parameters json.RawMessage `json:"parameters"`
	}
	uses := make([]use, len(calls))
	for i, call := range calls {
		arguments := json.RawMessage(call.Arguments)
		if !json.Valid(arguments) {
			arguments, _ = json.Marshal(call.Arguments) // encoding a string does not fail
		}
		uses[i] = use{"functions." + call.Name, arguments}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(map[string]any{"tool_uses": uses}) // encoding valid JSON does not fail
	return strings.TrimSuffix(b.String(), "\n")
}

// formatText returns a response format as the models see it: JSON below a heading. The
// layout is that of the published harmony format,
// https://cookbook.openai.com/articles/openai-harmony.
func formatText(f *llm.Format) string {
	name := f.Name
	if name == "" {
		name = "answer" // the default name in the request that is sent
	}
	var b strings.Builder
	b.WriteString("# Response Formats\n\n## " + name + "\n\n")
	if f.Description != "" {
		b.WriteString("// " + f.Description + "\n")
	}
	writeOutline(&b, f.Schema, 0)
	return b.String()
}
