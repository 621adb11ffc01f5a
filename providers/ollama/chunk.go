package ollama

import (
	"bytes"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// chunk is one piece of an answer: a line of a stream, or the whole of one that
// is not streamed. The counts are in the last piece.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
type chunk struct {
	provider.Failure
	Model        string             `json:"model"`
	Message      *content           `json:"message"`
	Response     *string            `json:"response"` // in place of Message, where a plain prompt was sent
	Done         bool               `json:"done"`
	DoneReason   string             `json:"done_reason"`
	PromptEval   *int               `json:"prompt_eval_count"`
	PromptCached *int               `json:"prompt_eval_cached_count"` // of PromptEval; newer versions
	Eval         *int               `json:"eval_count"`
	Logprobs     []provider.Logprob `json:"logprobs"`
}

type content struct {
	Content   string         `json:"content"`
	Thinking  string         `json:"thinking"`
	ToolCalls []callFragment `json:"tool_calls"`
}

// callFragment is a tool call, which comes whole. Older versions give it no id.
type callFragment struct {
	ID       string `json:"id"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

// arguments returns the call's arguments as the server wrote them. Some
// gateways put the object into a string.
func (f *callFragment) arguments() string {
	raw := f.Function.Arguments
	if !httpcall.IsSet(raw) {
		return ""
	}
	var text string
	if bytes.HasPrefix(raw, []byte(`"`)) && json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// finishReason translates the server's word for why the answer ended. Old
// versions say none.
func finishReason(raw string) llm.FinishReason {
	switch raw {
	case "":
		return llm.FinishUnknown
	case "stop":
		return llm.FinishStop
	case "length":
		return llm.FinishLength
	}
	return llm.FinishOther // load, unload: a request without messages, which answers nothing
}

// usage reads the counts of the last piece, of which the server leaves out
// zeros. No prompt has zero tokens, so a missing count of it is unknown: old
// versions counted only what was not cached
// (https://github.com/ollama/ollama/issues/2068). An answer can have zero
// tokens, when the prompt fills the context; its missing count is zero if the
// server counts at all and nothing was said. To load a model costs none.
func (c *chunk) usage(said bool) llm.Usage {
	if c.DoneReason == "load" || c.DoneReason == "unload" {
		return llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}
	}
	u := llm.Usage{Input: provider.Reported(c.PromptEval), CacheRead: provider.Reported(c.PromptCached), Output: provider.Reported(c.Eval)}
	if c.PromptEval != nil && c.Eval == nil && !said {
		u.Output = llm.Known(0)
	}
	return u
}
