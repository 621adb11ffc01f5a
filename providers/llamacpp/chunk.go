package llamacpp

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// chunk is one piece of an answer: a frame of a stream, or the whole of a reply that is not
// streamed. Counts and timings are used from the last chunk. To read one more member, add a
// field.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
type chunk struct {
	provider.ErrorMember
	Content       *stream.Scalar     `json:"content" stream:"needed"`
	Stop          bool               `json:"stop"`
	Model         string             `json:"model"`
	StopType      string             `json:"stop_type"`
	Prompt        *int               `json:"tokens_evaluated"`
	Predicted     *int               `json:"tokens_predicted"`
	Timings       *timings           `json:"timings"`
	Probabilities []provider.Logprob `json:"completion_probabilities"`
}

// usage returns the counts of the last chunk.
func (c *chunk) usage() llm.Usage {
	u := llm.Usage{Input: provider.Reported(c.Prompt), Output: provider.Reported(c.Predicted)}
	if c.Timings != nil {
		u.CacheRead = provider.Reported(c.Timings.Cached)
	}
	return u
}
