package llmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Reply is the answer to one call. A [Provider] plays it. Package llm/llmtest/conformance
// renders it in the format of a server. Start with a function, and add to it with the methods
// of the same names:
//
//	llmtest.Reasoning("Paris, then.").ToolCall("get_weather", `{"city":"Paris"}`).Usage(12, 7)
//
// A Reply is a value: methods return changed copies. The zero Reply is a successful empty
// answer.
type Reply struct {
	op       llm.Op // the operation that it answers; "" for all
	parts    []part
	warnings []llm.Warning
	done     llm.Done
	wait     time.Duration // before the first event
	pace     time.Duration // before each further event

	fails   bool // ends with err after this number of pieces
	pieces  int
	err     error
	refused bool // there are no events before err

	raw     []llm.Event // if not nil, exactly these events
	compute llm.Handler // if not nil, answers the call
}

// part is text, reasoning or a refusal in pieces, a tool call with arguments in pieces, or a
// result.
type part struct {
	typ    llm.EventType
	chunks []string
	name   string // of the tool
	result llm.Detail
}

// allPieces is larger than the number of pieces of any reply.
const allPieces = int(^uint(0) >> 1)

// Text answers with text. Each string is one event.
func Text(chunks ...string) Reply { return Reply{}.Text(chunks...) }

// Reasoning answers with reasoning. Each string is one event.
func Reasoning(chunks ...string) Reply { return Reply{}.Reasoning(chunks...) }

// Refusal answers with a refusal. Each string is one event.
func Refusal(chunks ...string) Reply { return Reply{}.Refusal(chunks...) }

// ToolCall answers with a tool call. The arguments are a JSON object, in one or more pieces.
// The id contains the number of the reply and of the call: "call_1_1", "call_1_2".
func ToolCall(name string, arguments ...string) Reply { return Reply{}.ToolCall(name, arguments...) }

// Error fails the next call of any operation with err, without events before it.
func Error(err error) Reply {
	return Reply{fails: true, refused: true, err: err}
}

// Events answers with exactly these events. For a successful answer, the last one must be an
// [llm.EventDone]. Only the methods Fail, CutAfter, Wait and Pace affect the answer.
func Events(events ...llm.Event) Reply {
	return Reply{raw: append([]llm.Event{}, events...)}
}

// Func answers a call of any operation with the events that f returns. Only the method Wait affects the answer.
func Func(f llm.Handler) Reply { return Reply{compute: f} }

// Echo answers a chat with the text of the last message of the request. Each word is one
// event.
func Echo() Reply {
	reply := Func(func(ctx context.Context, call *llm.Call) llm.Events {
		var words []string
		if call.Request != nil && len(call.Request.Messages) > 0 {
			said := call.Request.Messages[len(call.Request.Messages)-1].Text()
			words = strings.SplitAfter(said, " ")
		}
		return func(yield func(llm.Event, error) bool) { Text(words...).play(ctx, call, 1, yield) }
	})
	reply.op = llm.OpChat
	return reply
}

// Embedding answers an embedding call with these vectors.
func Embedding(vectors ...[]float32) Reply {
	return result(llm.OpEmbed, &llm.EmbedResponse{Vectors: vectors})
}

// Count answers a token count with an exact number.
func Count(tokens int) Reply {
	return result(llm.OpCountTokens, &llm.TokenCount{Tokens: tokens, Exact: true, Source: "llmtest"})
}

// Models answers a call for the list of models.
func Models(models ...llm.ModelInfo) Reply {
	return result(llm.OpListModels, &llm.ModelList{Models: models})
}

func result(op llm.Op, detail llm.Detail) Reply {
	return Reply{op: op, parts: []part{{typ: llm.EventResult, result: detail}}}
}

// Text adds text to the answer.
func (r Reply) Text(chunks ...string) Reply {
	return r.add(part{typ: llm.EventText, chunks: chunks})
}

// Reasoning adds reasoning to the answer.
func (r Reply) Reasoning(chunks ...string) Reply {
	return r.add(part{typ: llm.EventReasoning, chunks: chunks})
}

// Refusal adds a refusal to the answer.
func (r Reply) Refusal(chunks ...string) Reply {
	return r.add(part{typ: llm.EventRefusal, chunks: chunks})
}

// ToolCall adds a tool call to the answer.
func (r Reply) ToolCall(name string, arguments ...string) Reply {
	return r.add(part{typ: llm.EventToolCallStart, name: name, chunks: arguments})
}

func (r Reply) add(p part) Reply {
	r.op = llm.OpChat
	r.parts = append(slices.Clip(r.parts), p)
	return r
}

// Usage sets the number of tokens used. Without it, the usage is unknown.
func (r Reply) Usage(input, output int) Reply {
	return r.DetailedUsage(llm.Usage{Input: llm.Known(input), Output: llm.Known(output)})
}

// DetailedUsage sets all counts of the usage.
func (r Reply) DetailedUsage(u llm.Usage) Reply {
	r.done.Usage = u
	return r
}

// Finish sets the finish reason. The default is [llm.FinishToolCalls] for an answer with tool
// calls, and [llm.FinishStop] for others.
func (r Reply) Finish(reason llm.FinishReason) Reply {
	r.done.FinishReason = reason
	return r
}

// RawFinish sets the finish reason as the server sends it.
func (r Reply) RawFinish(word string) Reply {
	r.done.RawFinishReason = word
	return r
}

// Warn adds a warning after the start of the answer.
func (r Reply) Warn(warning llm.Warning) Reply {
	r.warnings = append(slices.Clip(r.warnings), warning)
	return r
}

