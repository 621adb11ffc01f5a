package llamacpp

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// answer sends the request and passes on what the server makes of its prompt.
// An error that it returns has not been yielded.
func (p *Provider) answer(ctx context.Context, b *completion, yield func(llm.Event, error) bool) error {
	body, err := p.marshalCompletion(b)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, b.call, "/completion", body)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &answer{limits: p.limits}
	a.Answer = provider.Answer{
		Reply: r, Request: b.call.Request, Warnings: b.warnings, Yield: yield,
		CanContinue: canContinue(b.call.Request, b.options),
	}
	return a.Failed(a.read(), llm.Usage{}) // what it cost is in the last frame
}

// answer reads the reply to a request for a completion and turns it into events.
type answer struct {
	provider.Answer
	limits llm.Limits
	shapes *stream.Shapes[struct{}] // of frames with one piece of text
	pieces int                      // frames with one piece of text that were decoded
}

// shapeSpec names what varies between two frames of a stream that mean the same
// but for their text. Nothing under Ignore is read from any frame but the last.
var shapeSpec = &stream.Spec{
	Delta:  []string{"content"},
	Ignore: []string{"tokens.0", "tokens_predicted"},
}

// read reads the reply to its end.
func (a *answer) read() error {
	mediaType := a.Reply.MediaType()
	if mediaType == "application/json" || a.Request.NonStreaming && mediaType != "text/event-stream" {
		return a.readWhole()
	}
	a.shapes = stream.NewShapes[struct{}](shapeSpec)
	frames := stream.NewSSE(a.Body(), a.limits.FrameBytes)
	defer frames.Close()
	for !a.Stopped() {
		if _, text, size := a.shapes.Skim(frames.Ahead()); frames.Pass(size) {
			a.Deliver(llm.EventText, a.Text.Add(text))
			continue
		}
		frame, err := frames.Next()
		if err != nil {
			return a.stopped(err)
		}
		if frame.Event == "" {
			if _, text, ok := a.shapes.Match(frame.Data); ok {
				a.Deliver(llm.EventText, a.Text.Add(text))
				continue
			}
		}
		if ended, err := a.frame(frame); ended || err != nil {
			return err
		}
	}
	return nil
}

// frame takes one frame of the stream and reports whether it was the last.
func (a *answer) frame(f stream.Frame) (ended bool, err error) {
	switch {
	case f.Event == "error":
		return false, a.Reply.Complaint(f.Data, llm.Server)
	case len(f.Data) == 0: // a sign of life
		return false, nil
	}
	var c chunk
	if err := json.Unmarshal(f.Data, &c); err != nil {
		return false, a.broken(f, err)
	}
	if f.Bare && !httpcall.IsSet(c.Error) { // a JSON value where an event should be
		return false, a.Reply.Complaint(f.Data, llm.Protocol)
	}
	if err := a.chunk(&c, f.Data); err != nil {
		return false, err
	}
	return c.Stop, nil
}

// broken returns the error for a frame that is not a piece of an answer.
func (a *answer) broken(f stream.Frame, err error) error {
	if f.Unterminated {
		return a.CutInLine()
	}
	return a.Reply.Fail(llm.Protocol, "a frame of the stream is not a piece of an answer: "+err.Error())
}

// stopped handles the end of the body without a last frame, or its failure.
func (a *answer) stopped(err error) error {
	if failure := a.Unreadable(err); failure != nil {
		return failure
	}
	if failure := a.NotAStream(); failure != nil {
		return failure
	}
	return a.Reply.Fail(llm.Incomplete, "the stream ended before the server said that the answer had ended")
}

// readWhole reads an answer that is not streamed.
func (a *answer) readWhole() error {
	data, err := a.ReadAll(httpcall.WholeReply(a.limits))
	if err != nil {
		return err
	}
	var c chunk
	if err := a.Reply.Decode(data, &c); err != nil {
		return err
	}
	if err := a.chunk(&c, nil); err != nil {
		return err
	}
	if !c.Stop {
		return a.Reply.Fail(llm.Incomplete, "the reply does not say that the answer has ended")
	}
	return nil
}

// chunk passes on what a chunk says, to the answer's end if it is the last.
// Data is its frame, for learning its shape.
func (a *answer) chunk(c *chunk, data []byte) error {
	switch {
	case httpcall.IsSet(c.Error):
		return a.Reply.Complaint(c.Error, llm.Server)
	case c.Content == nil && !c.Stop:
		return a.Reply.Fail(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this llama.cpp's server?")
	}
	a.Start("", c.Model)
	if c.Content != nil {
		if data != nil && !c.Stop && len(c.Probabilities) == 0 && *c.Content != "" {
			if a.pieces++; a.pieces >= provider.LearnFrom {
				a.shapes.Learn(data, *c.Content, struct{}{})
			}
		}
		a.Deliver(llm.EventText, *c.Content)
	}
	if len(c.Probabilities) > 0 {
		a.EmitLogprobs(a.logprobs(c))
	}
	if c.Stop {
		a.Done(&llm.Done{FinishReason: finishReason(c.StopType), RawFinishReason: c.StopType, Usage: c.usage()})
	}
	return nil
}

// logprobs returns the probabilities of a chunk's tokens. The server cannot be
// asked for those without alternatives, so it is asked for one and that left out.
func (a *answer) logprobs(c *chunk) []llm.TokenLogprob {
	tokens := provider.ConvertLogprobs(c.Probabilities)
	if a.Request.TopLogprobs == 0 {
		for i := range tokens {
			tokens[i].Top = nil
		}
	}
	return tokens
}
