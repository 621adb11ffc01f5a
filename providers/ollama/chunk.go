package ollama

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// chunk is one piece of an answer: a line of a stream, or the whole of a reply that is not
// streamed. The last chunk has the counts. To read one more member, add a field.
// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion
type chunk struct {
	provider.ErrorMember
	Model        string             `json:"model"`
	Message      *content           `json:"message" stream:"needed"`
	Response     *stream.Scalar     `json:"response" stream:"needed"` // in place of Message, after a raw prompt
	Done         bool               `json:"done"`
	DoneReason   string             `json:"done_reason" stream:"needed"`
	PromptEval   *int               `json:"prompt_eval_count"`
	PromptCached *int               `json:"prompt_eval_cached_count"` // part of PromptEval; newer versions
	Eval         *int               `json:"eval_count"`
	Logprobs     []provider.Logprob `json:"logprobs"`
}

type content struct {
	Content   stream.Scalar  `json:"content" stream:"needed"`
	Thinking  string         `json:"thinking"`
	ToolCalls []callFragment `json:"tool_calls" stream:"needed,objects"`
}

// callFragment is a whole tool call. Older versions send no id.
type callFragment struct {
	ID       stream.Scalar `json:"id"`
	Function struct {
		Name      string             `json:"name" stream:"needed"`
		Arguments provider.Arguments `json:"arguments" stream:"needed"`
	} `json:"function" stream:"needed"`
}

// usage returns the counts of the last chunk. The server leaves out counts that are zero:
//
//   - No prompt has zero tokens, so a missing prompt count is unknown. Old versions counted
//     only tokens that were not cached: https://github.com/ollama/ollama/issues/2068
//   - An answer has zero tokens if the prompt fills the context. So a missing answer count
//     is zero if the server counts the prompt and there is no content.
//   - Loading a model uses no tokens.
func (c *chunk) usage(hasContent bool) llm.Usage {
	if c.DoneReason == "load" || c.DoneReason == "unload" {
		return llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}
	}
	u := llm.Usage{Input: provider.Reported(c.PromptEval), CacheRead: provider.Reported(c.PromptCached), Output: provider.Reported(c.Eval)}
	if c.PromptEval != nil && c.Eval == nil && !hasContent {
		u.Output = llm.Known(0)
	}
	return u
}
