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

// PullProgress is the progress of a download.
type PullProgress struct {
	// Status is the current step, for example "pulling manifest" or "verifying sha256
	// digest". The last one is "success".
	Status string `json:"status"`
	// Digest is the digest of the file that is being downloaded. It is empty in other steps.
	Digest string `json:"digest"`
	// Completed and Total are sizes of that file, in bytes. Total is 0 if it is not known yet.
	Completed int64 `json:"completed"`
	Total     int64 `json:"total"`
}

// Pull downloads a model to the server, and reports the progress. If the download succeeds,
// the last status is "success". Otherwise the last pair is an error. Leaving the loop stops
// the download. The next Pull of the model continues it.
//
//	for progress, err := range p.Pull(ctx, "llama3.2:1b") {
//		if err != nil {
//			return err
//		}
//		fmt.Println(progress.Status, progress.Completed, progress.Total)
//	}
//
// Nothing is sent before the range. Each range starts a new download. If the registry does
// not have the model, the error is of kind [llm.NotFound]. If the server cannot reach the
// registry, it is of kind [llm.Network].
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
			provider.ErrorMember
			PullProgress
		}
		if err := json.Unmarshal(line.Data, &step); err != nil {
			if line.Unterminated {
				return pullStopped(r, io.EOF)
			}
			return r.ReplyError(llm.Protocol, "a line of the reply is not the progress of a download: "+err.Error())
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

// pullStopped returns the error for a reply that ended too early.
func pullStopped(r *httpcall.Reply, err error) error {
	if tooLong, ok := errors.AsType[*stream.TooLongError](err); ok {
		return r.ReplyError(llm.Protocol, tooLong.Error())
	}
	if err != io.EOF {
		return r.ReadError(err)
	}
	return r.ReplyError(llm.Incomplete, "the reply ended before the download was complete: pull the model again")
}
