package gemini

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// Chat answers a chat. An error that it returns has not been yielded.
func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if isImagen(call.Model) {
		return p.draw(ctx, call, yield)
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
	a := &answer{provider: p.Provider}
	a.Answer = provider.Answer{Request: call.Request, Warnings: warnings, Yield: yield}
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

// reply sends one request of the call and reads its reply.
func (p *Provider) reply(ctx context.Context, call *llm.Call, url string, body []byte, a *answer) error {
	r, err := p.do(ctx, call, url, body)
	if err != nil {
		return err
	}
	defer r.Close()
	a.Reply = r
	return provider.ReadChat(&a.Answer, chatDialect, a)
}

// chatDialect describes the replies to chats. The counts under Ignore are used from the last
// frame alone; the other members under Ignore are not used.
var chatDialect = &provider.Dialect[chunk, delta]{
	Decoder: stream.NewDecoder[chunk](),
	Spec: &stream.Spec{
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
	},
}

// answer turns the chunks of an answer into events. It is a [provider.Handler].
type answer struct {
	provider.Answer
	provider *Provider

	last []byte // the latest plain frame, for its counts; empty once they are added

	id      string
	open    llm.EventType // text or reasoning whose part has not ended, or 0
	finish  string        // the server's latest finish reason
	message string        // the explanation of the finish reason
	blocked *promptFeedback
	counts  usage
	sources sources

	// For an answer that continues in another reply; see goOn.
	token   string    // the token in the current reply that continues it
	resume  string    // the token of the next request; empty if there is none
	replies int       // that have ended with a token
	before  llm.Usage // of those replies
}

// delta is the meaning of a plain chunk, apart from its text.
type delta struct {
	typ    llm.EventType
	finish string // every frame can have a finish reason
}

// Plain implements [provider.Handler]. The counts of the last plain frame are read later.
func (a *answer) Plain(c *chunk) (d delta, text string, ok bool) {
	if len(c.Candidates) != 1 || c.Candidates[0].Content == nil || len(c.Candidates[0].Content.Parts) != 1 {
		return d, "", false
	}
	rest, candidate, part := *c, c.Candidates[0], c.Candidates[0].Content.Parts[0]
	if part.Text == nil || c.Feedback != nil && c.Feedback.blocks() {
		return d, "", false
	}
	d, text = delta{typ: part.kind(), finish: candidate.FinishReason}, string(*part.Text)
	if d.finish == unspecified {
		d.finish = ""
	}
	rest.Candidates, rest.Usage, rest.Feedback, rest.Model, rest.ID = nil, nil, nil, "", ""
	candidate.Content, candidate.FinishReason = nil, ""
	part.Text, part.Thought, part.Source = nil, false, nil
	return d, text, text != "" && stream.IsZero(&rest) && stream.IsZero(&candidate) && stream.IsZero(&part)
}

// Piece implements [provider.Handler].
func (a *answer) Piece(d delta, text string, frame []byte) {
	a.last = append(a.last[:0], frame...)
	if d.finish != "" {
		a.finish, a.message = d.finish, ""
	}
	a.say(d.typ, text)
}

// Chunk implements [provider.Handler]. Only the end of the reply completes an answer: after
// a finish reason, more chunks or an error can follow.
func (a *answer) Chunk(c *chunk, from provider.Origin) (done bool, err error) {
	switch {
	case c.Failed() != nil:
		return false, a.Reply.APIError(c.Error, llm.Server)
	case from.Bare && len(c.Candidates) == 0 && c.Feedback == nil: // a JSON value in place of an event
		return false, a.Reply.APIError(from.Data, llm.Protocol)
	case !c.isPiece():
		if err := a.Reply.FindError(from.Data, llm.Server); err != nil {
			return false, err
		}
		return false, a.Reply.ReplyError(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this Gemini's API?"+a.Reply.Quote(from.Data))
	}
	return false, a.chunk(c)
}

// End implements [provider.Handler]. Only a normal end of the reply completes an answer.
func (a *answer) End(why provider.Ending) error {
	if why.Failure != nil {
		return why.Failure
	}
	return a.done()
}

// chunk emits the events of a chunk.
func (a *answer) chunk(c *chunk) error {
	if !a.Started() {
		a.id = string(c.ID)
		a.Start(a.id, c.Model)
	}
	if c.Usage != nil {
		a.takeLast()
		a.counts.take(c.Usage)
	}
	if c.Feedback != nil && c.Feedback.blocks() {
		a.blocked = new(*c.Feedback)
	}
	for i := range c.Candidates {
		candidate := &c.Candidates[i]
		switch {
		case candidate.Index != 0: // no more than one was asked for
		case candidate.hasPieceOfCall():
			return a.Reply.ReplyError(llm.Unsupported, "the server sends the arguments of tool calls in pieces (partialArgs), which this provider cannot read: "+
				"remove streamFunctionCallArguments from Options.Extra")
		default:
			a.candidate(candidate)
		}
	}
	return nil
}

// candidate emits the events of a candidate.
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

// countsDecoder decodes the counts of a frame and nothing else.
var countsDecoder = stream.NewDecoder[struct {
	Usage *usage `json:"usageMetadata"`
}]()

// takeLast adds the counts of the latest plain frame.
func (a *answer) takeLast() {
	if len(a.last) == 0 {
		return
	}
	var c struct {
		Usage *usage `json:"usageMetadata"`
	}
	if countsDecoder.Decode(a.last, &c, &a.Text) == nil && c.Usage != nil { // it always decodes: it matched a frame that did
		a.counts.take(c.Usage)
	}
	a.last = a.last[:0]
}

// usageSoFar returns the usage that the server has reported so far.
func (a *answer) usageSoFar() llm.Usage {
	a.takeLast()
	if a.replies > 0 {
		return a.before.Add(a.counts.convert())
	}
	return a.counts.convert()
}

// done completes the answer, if it is complete.
func (a *answer) done() error {
	switch {
	case a.finish == "" && a.blocked != nil:
		return a.refused()
	case a.finish == "":
		return a.Reply.ReplyError(llm.Incomplete, "the reply ended before the server said why: it has no finish reason")
	case a.finish == continuation:
		return a.goOn()
	}
	if err := a.FinishError(a.finish); err != nil {
		return err
	}
	a.resume = ""
	reason := a.EndCalls(provider.FinishReason(a.finish))
	for _, source := range a.sources.list() {
		a.Emit(llm.Event{Type: llm.EventSource, Detail: &source})
	}
	if a.message != "" && reason != llm.FinishStop && reason != llm.FinishToolCalls {
		a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: "the server gave this reason for the end of the answer: " + a.message}})
	}
	used := a.usageSoFar() // which reads the tier as well
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: a.finish, Usage: used, ServiceTier: a.counts.Tier})
	return nil
}

// maxReplies limits the number of replies that one answer can have.
const maxReplies = 100

// goOn prepares the next request of an answer that continues in another reply. The server
// ends long answers with the finish reason CONTINUATION and a token; the same request with
// the token returns the rest. Google's own client does the same, always. Each reply counts
// only its own tokens.
func (a *answer) goOn() error {
	if a.token == "" || a.token == a.resume || a.replies == maxReplies {
		return a.Reply.ReplyError(llm.Incomplete, "the server wants to continue the answer in another request (finish reason CONTINUATION), but sent no new token")
	}
	a.before = a.usageSoFar()
	a.replies++
	a.resume, a.token = a.token, ""
	a.finish, a.message, a.counts = "", "", usage{}
	return nil
}

// refused returns the error for a prompt that the server blocked.
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
		return a.Reply.ReplyError(llm.ContentFilter, message)
	}
	e := a.Reply.APIError(said, llm.ContentFilter)
	e.Kind = llm.ContentFilter
	return e
}
