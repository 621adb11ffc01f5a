package ollama

import (
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Chat answers a chat. An error that it returns has not been yielded.
func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	format, err := p.format(call)
	switch {
	case err != nil:
		return err
	case format != nil:
		return p.complete(ctx, call, format, yield)
	}
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	r, err := p.server.Do(ctx, call, "/api/chat", body)
	if err != nil {
		return err
	}
	defer r.Close()
	return p.answer(provider.Answer{Reply: r, Request: call.Request, Warnings: warnings, Yield: yield}, false)
}

// answer reads the reply to a chat, or to a prompt that was sent raw.
func (p *Provider) answer(to provider.Answer, raw bool) error {
	a := &answer{Answer: to, raw: raw}
	return explain(a.Failed(provider.ReadChat(&a.Answer, chatDialect, a), llm.Usage{})) // the usage is in the last line
}

// chatDialect describes the replies to chats. Members under Ignore are not used.
var chatDialect = &provider.Dialect[chunk, llm.EventType]{
	Decoder: stream.NewDecoder[chunk](),
	NDJSON:  true,
	Spec: &stream.Spec{
		Delta:  []string{"message.content", "message.thinking", "response"},
		Ignore: []string{"created_at"},
	},
}

// answer turns the chunks of an answer into events. It is a [provider.Handler]. The meaning
// of a plain chunk is the type of its text.
type answer struct {
	provider.Answer
	raw bool // the text is in "response", not in a message
}

// Plain implements [provider.Handler].
func (a *answer) Plain(c *chunk) (typ llm.EventType, text string, ok bool) {
	m := a.message(c)
	if m == nil {
		return 0, "", false
	}
	rest, content := *c, *m
	rest.Model, rest.Message, rest.Response = "", nil, nil
	if typ, text = llm.EventText, string(m.Content); text != "" {
		content.Content = ""
	} else {
		typ, text, content.Thinking = llm.EventReasoning, m.Thinking, ""
	}
	return typ, text, text != "" && stream.IsZero(&rest) && stream.IsZero(&content)
}

// message returns the message of a chunk, or nil.
func (a *answer) message(c *chunk) *content {
	if a.raw && c.Response != nil && c.Message == nil {
		c.Message = &content{Content: *c.Response}
	}
	return c.Message
}

// Piece implements [provider.Handler].
func (a *answer) Piece(typ llm.EventType, text string, _ []byte) { a.EmitText(typ, text) }

// Chunk implements [provider.Handler].
func (a *answer) Chunk(c *chunk, from provider.Origin) (done bool, err error) {
	if said := c.Failed(); said != nil {
		return false, a.Reply.APIError(said, llm.Server) // most often, a runner that crashed
	}
	m := a.message(c)
	if m == nil && !c.Done {
		if err := a.Reply.FindError(from.Data, llm.Server); err != nil {
			return false, err
		}
		return false, a.Reply.ReplyError(llm.Protocol, "the reply has a JSON value that is not a piece of an answer; is this Ollama's API?"+a.Reply.Quote(from.Data))
	}
	a.Start("", c.Model)
	if m != nil {
		a.content(m)
	}
	if len(c.Logprobs) > 0 {
		a.EmitLogprobs(provider.ConvertLogprobs(c.Logprobs))
	}
	if c.Done {
		if err := a.FinishError(c.DoneReason); err != nil {
			return false, err
		}
		reason := a.EndCalls(provider.FinishReason(c.DoneReason))
		a.Done(&llm.Done{FinishReason: reason, RawFinishReason: c.DoneReason, Usage: c.usage(a.HasContent())})
	}
	return c.Done, nil
}

// content emits the events of a message.
func (a *answer) content(m *content) {
	a.EmitText(llm.EventReasoning, m.Thinking)
	a.EmitText(llm.EventText, string(m.Content))
	for i := range m.ToolCalls {
		call := &m.ToolCalls[i]
		// Each call is new and complete, so its index is the number of calls so far. In some
		// versions the server's index begins again with each line.
		a.AddCall(llmutil.ToolCallFragment{
			Index: a.Calls(), ID: string(call.ID), Name: call.Function.Name, Arguments: string(call.Function.Arguments),
		})
	}
}

// End implements [provider.Handler]. A chunk with done:true completes an answer, not the end
// of the reply.
func (a *answer) End(why provider.Ending) error {
	switch {
	case why.Failure != nil:
		return why.Failure
	case !a.Started():
		return a.Reply.ReplyError(llm.Incomplete, "the stream ended before the first chunk")
	}
	return a.notDone()
}

// notDone returns the error for an answer that ends normally but without done:true. Ollama
// ends an answer that way, on purpose, when a model repeats one token more than 30 times:
// https://github.com/ollama/ollama/blob/v0.24.0/llm/server.go
func (a *answer) notDone() error {
	return a.Reply.ReplyError(llm.Incomplete, "the server ended the answer without done:true; most likely this is Ollama's repeat guard, "+
		"which stops a model that repeats itself: change the prompt, or raise repeat_penalty")
}
