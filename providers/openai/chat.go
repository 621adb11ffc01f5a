package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chat answers a chat. An error that it returns has not been yielded.
func (p *Provider) chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, warnings, err := p.marshalChat(call)
	if err != nil {
		return err
	}
	headers := p.headers.stream
	if call.Request.NonStreaming {
		headers = p.headers.json
	}
	req, err := p.request(ctx, call, p.url(chatPath, call.Model), body, headers)
	if err != nil {
		return err
	}
	req.Patient = isFlex(llmutil.OptionsFor[Options](call.Request.Options).ServiceTier)
	r, err := p.client.Do(ctx, req)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &answer{provider: p}
	a.Answer = provider.Answer{Reply: r, Request: call.Request, Warnings: warnings, Yield: yield, NoUsage: p.quirks.NoStreamOptions}
	return a.Failed(provider.ReadChat(&a.Answer, chatDialect, a), a.usage)
}

// isFlex reports whether a service tier answers late.
func isFlex(tier string) bool { return strings.EqualFold(tier, "flex") }

// chatDialect describes the replies to chats. Members under Ignore are not used.
var chatDialect = &provider.Dialect[chunk, delta]{
	Decoder:    stream.NewDecoder[chunk](),
	DoneMarker: true,
	Spec: &stream.Spec{
		Delta: []string{
			"choices.0.delta.content",
			"choices.0.delta.reasoning_content",
			"choices.0.delta.reasoning",
			"choices.0.delta.reasoning_text",
			"choices.0.delta.tool_calls.0.function.arguments",
		},
		Ignore: []string{"obfuscation", "created"},
	},
}

// answer turns the chunks of an answer into events. It is a [provider.Handler].
type answer struct {
	provider.Answer
	provider *Provider

	finish string // the server's finish reason
	// blankFinish is set if a whole reply has a finish reason, which may be empty. Snowflake
	// sends empty ones: the answer has ended, and the reason is unknown.
	blankFinish bool

	unknownPart string // the type of a part of the content that cannot be read, or ""

	usage   llm.Usage
	tier    string // the service tier
	think   thinkTags
	sound   sound
	sources sourceSet
	got     delivered

	// Data that must come back on the next turn: see opaque.go.
	details detailList      // of the reasoning
	extra   json.RawMessage // of the text
}

// delta is the meaning of a plain chunk, apart from its text.
type delta struct {
	typ   llm.EventType
	index int // the server's index of a tool call
}

// Plain implements [provider.Handler].
func (a *answer) Plain(c *chunk) (d delta, text string, ok bool) {
	if len(c.Choices) != 1 || c.Choices[0].Delta == nil {
		return d, "", false
	}
	choice, content := c.Choices[0], *c.Choices[0].Delta
	d, text = content.takeText()
	rest := *c
	rest.ID, rest.Model, rest.Tier, rest.Choices, choice.Delta = "", "", "", nil, nil
	if choice.FinishReason != nil && *choice.FinishReason == "" {
		choice.FinishReason = nil
	}
	return d, text, text != "" && stream.IsZero(&rest) && stream.IsZero(&choice) && stream.IsZero(&content)
}

// takeText removes the first text, reasoning or arguments from the content, and returns it.
func (c *content) takeText() (d delta, text string) {
	if len(c.ToolCalls) == 1 {
		call := c.ToolCalls[0]
		d = delta{llm.EventToolCallDelta, call.fragment(0, false).Index}
		text = string(call.Function.Arguments)
		if call.Index, call.Function.Arguments = nil, ""; stream.IsZero(&call) {
			c.ToolCalls = nil
		}
		return d, text
	}
	if c.Content.Text != "" {
		text, c.Content.Text = c.Content.Text, ""
		return delta{typ: llm.EventText}, text
	}
	for _, m := range c.reasonings() {
		if m.Text != "" {
			text, m.Text = m.Text, ""
			return delta{typ: llm.EventReasoning}, text
		}
	}
	return d, ""
}

// Piece implements [provider.Handler].
func (a *answer) Piece(d delta, text string, _ []byte) {
	if d.typ == llm.EventToolCallDelta {
		a.AddCall(llmutil.ToolCallFragment{Index: d.index, Arguments: text})
	} else {
		a.say(d.typ, text)
	}
}

// Chunk implements [provider.Handler]. The "[DONE]" marker or the end of the reply, not a
// chunk, completes an answer: the usage comes after the finish reason.
func (a *answer) Chunk(c *chunk, from provider.Origin) (done bool, err error) {
	if said := c.failure(from.Data); said != nil {
		return false, a.Reply.APIError(said, llm.Server)
	}
	if len(c.Choices) == 0 && (c.Usage == nil || c.Usage.convert().Total().N == 0) {
		if err := a.Reply.FindError(from.Data, llm.Server); err != nil {
			return false, err
		}
	}
	if (from.Bare || from.Whole) && len(c.Choices) == 0 {
		return false, a.Reply.APIError(from.Data, llm.Protocol)
	}
	a.chunk(c, from.Whole)
	return false, nil
}

// End implements [provider.Handler]. After a finish reason only the usage can be missing,
// so a reply that breaks off there is a success with unknown usage.
func (a *answer) End(why provider.Ending) error {
	failure := why.Failure
	switch {
	case failure != nil && (a.finish == "" || failure.Kind == llm.Canceled || failure.Kind == llm.Protocol):
		a.think.flush(a.EmitText)
		return failure
	case a.finish != "" || why.Marker || why.Whole && a.blankFinish:
		return a.done()
	case why.Whole:
		return a.Reply.ReplyError(llm.Incomplete, "the reply has no finish reason")
	}
	return a.Reply.ReplyError(llm.Incomplete, "the stream ended before the server said that the answer had ended")
}

// done completes the answer, if there is one.
func (a *answer) done() error {
	if a.finish == "" && !a.HasContent() && a.sound.isEmpty() {
		return a.Reply.ReplyError(llm.Incomplete, "the stream ended without an answer")
	}
	if err := a.FinishError(a.finish); err != nil {
		return err
	}
	if missing := a.missing(); missing != "" {
		return a.Reply.ReplyError(llm.Protocol, missing)
	}
	spoken, err := a.sound.audio(a.provider.name)
	if err != nil {
		return a.Reply.ReplyError(llm.Protocol, "the audio in the answer cannot be decoded: "+err.Error())
	}
	a.addAside()
	a.sealReasoning()
	if len(spoken.Data) == 0 { // the transcript is better than nothing
		a.say(llm.EventText, spoken.Transcript)
	}
	a.think.flush(a.EmitText)
	a.sealText()
	reason := a.EndCalls(provider.FinishReason(a.finish))
	if len(spoken.Data) > 0 {
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: spoken}})
	}
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: a.finish, Usage: a.usage, ServiceTier: a.tier})
	return nil
}

// missing names the content of an answer that ended normally, but whose only content could
// not be read. It returns "" for other answers.
func (a *answer) missing() string {
	switch reason := provider.FinishReason(a.finish); {
	case a.Calls() > 0 || a.got.others != 0 || !a.sound.isEmpty() || a.got.kinds&^(reasonings|details) != 0:
	case a.unknownPart != "":
		return fmt.Sprintf("the content has only a part of the unknown type %.40q", a.unknownPart)
	case reason == llm.FinishToolCalls:
		return fmt.Sprintf("the finish reason is %q, but tool_calls has no call", a.finish)
	}
	return ""
}
