package openai

import (
	"encoding/json"
	"slices"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chunk is one piece of an answer: a frame of a stream, or the whole of a reply that is not
// streamed, with Message in place of Delta. To read one more member, add a field.
// https://platform.openai.com/docs/api-reference/chat-streaming/streaming
// https://platform.openai.com/docs/api-reference/chat/object
type chunk struct {
	provider.Failure
	ID      stream.Scalar `json:"id"`
	Model   string        `json:"model"`
	Choices []choice      `json:"choices" stream:"needed"`
	Usage   *usage        `json:"usage"`
	IsError isError       `json:"object"`
	Groq    *groq         `json:"x_groq"`

	// The sources of the answer. Streams repeat them in every chunk.
	//
	// Perplexity and xAI: https://docs.perplexity.ai/api-reference/chat-completions-post,
	// https://docs.x.ai/docs/guides/live-search. The text of an answer refers to a source by
	// its place in this list.
	Citations     []page `json:"citations"`
	SearchResults []page `json:"search_results"` // Perplexity: the same sources, with titles
	WebSearch     []page `json:"web_search"`     // Z.ai: https://docs.z.ai/guides/tools/web-search
}

// groq is the extension of Groq: XGroq in src/groq/types/chat/chat_completion_chunk.py
// of github.com/groq/groq-python v1.6.0.
type groq struct {
	provider.Failure        // a text: why a stream was stopped early
	Usage            *usage `json:"usage"` // of versions before stream_options
}

// failure returns the error in a chunk, or nil. It is the chunk itself, whose frame is
// given, or for OpenRouter a member of a choice, or for Groq a member of its extension.
func (c *chunk) failure(frame []byte) []byte {
	if c.Failed() != nil || bool(c.IsError) || httpcall.IsSet(c.Error) && len(c.Choices) == 0 {
		return frame
	}
	if c.Groq != nil && c.Groq.Failed() != nil {
		return c.Groq.Error
	}
	for i := range c.Choices {
		if err := c.Choices[i].Failed(); err != nil {
			return err
		}
	}
	return nil
}

// isError reports whether the object's type is "error". vLLM marks its errors this way.
type isError bool

// UnmarshalJSON takes any value.
func (e *isError) UnmarshalJSON(data []byte) error {
	*e = string(data) == `"error"`
	return nil
}

type choice struct {
	provider.Failure
	Index        int            `json:"index"`
	Delta        *content       `json:"delta"`
	Message      *content       `json:"message"`
	FinishReason *stream.Scalar `json:"finish_reason"`
	Logprobs     *logprobs      `json:"logprobs"`
	Usage        *usage         `json:"usage"` // Moonshot, in the last choice
}

// content is the content of a choice.
type content struct {
	Content          mixedText      `json:"content"`
	ReasoningContent mixedText      `json:"reasoning_content"` // DeepSeek, llama.cpp, older vLLM
	Reasoning        mixedText      `json:"reasoning"`         // Groq, Cerebras, OpenRouter, vLLM, Together, LM Studio
	ReasoningText    mixedText      `json:"reasoning_text"`    // GitHub Copilot
	Refusal          string         `json:"refusal"`
	ToolCalls        []callFragment `json:"tool_calls"`
	FunctionCall     *called        `json:"function_call"` // the only call, in old versions
	Annotations      []annotation   `json:"annotations"`
	Audio            *audio         `json:"audio"`
	Images           []outputImage  `json:"images"` // OpenRouter

	ExecutedTools    []executedTool  `json:"executed_tools"`    // Groq
	ReasoningDetails json.RawMessage `json:"reasoning_details"` // OpenRouter
	ReasoningOpaque  string          `json:"reasoning_opaque"`  // GitHub Copilot
	ExtraContent     json.RawMessage `json:"extra_content"`     // Gemini
}

// mixedText is a text, or a list of parts.
type mixedText = stream.TextOr[[]textPart]

// textPart is a part of a text. https://docs.mistral.ai/capabilities/reasoning
type textPart struct {
	Type     string     `json:"type"` // "text", "thinking", "reasoning", or others
	Text     string     `json:"text"`
	Thinking mixedText  `json:"thinking"` // Mistral
	Summary  []textPart `json:"summary"`  // Databricks
}

// texts returns the text and the reasoning of the content.
func (c *content) texts() (text, reasoning string) {
	text, thinking := split(c.Content.Value)
	if raw := c.Content.Raw; raw != nil && string(raw) != "{}" {
		text = string(raw) // JSON in place of a text: a number, or an object in JSON mode
	}
	for _, m := range c.reasonings() {
		if thinking == "" { // servers that send two of these send the same reasoning twice
			thinking = joined(m)
		}
	}
	return c.Content.Text + text, thinking
}

// reasonings returns the members that hold reasoning.
func (c *content) reasonings() [3]*mixedText {
	return [...]*mixedText{&c.ReasoningContent, &c.Reasoning, &c.ReasoningText}
}

// joined returns a text, with those of its parts.
func joined(m *mixedText) string {
	text, thinking := split(m.Value)
	return m.Text + thinking + text
}

// split returns the text and the reasoning of a list of parts.
func split(parts []textPart) (text, reasoning string) {
	for i := range parts {
		p := &parts[i]
		switch p.Type {
		case "text", "output_text", "":
			text += p.Text
		case "thinking", "reasoning":
			summary, _ := split(p.Summary)
			reasoning += joined(&p.Thinking) + p.Text + summary
		case "summary_text":
			text += p.Text
		}
	}
	return text, reasoning
}

type callFragment struct {
	Index        *int            `json:"index"`
	ID           stream.Scalar   `json:"id"`
	Function     called          `json:"function"`
	ExtraContent json.RawMessage `json:"extra_content"` // Gemini
}

type called struct {
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

// arguments are JSON in a string. Some servers, for example text-generation-inference,
// send the object itself.
type arguments string

// UnmarshalJSON takes a string, an object or a list.
func (a *arguments) UnmarshalJSON(data []byte) error {
	if data[0] == '{' || data[0] == '[' {
		*a = arguments(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(a))
}

// dropBlankCalls removes calls without an id, a name and arguments. Some servers fill all
// members of a message with empty values.
func (c *content) dropBlankCalls() {
	if c.FunctionCall != nil && *c.FunctionCall == (called{}) {
		c.FunctionCall = nil
	}
	c.ToolCalls = slices.DeleteFunc(c.ToolCalls, func(f callFragment) bool {
		return f.ID == "" && f.Function == (called{}) && httpcall.IsBlank(f.ExtraContent)
	})
}

// fragment returns the fragment for the assembler of tool calls. In a message, each element
// is a call, so the place in the list is used, not the index.
func (f *callFragment) fragment(place int, whole bool) llmutil.ToolCallFragment {
	index := -1
	switch {
	case whole:
		index = place
	case f.Index != nil:
		index = *f.Index
	}
	return llmutil.ToolCallFragment{Index: index, ID: string(f.ID), Name: f.Function.Name, Arguments: string(f.Function.Arguments)}
}

type logprobs struct {
	Content []provider.Logprob `json:"content"`
	Refusal []provider.Logprob `json:"refusal"`
}
