package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// PullProgress is a step of pulling a model.
type PullProgress struct {
	// Status is the current step, for example "pulling manifest" or "verifying sha256
	// digest". The last status is "success".
	Status string `json:"status"`
	// Digest is the digest of the file that is being downloaded. It is empty for other steps.
	Digest string `json:"digest"`
	// Completed and Total are sizes of that file in bytes. Total is 0 if it is unknown.
	Completed int64 `json:"completed"`
	Total     int64 `json:"total"`
}

// Pull makes the server download a model, and reports the progress. The sequence ends with
// the status "success" or with an error. Only after "success" does the server have the
// model. To stop the download, leave the loop; a later Pull of the same model continues it.
//
//	for progress, err := range p.Pull(ctx, "llama3.2:1b") {
//		if err != nil {
//			return err
//		}
//		fmt.Println(progress.Status, progress.Completed, progress.Total)
//	}
//
// Each range over the sequence sends a new request; before it, nothing is sent. The error is
// of kind [llm.NotFound] if the registry does not have the model, and of kind [llm.Network]
// if the server cannot reach the registry.
func (p *Provider) Pull(ctx context.Context, model string) iter.Seq2[PullProgress, error] {
	return func(yield func(PullProgress, error) bool) {
		if err := p.pull(ctx, model, yield); err != nil {
			yield(PullProgress{}, err)
		}
	}
}

// pull returns an error that has not been yielded.
// https://github.com/ollama/ollama/blob/main/docs/api.md#pull-a-model
func (p *Provider) pull(ctx context.Context, model string, yield func(PullProgress, error) bool) error {
	call, err := p.ownCall(ctx, opPull, model)
	if err != nil {
		return err
	}
	body, err := p.marshal(call, map[string]any{"model": model, "stream": true}, nil)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, call, "/api/pull", body)
	if err != nil {
		return err
	}
	defer r.Close()
	lines := stream.NewNDJSON(r.Body(), p.limits.FrameBytes)
	defer lines.Close()
	for {
		line, err := lines.Next()
		if err != nil {
			return pullStopped(r, err)
		}
		var step struct {
			provider.Failure
			PullProgress
		}
		if err := json.Unmarshal(line.Data, &step); err != nil {
			if line.Unterminated {
				return pullStopped(r, io.EOF)
			}
			return r.Fail(llm.Protocol, "a line of the reply is not a progress report: "+err.Error())
		}
		if said := step.Failed(); said != nil {
			return explain(r.APIError(said, llm.Server))
		}
		last := step.Status == "success"
		if last {
			r.End()
		}
		if !yield(step.PullProgress, nil) || last {
			return nil
		}
	}
}

// pullStopped returns the error for a reply that ended before "success".
func pullStopped(r *httpcall.Reply, err error) error {
	if tooLong, ok := errors.AsType[*stream.TooLongError](err); ok {
		return r.Fail(llm.Protocol, tooLong.Error())
	}
	if err != io.EOF {
		return r.ReadError(err)
	}
	return r.Fail(llm.Incomplete, "the reply ended before the download was complete")
}
