package provider

import (
	"fmt"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Result emits the answer to a call that is not a chat: the start event, the warnings,
// the result and the done event.
func Result(r *httpcall.Reply, model string, result llm.Detail, usage llm.Usage, yield func(llm.Event, error) bool, warnings ...llm.Warning) {
	start := r.Start()
	start.Model = model
	if invalid := boundUsage(&usage); invalid != nil {
		warnings = append(warnings, *invalid)
	}
	llmutil.YieldResult(yield, start, result, usage, warnings...)
}

// LocalResult is Result for an answer that was computed without a request.
func LocalResult(provider string, call *llm.Call, result llm.Detail, yield func(llm.Event, error) bool) {
	llmutil.YieldResult(yield, &llm.Start{Provider: provider, Model: call.Model}, result, llm.Usage{})
}

// Embeddings emits the vectors of an embedding call. It returns an error that has not been
// yielded unless there is exactly one vector for each input, and all vectors have the same
// number of dimensions.
//
// Some models ignore the requested number of dimensions. This is a warning, which follows
// the given ones, or an error if the request sets FailOnUnsupported.
func Embeddings(
	r *httpcall.Reply, req *llm.EmbedRequest, result *llm.EmbedResponse, yield func(llm.Event, error) bool, warnings ...llm.Warning,
) error {
	if n, want := len(result.Vectors), len(req.Inputs); n != want {
		return r.ReplyError(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", n, want))
	}
	for i, v := range result.Vectors {
		switch {
		case len(v) == 0:
			return r.ReplyError(llm.Protocol, fmt.Sprintf("the reply has no vector for input %d", i))
		case len(v) != len(result.Vectors[0]):
			return r.ReplyError(llm.Protocol, fmt.Sprintf("the vectors for inputs 0 and %d have %d and %d dimensions", i, len(result.Vectors[0]), len(v)))
		}
	}
	if n := len(result.Vectors[0]); req.Dimensions > 0 && n != req.Dimensions {
		w := llm.Warning{
			Code: llm.WarnUnsupported, Setting: "Dimensions",
			Message: fmt.Sprintf("the vectors have %d dimensions, not the %d asked for", n, req.Dimensions),
		}
		if req.FailOnUnsupported {
			return r.ReplyError(llm.Unsupported, w.String())
		}
		warnings = append(warnings, w)
	}
	usage := result.Usage
	boundUsage(&result.Usage) // Result warns
	Result(r, result.Model, result, usage, yield, warnings...)
	return nil
}