// Wait delays the first event. If the context of the call ends before, the call fails.
func (r Reply) Wait(d time.Duration) Reply {
	r.wait = d
	return r
}

// Pace delays each event after the first.
func (r Reply) Pace(d time.Duration) Reply {
	r.pace = d
	return r
}

// Fail ends the answer with err. A nil err means an error of kind [llm.Incomplete].
func (r Reply) Fail(err error) Reply { return r.CutAfter(allPieces, err) }

// CutAfter ends the answer with err after n events with content. A nil err means an error of
// kind [llm.Incomplete].
func (r Reply) CutAfter(n int, err error) Reply {
	r.fails, r.pieces, r.err = true, n, err
	return r
}

// Events returns the events of the reply, and the error that ends them or nil. Delays are
// skipped. A reply made by [Func] or [Echo] answers an empty chat. Use it to render replies
// in the format of a server: see llm/llmtest/conformance.
func (r Reply) Events() (events []llm.Event, last error) {
	if r.compute == nil {
		return r.sequence(modelName, 1)
	}
	call := &llm.Call{Op: llm.OpChat, Model: modelName, Request: &llm.Request{}}
	for ev, err := range r.compute(context.Background(), call) {
		if err != nil {
			return events, err
		}
		events = append(events, ev)
	}
	return events, nil
}

// sequence returns the events of the reply to the n-th call, and the error that ends them or
// nil. Replies made by Func have none.
func (r Reply) sequence(model string, n int) ([]llm.Event, error) {
	err := r.err
	if r.fails && err == nil {
		err = &llm.Error{Kind: llm.Incomplete, Message: "the scripted reply was cut"}
	}
	if r.raw != nil {
		return r.given(), err
	}
	if r.refused {
		return nil, err
	}
	events := []llm.Event{{Type: llm.EventStart, Detail: &llm.Start{ID: fmt.Sprintf("reply_%d", n), Model: model}}}
	for _, w := range r.warnings {
		events = append(events, llm.Event{Type: llm.EventWarning, Detail: &w})
	}
	calls, content := 0, []llm.Event(nil)
	for _, p := range r.parts {
		if p.typ == llm.EventToolCallStart {
			content = append(content, p.callEvents(n, calls)...)
			calls++
			continue
		}
		content = append(content, p.plainEvents(model, r.done.Usage)...)
	}
	if r.fails {
		return append(events, content[:max(0, min(r.pieces, len(content)))]...), err
	}
	done := r.done
	if done.FinishReason == llm.FinishUnknown && r.op == llm.OpChat {
		done.FinishReason = llm.FinishStop
		if calls > 0 {
			done.FinishReason = llm.FinishToolCalls
		}
	}
	return append(append(events, content...), llm.Event{Type: llm.EventDone, Detail: &done}), nil
}

// given returns the events passed to Events, up to the failure of the reply.
func (r Reply) given() []llm.Event {
	if !r.fails {
		return r.raw
	}
	pieces := 0
	for i, ev := range r.raw {
		if ev.Type.Content() {
			if pieces >= r.pieces || ev.Type == llm.EventDone {
				return r.raw[:i]
			}
			pieces++
		}
	}
	return r.raw
}

func (p part) plainEvents(model string, usage llm.Usage) []llm.Event {
	if p.typ == llm.EventResult {
		if e, ok := p.result.(*llm.EmbedResponse); ok {
			named := *e
			named.Model, named.Usage = model, usage
			return []llm.Event{{Type: llm.EventResult, Detail: &named}}
		}
		return []llm.Event{{Type: llm.EventResult, Detail: p.result}}
	}
	var events []llm.Event
	for _, chunk := range p.chunks {
		if chunk != "" {
			events = append(events, llm.Event{Type: p.typ, Text: chunk})
		}
	}
	return events
}

// callEvents returns the events of a tool call, the index-th of the n-th reply.
func (p part) callEvents(n, index int) []llm.Event {
	call := llm.ToolCall{ID: fmt.Sprintf("call_%d_%d", n, index+1), Name: p.name}
	start := call
	events := []llm.Event{{Type: llm.EventToolCallStart, Index: index, Detail: &start}}
	for _, chunk := range p.chunks {
		if chunk != "" {
			events = append(events, llm.Event{Type: llm.EventToolCallDelta, Index: index, Text: chunk})
		}
	}
	call.Arguments = strings.Join(p.chunks, "")
	return append(events, llm.Event{Type: llm.EventToolCallEnd, Index: index, Detail: &call})
}

// play answers the n-th call with the delays of the reply. It ends when the context ends or the
// caller stops reading.
func (r Reply) play(ctx context.Context, call *llm.Call, n int, yield func(llm.Event, error) bool) {
	if err := pause(ctx, r.wait); err != nil {
		yield(llm.Event{}, err)
		return
	}
	if r.compute != nil {
		r.compute(ctx, call)(yield)
		return
	}
	events, failure := r.sequence(call.Model, n)
	for i, ev := range events {
		if i > 0 {
			if err := pause(ctx, r.pace); err != nil {
				yield(llm.Event{}, err)
				return
			}
		}
		if !yield(ev, nil) {
			return
		}
	}
	if failure == nil {
		return
	}
	if len(events) > 0 {
		if err := pause(ctx, r.pace); err != nil {
			failure = err
		}
	}
	yield(llm.Event{}, failure)
}

// pause waits for d. It returns an error if the context ends.
func pause(ctx context.Context, d time.Duration) error {
	if d > 0 && ctx.Err() == nil {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return llm.FromContext(ctx)
}
