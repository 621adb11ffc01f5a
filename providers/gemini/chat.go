package gemini

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if isImagen(call.Model) {
		return p.generateImages(ctx, call, yield)
	}
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	method := "streamGenerateContent?alt=sse"
	if call.Request.NonStreaming {
		method = "generateContent"
	}
	url, err := p.modelURL(call, method)
	if err != nil {
		return err
	}
	a := &answer{provider: p}
	a.Answer = provider.Answer{Request: call.Request, Warnings: warnings, Yield: yield}
	a.quick = newQuickDecoder(&a.Text)
	defer a.quick.release()
	for {
		if err := p.reply(ctx, call, url, body, a); err != nil {
			return a.Failed(err, a.usageSoFar())
		}
		if a.Stopped() || a.resume == "" {
			return nil
		}
		body, err = provider.Merge(body, map[string]any{"continuationToken": a.resume})
		if err != nil { // not of a body that has been sent
			return p.fail(call, llm.InvalidRequest, "the request cannot be written as JSON: %v", err)
		}
	}
}

// reply sends a request of the call's and reads the reply.
func (p *Provider) reply(ctx context.Context, call *llm.Call, url string, body []byte, a *answer) error {
	r, err := p.do(ctx, call, url, body)
	if err != nil {
		return err
	}
	defer r.Close()
	a.Reply = r
	return a.read()
}

// answer reads the reply to a chat and turns it into events.
type answer struct {
	provider.Answer
	provider *Provider

	quick  *quickDecoder
	shapes *stream.Shapes[delta]
	pieces int    // frames with one piece of text that were decoded
	last   []byte // the latest frame of a known shape, for its counts; empty once they are taken

	id      string
	open    llm.EventType // text or reasoning whose part has not ended, or 0
	finish  string        // the server's latest reason, once it has given one
	message string        // and its explanation
	blocked *promptFeedback
	counts  usage
	sources sources

	// For an answer that goes on in another reply; see goOn.
	token   string    // with which the reply at hand is continued, once it has said it
	resume  string    // the token of the next request; "" if there is none
	replies int       // that have ended with a token
	before  llm.Usage // of those replies
}

// delta says what a frame was that carried one piece of text and nothing else.
type delta struct {
	typ    llm.EventType
	finish string // a reason to end may stand in every frame
}

// shapeSpec names what varies between two frames of a stream that mean the same
// but for their text. The counts are read from the last frame alone; nothing
// else under Ignore is read from any frame.
var shapeSpec = &stream.Spec{
	Delta: []string{"candidates.0.content.parts.0.text"},
	Ignore: []string{
		"usageMetadata.promptTokenCount",
		"usageMetadata.candidatesTokenCount",
		"usageMetadata.thoughtsTokenCount",
		"usageMetadata.totalTokenCount",
		"usageMetadata.candidatesTokensDetails.0.tokenCount",
		"candidates.0.avgLogprobs",
		"candidates.0.safetyRatings.0.probabilityScore", "candidates.0.safetyRatings.0.severityScore",
		"candidates.0.safetyRatings.1.probabilityScore", "candidates.0.safetyRatings.1.severityScore",
		"candidates.0.safetyRatings.2.probabilityScore", "candidates.0.safetyRatings.2.severityScore",
		"candidates.0.safetyRatings.3.probabilityScore", "candidates.0.safetyRatings.3.severityScore",
		"createTime",
	},
}

// read reads the reply to its end. An error that it returns has not been yielded.
func (a *answer) read() error {
	// Gateways answer in one piece whatever was asked, and the other way round:
	// the reply says which it is.
	mediaType := a.Reply.MediaType()
	if mediaType == "application/json" || a.Request.NonStreaming && mediaType != "text/event-stream" {
		return a.readWhole()
	}
	return a.readStream(a.Body())
}

// readStream reads an answer that is streamed.
func (a *answer) readStream(body io.Reader) error {
	a.shapes = stream.NewShapes[delta](shapeSpec)
	frames := stream.NewSSE(body, a.provider.limits.FrameBytes)
	defer frames.Close()
	for !a.Stopped() {
		ahead := frames.Ahead()
		if d, text, size := a.shapes.Skim(ahead); frames.Pass(size) {
			a.piece(d, a.Text.Add(text), ahead[:size])
			continue
		}
		frame, err := frames.Next()
		switch {
		case err == io.EOF && frames.Cut(): // another chunk was to come, whatever the last one said
			return a.CutInLine()
		case err != nil:
			return a.stopped(err)
		}
		if frame.Event == "" && !frame.Bare && !frame.Unterminated {
			if d, text, ok := a.shapes.Match(frame.Data); ok {
				a.piece(d, a.Text.Add(text), frame.Data)
				continue
			}
		}
		if err := a.frame(frame); err != nil {
			return err
		}
	}
	return nil
}

