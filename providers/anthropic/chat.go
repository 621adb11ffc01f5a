package anthropic

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

const messagesPath = "/v1/messages"

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b, err := p.build(call)
	if err != nil {
		return err
	}
	body, err := b.marshal()
	if err != nil {
		return err
	}
	a := &answer{provider: p.name, model: call.Model, answerTool: b.answerTool, boundHistory: b.family.boundHistory}
	a.Answer = provider.Answer{Request: call.Request, Warnings: b.warnings, Yield: yield, CanContinue: b.canContinue()}
	a.record(b.hasServerTools())
	for {
		if err := p.reply(ctx, b, body, a); err != nil {
			return explain(a.Failed(err, a.usageSoFar()))
		}
		if a.Stopped() || !a.paused {
			return nil
		}
		if body, err = a.resume(b); err != nil {
			return err
		}
	}
}

// reply sends one request of the call and reads its reply.
func (p *Provider) reply(ctx context.Context, b *requestBuilder, body []byte, a *answer) error {
	r, err := p.with(b.options.Betas).Do(ctx, b.call, p.path(b.call.Model, b.body.Stream), body)
	if err != nil {
		return err
	}
	defer r.Close()
	a.Reply = r
	return provider.ReadChat(&a.Answer, chatDialect, a)
}

// chatDialect describes the replies to chats.
var chatDialect = &provider.Dialect[chunk, piece]{
	Decoder: stream.NewDecoder[chunk](),
	Spec:    &stream.Spec{Delta: []string{"delta.text", "delta.thinking", "delta.partial_json"}},
}

// answer turns the chunks of an answer into events. It is a [provider.Handler].
type answer struct {
	provider.Answer
	provider     string // its name
	model        string // the name in the call
	answerTool   string // the name of the tool whose input is the answer, or ""
	boundHistory bool   // see family
	history      string // the digest of the request's messages, if needed

	open    []*openBlock // blocks that have not stopped, nearly always one
	text    int          // the length of the text so far, in bytes
	inText  bool         // the last block was text, and its part is still open
	ending  ending
	details stopDetails
	counts  llm.Usage // as the server counts them: see total
	tier    string    // the service tier of the last usage

	pauses // for an answer that continues in another reply
}

// piece is the meaning of a plain chunk, apart from its text.
type piece struct {
	delta string // the type of the delta
	index int    // of the block
}

// Plain implements [provider.Handler].
func (a *answer) Plain(c *chunk) (p piece, text string, ok bool) {
	if c.Type != typeBlockDelta || c.Delta == nil {
		return p, "", false
	}
	rest, d := *c, *c.Delta
	p = piece{d.Type, c.Index}
	switch d.Type {
	case deltaText:
		text, d.Text = d.Text, ""
	case deltaThinking:
		text, d.Thinking = d.Thinking, ""
	case deltaInput:
		text, d.JSON = d.JSON, ""
	}
	rest.Type, rest.Index, rest.Delta, d.Type = "", 0, nil, ""
	return p, text, text != "" && stream.IsZero(&rest) && stream.IsZero(&d)
}

// Piece implements [provider.Handler].
func (a *answer) Piece(p piece, text string, _ []byte) { a.addText(p, text) }

// Chunk implements [provider.Handler]. Only a message_stop completes a streamed answer.
func (a *answer) Chunk(c *chunk, from provider.Origin) (done bool, err error) {
	if c.Failed() != nil || c.Type == typeError {
		return false, a.Reply.APIError(from.Data, llm.Server)
	}
	switch c.Type {
	case typeMessage:
		a.Start(string(c.ID), c.Model)
		for i := range c.Content {
			a.begin(i, &c.Content[i])
			a.stop(i)
		}
		a.take(&c.message)
		a.done()
		return true, nil
	case typeMessageStart:
		a.Start(string(c.Begun.ID), c.Begun.Model)
		a.take(&c.Begun)
		return false, nil
	case typePing:
		return false, nil
	}
	if !a.Started() {
		if from.Whole || from.Bare {
			return false, a.Reply.ReplyError(llm.Protocol, "the reply has a JSON value that is not a message; is this Anthropic's API?"+a.Reply.Quote(from.Data))
		}
		a.Start("", "") // some servers send no message_start
	}
	switch c.Type {
	case typeBlockStart:
		if c.Block == nil {
			return false, a.Reply.ReplyError(llm.Protocol, "a content block of the stream is not an object"+a.Reply.Quote(from.Data))
		}
		a.begin(c.Index, c.Block)
	case typeBlockDelta:
		if c.Delta == nil {
			return false, a.Reply.ReplyError(llm.Protocol, "a delta of the stream is not an object"+a.Reply.Quote(from.Data))
		}
		a.delta(c.Index, c.Delta)
	case typeBlockStop:
		a.stop(c.Index)
	case typeMessageDelta:
		a.take(&c.message)
		if c.Delta != nil {
			a.end(&c.Delta.ending)
		}
	case typeMessageStop:
		a.take(&c.message)
		for len(a.open) > 0 { // some servers do not stop the last block
			a.stop(a.open[0].index)
		}
		a.done()
		return true, nil
	}
	return false, nil
}

// take adds the counts and the end of a message.
func (a *answer) take(m *message) {
	m.Usage.addTo(&a.counts)
	if m.Usage != nil && m.Usage.Tier != "" {
		a.tier = m.Usage.Tier
	}
	a.end(&m.ending)
}

func (a *answer) end(e *ending) {
	if e.StopReason != "" {
		a.ending.StopReason = e.StopReason
	}
	if e.Container.ID != "" {
		a.container = e.Container.ID
	}
	if e.StopDetails != nil {
		a.details = *e.StopDetails // valid only during the call
	}
}

// done completes the answer, or the reply if the answer is paused.
func (a *answer) done() {
	raw := a.ending.StopReason
	if raw == stopPaused && a.pause() {
		return
	}
	reason := a.EndCalls(finishReason(raw))
	if a.answerTool != "" && reason == llm.FinishToolCalls && a.Calls() == 0 {
		reason = llm.FinishStop // the only call was the answer
	}
	switch raw {
	case "refusal":
		a.EmitText(llm.EventRefusal, a.details.Explanation)
		if a.details.Category != "" {
			a.warn("the server refused to answer, in the category " + a.details.Category)
		}
	case stopPaused:
		a.warn("the server paused a long turn (pause_turn): to continue it, append the answer to the messages and send the request again")
	}
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: raw, Usage: a.usageSoFar(), ServiceTier: a.tier})
}

func (a *answer) warn(message string) {
	a.Emit(llm.Event{Type: llm.EventWarning, Detail: &llm.Warning{Code: llm.WarnOther, Message: message}})
}

// End implements [provider.Handler].
func (a *answer) End(why provider.Ending) error {
	switch {
	case why.Failure != nil:
		return why.Failure
	case !a.Started():
		return a.Reply.ReplyError(llm.Incomplete, "the stream ended before the first event")
	}
	return a.Reply.ReplyError(llm.Incomplete, "the stream ended without message_stop")
}
