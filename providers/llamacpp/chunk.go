package llamacpp

import (
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// chunk is one piece of an answer: a frame of a stream, or the whole of one that
// is not streamed. Counts and timings are of interest in the last piece.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
type chunk struct {
	provider.Failure
	Content       *string            `json:"content"`
	Stop          bool               `json:"stop"`
	Model         string             `json:"model"`
	StopType      string             `json:"stop_type"`
	Prompt        *int               `json:"tokens_evaluated"`
	Predicted     *int               `json:"tokens_predicted"`
	Timings       *timings           `json:"timings"`
	Probabilities []provider.Logprob `json:"completion_probabilities"`
}

// finishReason translates the server's word for why the answer ended.
func finishReason(raw string) llm.FinishReason {
	switch raw {
	case "":
		return llm.FinishUnknown
	case "eos", "word": // an end token, a stop sequence
		return llm.FinishStop
	case "limit":
		return llm.FinishLength
	}
	return llm.FinishOther
}

// usage reads the counts of the last piece.
func (c *chunk) usage() llm.Usage {
	u := llm.Usage{Input: provider.Reported(c.Prompt), Output: provider.Reported(c.Predicted)}
	if c.Timings != nil {
		u.CacheRead = provider.Reported(c.Timings.Cached)
	}
	return u
}
