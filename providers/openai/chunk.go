package openai

import (
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chunk is one piece of an answer: a frame of a stream, or, with Message in
// place of Delta, the whole of one that is not streamed.
// https://platform.openai.com/docs/api-reference/chat-streaming/streaming
// https://platform.openai.com/docs/api-reference/chat/object
type chunk struct {
	ID      string          `json:"id"`
	Model   string          `json:"model"`
	Choices []choice        `json:"choices"`
	Usage   *usage          `json:"usage"`
	Error   json.RawMessage `json:"error"`
	IsError isError         `json:"object"`
	Groq    *groq           `json:"x_groq"`
}

// groq is Groq's own part of a chunk: XGroq in src/groq/types/chat/chat_completion_chunk.py
// of github.com/groq/groq-python v1.6.0.
type groq struct {
	Usage *usage          `json:"usage"` // from before it learned stream_options
	Error json.RawMessage `json:"error"` // why a stream was stopped early: a text
}

// complaint returns what says that something went wrong, or nil: the chunk
// itself, whose frame is given, or, from OpenRouter, a member of a choice, or,
// from Groq, of its own part.
func (c *chunk) complaint(frame []byte) []byte {
	if httpcall.IsSet(c.Error) || bool(c.IsError) {
		return frame
	}
	if c.Groq != nil && httpcall.IsSet(c.Groq.Error) {
		return c.Groq.Error
	}
	for i := range c.Choices {
		if err := c.Choices[i].Error; httpcall.IsSet(err) {
			return err
		}
	}
	return nil
}

// isError is whether an object's kind is "error", as vLLM marks its errors.
type isError bool

func (e *isError) UnmarshalJSON(data []byte) error {
	*e = string(data) == `"error"`
	return nil
}

type choice struct {
	Index        int             `json:"index"`
	Delta        *content        `json:"delta"`
	Message      *content        `json:"message"`
	FinishReason string          `json:"finish_reason"`
	Logprobs     *logprobs       `json:"logprobs"`
	Error        json.RawMessage `json:"error"`
}

// content is what a choice says.
type content struct {
	Content          string         `json:"content"`
	ReasoningContent string         `json:"reasoning_content"` // DeepSeek, llama.cpp, older vLLM
	Reasoning        string         `json:"reasoning"`         // Groq, Cerebras, OpenRouter, vLLM, Together, LM Studio
	Refusal          string         `json:"refusal"`
	ToolCalls        []callFragment `json:"tool_calls"`
	FunctionCall     *called        `json:"function_call"` // one call, before there were several
	Annotations      []annotation   `json:"annotations"`
	Audio            *audio         `json:"audio"`
	Images           []outputImage  `json:"images"` // OpenRouter

	ReasoningDetails json.RawMessage `json:"reasoning_details"` // OpenRouter
	ExtraContent     json.RawMessage `json:"extra_content"`     // Gemini
}

type callFragment struct {
	Index        *int            `json:"index"`
	ID           string          `json:"id"`
	Function     called          `json:"function"`
	ExtraContent json.RawMessage `json:"extra_content"` // Gemini
}

type called struct {
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

// arguments are JSON in a string. Some servers, such as text-generation-inference,
// send the object itself.
type arguments string

func (a *arguments) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		*a = arguments(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(a))
}

// fragment returns the call's piece as the assembler takes it. In an answer
// that is not streamed, calls have no index but their place.
func (f *callFragment) fragment(place int, whole bool) llmutil.ToolCallFragment {
	index := -1
	switch {
	case f.Index != nil:
		index = *f.Index
	case whole:
		index = place
	}
	return llmutil.ToolCallFragment{Index: index, ID: f.ID, Name: f.Function.Name, Arguments: string(f.Function.Arguments)}
}

type annotation struct {
	Citation *citation `json:"url_citation"`
}

// citation is a web page that the answer rests on. Its range counts characters.
type citation struct {
	URL   string `json:"url"`
	Title string `json:"title"`
	Start int    `json:"start_index"`
	End   int    `json:"end_index"`
}

// source returns the citation with its range in the text, in bytes. It is
// without one where the text is not whole: that of a stream is not kept.
func (c *citation) source(text string) *llm.Source {
	source := &llm.Source{URL: c.URL, Title: c.Title}
	start, end, n := -1, -1, 0
	for i := range text + " " { // the last index is the text's length
		if n == c.Start {
			start = i
		}
		if n == c.End {
			end = i
		}
		n++
	}
	if start >= 0 && end > start {
		source.Start, source.End = start, end
	}
	return source
}

type logprobs struct {
	Content []provider.Logprob `json:"content"`
	Refusal []provider.Logprob `json:"refusal"`
}

type usage struct {
	Prompt            *int               `json:"prompt_tokens"`
	Completion        *int               `json:"completion_tokens"`
	PromptDetails     *promptDetails     `json:"prompt_tokens_details"`
	CompletionDetails *completionDetails `json:"completion_tokens_details"`
	CacheHit          *int               `json:"prompt_cache_hit_tokens"` // DeepSeek
}

type promptDetails struct {
	Cached  *int `json:"cached_tokens"`
	Written *int `json:"cache_write_tokens"` // OpenRouter
}

type completionDetails struct {
	Reasoning *int `json:"reasoning_tokens"`
}

func (u *usage) convert() llm.Usage {
	out := llm.Usage{Input: provider.Reported(u.Prompt), Output: provider.Reported(u.Completion), CacheRead: provider.Reported(u.CacheHit)}
	if d := u.PromptDetails; d != nil {
		if d.Cached != nil {
			out.CacheRead = provider.Reported(d.Cached)
		}
		out.CacheWrite = provider.Reported(d.Written)
	}
	if d := u.CompletionDetails; d != nil {
		out.Reasoning = provider.Reported(d.Reasoning)
	}
	return out
}

// failures are finish reasons that say that the answer has failed.
var failures = map[string]llm.Kind{
	"error":                        llm.Server,     // OpenRouter
	"insufficient_system_resource": llm.Overloaded, // DeepSeek
	"abort":                        llm.Incomplete, // vLLM
}

// finishReason translates the server's word for why the answer ended.
func finishReason(raw string) llm.FinishReason {
	switch raw {
	case "":
		return llm.FinishUnknown
	case "stop", "eos": // eos: Together
		return llm.FinishStop
	case "length":
		return llm.FinishLength
	case "tool_calls", "function_call":
		return llm.FinishToolCalls
	case "content_filter":
		return llm.FinishContentFilter
	}
	return llm.FinishOther
}
