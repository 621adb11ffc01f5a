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
	provider.ErrorMember
	ID      stream.Scalar `json:"id"`
	Model   string        `json:"model"`
	Choices []choice      `json:"choices" stream:"needed,elements"`
	Usage   *usage        `json:"usage"`
	IsError isError       `json:"object"`
	Groq    *groq         `json:"x_groq"`
	Tier    stream.Scalar `json:"service_tier"` // the one that was used, in the first or the last chunk

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
	provider.ErrorMember        // a text: why a stream was stopped early
	Usage                *usage `json:"usage"` // of versions before stream_options
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
	provider.ErrorMember
	Index        int            `json:"index"`
	Delta        *content       `json:"delta" stream:"needed"`
	Message      *content       `json:"message" stream:"needed"`
	FinishReason *stream.Scalar `json:"finish_reason" stream:"needed"`
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
	ToolCalls        []callFragment `json:"tool_calls" stream:"needed,objects"`
	FunctionCall     *called        `json:"function_call"` // the only call, in old versions
	Annotations      []annotation   `json:"annotations"`
	Audio            *audio         `json:"audio"`
	Images           []outputImage  `json:"images"` // OpenRouter

	ExecutedTools    []executedTool  `json:"executed_tools"`    // Groq
	ReasoningDetails json.RawMessage `json:"reasoning_details"` // OpenRouter
	ReasoningOpaque  string          `json:"reasoning_opaque"`  // GitHub Copilot
	ExtraContent     json.RawMessage `json:"extra_content"`     // Gemini
}

type callFragment struct {
	Index        *int            `json:"index"`
	ID           stream.Scalar   `json:"id"`
	Function     called          `json:"function" stream:"needed"`
	Custom       *calledText     `json:"custom" stream:"needed"`
	ExtraContent json.RawMessage `json:"extra_content"` // Gemini
}

type called struct {
	Name      string             `json:"name" stream:"needed"`
	Arguments provider.Arguments `json:"arguments" stream:"needed"`
}

// calledText is a call of a custom tool.
type calledText struct {
	Name  string `json:"name" stream:"needed"`
	Input string `json:"input" stream:"needed"`
}

// dropBlankCalls removes calls without an id, a name and arguments. Some servers fill all
// members of a message with empty values.
func (c *content) dropBlankCalls() {
	if c.FunctionCall != nil && *c.FunctionCall == (called{}) {
		c.FunctionCall = nil
	}
	c.ToolCalls = slices.DeleteFunc(c.ToolCalls, func(f callFragment) bool {
		return f.ID == "" && f.Function == (called{}) && f.Custom == nil && httpcall.IsBlank(f.ExtraContent)
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
	if f.Custom != nil {
		return llmutil.ToolCallFragment{Index: index, ID: string(f.ID), Name: f.Custom.Name, Arguments: f.Custom.Input, Custom: true}
	}
	return llmutil.ToolCallFragment{Index: index, ID: string(f.ID), Name: f.Function.Name, Arguments: string(f.Function.Arguments)}
}

type logprobs struct {
	Content []provider.Logprob `json:"content"`
	Refusal []provider.Logprob `json:"refusal"`
}