// piece passes on what a frame of a known shape carried.
func (a *answer) piece(d delta, text string, frame []byte) {
	a.last = append(a.last[:0], frame...)
	if d.finish != "" {
		a.finish, a.message = d.finish, ""
	}
	a.say(d.typ, text)
}

// frame takes one frame of the stream.
func (a *answer) frame(f stream.Frame) error {
	data := bytes.TrimSpace(f.Data)
	switch {
	case f.Event == "error":
		return a.Reply.Complaint(data, llm.Server)
	case len(data) == 0, string(data) == "[DONE]": // a sign of life; a gateway's habit
		return nil
	}
	if c := a.quick.decode(f.Data); c != nil && !f.Bare {
		err := a.chunk(c, f.Data)
		a.quick.named = a.Started()
		return err
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return a.broken(f, err)
	}
	if said := c.Failed(); said != nil {
		return a.Reply.Complaint(said, llm.Server)
	}
	if f.Bare && len(c.Candidates) == 0 && c.Feedback == nil { // a JSON value where an event should be
		return a.Reply.Complaint(data, llm.Protocol)
	}
	return a.chunk(&c, f.Data)
}

// broken returns the error for a frame that is not a chunk.
func (a *answer) broken(f stream.Frame, err error) error {
	if f.Unterminated {
		return a.CutInLine()
	}
	if e := a.Reply.Complaint(f.Data, llm.Protocol); e.Kind != llm.Protocol {
		return e // not a chunk, but a text or a list that says what went wrong
	}
	return a.Reply.Fail(llm.Protocol, "a frame of the stream is not a chunk of an answer: "+err.Error())
}

// stopped handles the end of the body, or its failure. Only a clean end after a
// reason ends an answer: an error may follow any reason.
func (a *answer) stopped(err error) error {
	if failure := a.Unreadable(err); failure != nil {
		return failure
	}
	if failure := a.NotAStream(); failure != nil {
		return failure
	}
	return a.done()
}

// readWhole reads an answer that is not streamed, or a stream that came as a
// list of its chunks, as without alt=sse.
func (a *answer) readWhole() error {
	data, err := a.ReadAll(httpcall.WholeReply(a.provider.limits))
	if err != nil {
		return err
	}
	chunks := make([]chunk, 1)
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); bytes.HasPrefix(trimmed, []byte("[")) {
		err = a.Reply.Decode(data, &chunks)
	} else if bytes.HasPrefix(trimmed, []byte("data:")) || bytes.HasPrefix(trimmed, []byte(":")) { // whatever its type says
		return a.readStream(bytes.NewReader(data))
	} else {
		err = a.Reply.Decode(data, &chunks[0])
	}
	if err != nil {
		return err
	}
	for i := range chunks {
		if said := chunks[i].Failed(); said != nil {
			return a.Reply.Complaint(said, llm.Server)
		}
		if err := a.chunk(&chunks[i], nil); err != nil {
			return err
		}
	}
	return a.done()
}

