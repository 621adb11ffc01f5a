package provider

import (
	"fmt"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Embeddings passes on the vectors of a call, of which there must be one for
// each input. Models that cannot shorten theirs ignore the request for it: that
// is a warning, after those given, or an error if the request is strict. An error
// that it returns has not been yielded.
func Embeddings(
	r *httpcall.Reply, req *llm.EmbedRequest, result *llm.EmbedResponse, yield func(llm.Event, error) bool, warnings ...llm.Warning,
) error {
	if n, want := len(result.Vectors), len(req.Inputs); n != want {
		return r.Fail(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", n, want))
	}
	known := len(warnings)
	for i, v := range result.Vectors {
		if len(v) == 0 {
			return r.Fail(llm.Protocol, fmt.Sprintf("the reply has no vector for input %d", i))
		}
		if req.Dimensions > 0 && len(v) != req.Dimensions && len(warnings) == known {
			w := llm.Warning{
				Code: llm.WarnUnsupported, Setting: "Dimensions",
				Message: fmt.Sprintf("the vectors have %d dimensions, not the %d asked for", len(v), req.Dimensions),
			}
			if req.FailOnUnsupported {
				return r.Fail(llm.Unsupported, w.String())
			}
			warnings = append(warnings, w)
		}
	}
	Result(r, result.Model, result, result.Usage, yield, warnings...)
	return nil
}
