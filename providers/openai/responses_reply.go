package openai

import (
	"fmt"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// responsesDialect describes the replies of the Responses API. The text [DONE], which some
// servers send, does not end an answer.
var responsesDialect = &provider.Dialect[responsesEvent, responsesPiece]{
	Decoder: stream.NewDecoder[responsesEvent](),
	Spec: &stream.Spec{
		Delta:  []string{"delta"},
		Ignore: []string{"sequence_number", "obfuscation"},
	},
}

// backgroundDialect decodes every frame, because its sequence number is used.
var backgroundDialect = &provider.Dialect[responsesEvent, responsesPiece]{
	Decoder: responsesDialect.Decoder,
	Spec:    &stream.Spec{},
}

// responsesAnswer turns the events of one answer into events of package llm. It is a
// [provider.Handler].
type responsesAnswer struct {
	provider.Answer
	provider *Provider

	items   []*openItem // in the order of their first event
	tooMany bool        // there are more than maxItems
	calls   int         // tool calls so far
	text    int         // bytes of text so far
	open    *openItem   // the item whose text or reasoning is an open part, or nil
	openAs  llm.EventType
	usage   llm.Usage
	tier    string // the service tier
	sources sourceSet

	searched int // bytes, for the ranges of sources

	cursor
}

// responsesPiece is the meaning of a plain event, apart from its text.
type responsesPiece struct {
	kind   textKind
	output int // the index of the item
	part   int // the index of the text in the item
}

// textKind is the kind of a text in an item.
type textKind uint8

const (
	_ textKind = iota
	kindText
	kindRefusal
	kindReasoning
	kindSummary
	kindArguments
	kindInput
	kindCode
)

// textKinds are the kinds of texts by the type of their events, without the ending .delta or
// .done.
var textKinds = map[string]textKind{
	"response.output_text":                kindText,
	"response.refusal":                    kindRefusal,
	"response.reasoning_text":             kindReasoning,
	"response.reasoning_summary_text":     kindSummary,
	"response.function_call_arguments":    kindArguments,
	"response.custom_tool_call_input":     kindInput,
	"response.code_interpreter_call_code": kindCode,
}

// itemTypes are the types of the items that have a kind of text.
var itemTypes = [...]string{
	kindText: itemMessage, kindRefusal: itemMessage, kindReasoning: itemReasoning, kindSummary: itemReasoning,
	kindArguments: itemFunctionCall, kindInput: itemCustomCall, kindCode: itemCode,
}

// The endings of the types of events about a text.
const (
	endingDelta = ".delta"
	endingDone  = ".done"
)

// textEvent splits the type of an event about a text. The kind is 0 for other events.
func textEvent(typ string) (kind textKind, isDelta bool) {
	if n := len(typ) - len(endingDelta); n > 0 && typ[n:] == endingDelta {
		return textKinds[typ[:n]], true
	}
	if n := len(typ) - len(endingDone); n > 0 && typ[n:] == endingDone {
		return textKinds[typ[:n]], false
	}
	return 0, false
}

// part returns the index of the text in its item.
func (e *responsesEvent) part(kind textKind) int {
	switch kind {
	case kindText, kindRefusal, kindReasoning:
		return e.ContentIndex
	case kindSummary:
		return e.SummaryIndex
	}
	return 0
}

// whole returns the text of an event that ends a text.
func (e *responsesEvent) whole(kind textKind) string {
	switch kind {
	case kindRefusal:
		return e.Refusal
	case kindArguments:
		return string(e.Arguments)
	case kindInput:
		return e.Input
	case kindCode:
		return e.Code
	}
	return e.Text
}

// Plain implements [provider.Handler].
func (a *responsesAnswer) Plain(e *responsesEvent) (p responsesPiece, text string, ok bool) {
	kind, isDelta := textEvent(e.Type)
	if kind == 0 || !isDelta || e.OutputIndex == nil {
		return p, "", false
	}
	p = responsesPiece{kind, *e.OutputIndex, e.part(kind)}
	rest := *e
	text = rest.Delta
	rest.Type, rest.Delta, rest.Sequence, rest.OutputIndex, rest.ItemID = "", "", nil, nil, ""
	rest.ContentIndex, rest.SummaryIndex = 0, 0
	return p, text, text != "" && stream.IsZero(&rest)
}

// Piece implements [provider.Handler].
func (a *responsesAnswer) Piece(p responsesPiece, text string, _ []byte) {
	a.add(a.item(p.output, "", itemTypes[p.kind]), p.kind, p.part, text)
}

// Chunk implements [provider.Handler]. Only the event response.completed or
// response.incomplete completes an answer.
func (a *responsesAnswer) Chunk(e *responsesEvent, from provider.Origin) (done bool, err error) {
	if e.Of != nil {
		a.learn(&e.Of.responseState)
	}
	if from.Whole && e.Type == "" {
		a.learn(&e.responseState)
	}
	if said := e.failure(from.Data); said != nil {
		a.ended = true
		return false, a.Reply.APIError(said, llm.Server)
	}
	if e.Type == "" {
		return a.wholeResponse(e, from)
	}
	if a.isOld(e) {
		return false, nil
	}
	if from.Whole && !isLifecycle(e.Type) {
		return false, a.Reply.ReplyError(llm.Protocol, "the reply is an event of a stream, and not a response"+a.Reply.Quote(from.Data))
	}
	if !a.Started() {
		a.start(e.Of.state())
	}
	a.event(e)
	if a.tooMany {
		return false, a.tooManyItems()
	}
	switch e.Type {
	case eventCompleted, eventIncomplete, eventCancelled:
		a.addMissing(e.Of)
		return true, a.end(e.Of.state(), e.Type)
	}
	return false, nil
}

func (a *responsesAnswer) tooManyItems() error {
	return a.Reply.ReplyError(llm.Protocol, fmt.Sprintf("the answer has more than %d items", maxItems))
}

// isLifecycle reports whether an event is about the whole response.
func isLifecycle(typ string) bool {
	switch typ {
	case eventCreated, eventQueued, eventInProgress, eventCompleted, eventIncomplete, eventCancelled:
		return true
	}
	return false
}

// learn keeps the id, the status and the usage of a response.
func (a *responsesAnswer) learn(r *responseState) {
	if r.ID != "" {
		a.id = string(r.ID)
	}
	if r.Status != "" {
		a.status = r.Status
	}
	if r.Tier != "" && (a.tier == "" || r.Tier != "auto") {
		a.tier = string(r.Tier)
	}
	if r.Usage != nil {
		a.usage = r.Usage.convert()
	}
}

// isOld reports whether an event was read before. Some servers repeat events when a stream is
// resumed.
func (a *responsesAnswer) isOld(e *responsesEvent) bool {
	if e.Sequence == nil {
		return false
	}
	if *e.Sequence <= a.sequence && a.reattached > 0 {
		return true
	}
	a.sequence = max(a.sequence, *e.Sequence)
	return false
}

// state returns the state of the response. It is empty if the event has none.
func (r *responseHead) state() *responseState {
	if r == nil {
		return new(responseState)
	}
	return &r.responseState
}

func (a *responsesAnswer) start(r *responseState) {
	a.Start(string(r.ID), r.Model)
}

// event emits the content of an event.
func (a *responsesAnswer) event(e *responsesEvent) {
	if kind, isDelta := textEvent(e.Type); kind != 0 {
		it := a.itemOf(e, itemTypes[kind])
		if isDelta {
			a.add(it, kind, e.part(kind), e.Delta)
		} else {
			a.complete(it, kind, e.part(kind), e.whole(kind))
		}
		if kind == kindText {
			a.addLogprobs(it.text(kind, e.ContentIndex), e.Logprobs)
		}
		return
	}
	switch e.Type {
	case eventItemAdded:
		if e.Item != nil {
			a.begin(e.index(), e.Item)
		}
	case eventItemDone:
		if e.Item != nil {
			a.finish(a.itemOf(e, e.Item.Type), e.Item)
		}
	case eventPartDone:
		if e.Part != nil {
			a.donePart(e)
		}
	case eventAnnotation:
		if e.Annotation != nil {
			a.cite(a.itemOf(e, itemMessage).text(kindText, e.ContentIndex), e.Annotation)
		}
	}
}

// wholeResponse emits the content of a reply that is not streamed.
func (a *responsesAnswer) wholeResponse(e *responsesEvent, from provider.Origin) (done bool, err error) {
	r := &e.response
	switch {
	case !from.Whole && !from.Bare:
		return false, nil // an event without a type
	case !r.isResponse():
		return false, a.Reply.APIError(from.Data, llm.Protocol)
	}
	a.start(&r.responseState)
	isPending := r.Status == statusQueued || r.Status == statusInProgress
	if isPending && a.background {
		return true, nil
	}
	if a.addOutput(r.Output); a.tooMany {
		return false, a.tooManyItems()
	}
	if isPending || r.Status == "" {
		return false, a.Reply.ReplyError(llm.Incomplete, fmt.Sprintf("the response has the status %q, and is not complete", r.Status))
	}
	return true, a.end(&r.responseState, "")
}

// end completes the answer.
func (a *responsesAnswer) end(r *responseState, event string) error {
	a.ended = true
	raw := r.finishReason(event)
	if event == eventCancelled {
		raw = statusCancelled
	}
	if err := a.FinishError(raw); err != nil {
		return err
	}
	reason := provider.FinishReason(raw)
	if r.Status == statusIncomplete || event == eventIncomplete {
		if reason == llm.FinishStop {
			reason = llm.FinishOther
		}
	}
	reason = a.EndCalls(reason)
	a.Done(&llm.Done{FinishReason: reason, RawFinishReason: raw, Usage: a.usage, ServiceTier: a.tier})
	return nil
}

// End implements [provider.Handler].
func (a *responsesAnswer) End(why provider.Ending) error {
	switch {
	case why.Failure != nil:
		return why.Failure
	case !a.Started():
		return a.Reply.ReplyError(llm.Incomplete, "the stream ended before the first event")
	}
	return a.Reply.ReplyError(llm.Incomplete, "the stream ended without response.completed")
}