// chunk passes on what a chunk says. Data is its frame, for learning its shape;
// nil if it was not one of several.
func (a *answer) chunk(c *chunk, data []byte) error {
	if !c.isPiece() {
		return a.Reply.Fail(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this Gemini's API?")
	}
	if !a.Started() {
		a.id = c.ID
		a.Start(c.ID, c.Model)
	}
	if c.Usage != nil {
		a.takeLast()
		a.counts.take(c.Usage)
	}
	if c.Feedback != nil && c.Feedback.blocks() {
		a.blocked = c.Feedback
	}
	if data != nil {
		a.learn(c, data)
	}
	for i := range c.Candidates {
		candidate := &c.Candidates[i]
		switch {
		case candidate.Index != 0: // no more than one was asked for
		case candidate.hasPieceOfCall():
			return a.Reply.Fail(llm.Unsupported, "the server sends the arguments of tool calls in pieces (partialArgs), "+
				"as only streamFunctionCallArguments in Options.Extra asks for, and which this provider cannot read")
		default:
			a.candidate(candidate)
		}
	}
	return nil
}

// candidate passes on what the candidate says.
func (a *answer) candidate(c *candidate) {
	if c.FinishReason != "" && c.FinishReason != unspecified {
		a.finish, a.message = c.FinishReason, c.FinishMessage
	}
	if c.Token != "" {
		a.token = c.Token
	}
	if c.Content != nil {
		several := len(c.Content.Parts) > 1
		for i := range c.Content.Parts {
			if several {
				a.sources.parts = append(a.sources.parts, a.sources.text)
			}
			a.part(&c.Content.Parts[i])
		}
	}
	a.sources.take(c)
	if c.Logprobs != nil && len(c.Logprobs.Chosen) > 0 {
		a.EmitLogprobs(c.Logprobs.convert())
	}
}

// learn remembers the shape of a frame whose chunk is one piece of text or
// reasoning and nothing else.
func (a *answer) learn(c *chunk, frame []byte) {
	if len(c.Candidates) != 1 || c.Feedback != nil && c.Feedback.blocks() {
		return
	}
	only := &c.Candidates[0]
	if only.Index != 0 || only.Content == nil || len(only.Content.Parts) != 1 || only.FinishMessage != "" ||
		only.Grounding != nil || only.Citations != nil || only.URLContext != nil || only.Logprobs != nil || only.Token != "" {
		return
	}
	p := &only.Content.Parts[0]
	if p.Text == nil || *p.Text == "" || p.Signature != "" {
		return
	}
	if a.pieces++; a.pieces >= provider.LearnFrom {
		d := delta{typ: p.kind(), finish: only.FinishReason}
		if d.finish == unspecified {
			d.finish = ""
		}
		a.shapes.Learn(frame, *p.Text, d)
	}
}

// takeLast takes the counts of the latest frame whose shape was known.
func (a *answer) takeLast() {
	if len(a.last) == 0 {
		return
	}
	var c struct {
		Usage *usage `json:"usageMetadata"`
	}
	if json.Unmarshal(a.last, &c) == nil && c.Usage != nil { // one that it matched could be decoded
		a.counts.take(c.Usage)
	}
	a.last = a.last[:0]
}

// usageSoFar returns what the answer has cost, as far as the server has said.
func (a *answer) usageSoFar() llm.Usage {
	a.takeLast()
	if a.replies > 0 {
		return a.before.Add(a.counts.convert())
	}
	return a.counts.convert()
}

// done ends the answer, if it has ended.
func (a *answer) done() error {
	switch {
	case a.finish == "" && a.blocked != nil:
		return a.refused()
	case a.finish == "":
		return a.Reply.Fail(llm.Incomplete, "the reply ended before the server said why: it has no finish reason")
	case a.finish == continuation:
		return a.goOn()
	}
	a.resume = ""
	reason := a.EndCalls(finishReason(a.finish))
	for _, source := range a.sources.list() {
		a.Emit(llm.Event{Type: llm.EventSource, Detail: &source})
	}
	if a.message != "" && reason != llm.FinishStop && reason != llm.FinishToolCalls {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: "the server says of the answer's end: " + a.message}})
	}
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: a.finish, Usage: a.usageSoFar()})
	return nil
}

// maxReplies bounds a server that always has more to say.
const maxReplies = 100

// goOn has the answer go on in another reply: the server breaks long answers
// off with the reason CONTINUATION, which is no end, and a token. The same request with
// the token gets what follows, as the vendor's client has it, which does so unasked. Each
// reply counts its own tokens.
func (a *answer) goOn() error {
	if a.token == "" || a.token == a.resume || a.replies == maxReplies {
		return a.Reply.Fail(llm.Incomplete, "the server broke the answer off, to go on in another request (finish reason CONTINUATION), and gave no new token for that")
	}
	a.before = a.usageSoFar()
	a.replies++
	a.resume, a.token = a.token, ""
	a.finish, a.message, a.counts = "", "", usage{}
	return nil
}

// refused returns the error for a prompt that the server does not answer.
func (a *answer) refused() error {
	reason := a.blocked.BlockReason
	message := "the prompt was blocked"
	if reason != "" {
		message += " (" + reason + ")"
	}
	if a.blocked.BlockMessage != "" {
		message += ": " + a.blocked.BlockMessage
	}
	said, err := json.Marshal(map[string]string{"message": message, "status": reason})
	if err != nil { // not of strings
		return a.Reply.Fail(llm.ContentFilter, message)
	}
	e := a.Reply.Complaint(said, llm.ContentFilter)
	e.Kind = llm.ContentFilter
	return e
}
