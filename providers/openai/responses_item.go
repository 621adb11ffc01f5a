package openai

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// openItem is an item of an answer, as far as it has been read.
//
// Items are found by their index in the output. Their ids are no help: some servers send
// another id in every event of an item.
type openItem struct {
	index int
	id    string
	typ   string
	done  bool

	texts []*openText
	parts int // that its text and reasoning have become so far

	// broken is set if another part came before the end of the item. Its parts are then not
	// together, so the item cannot be sent back as it came.
	broken bool

	call int    // the number of the tool call, or -1
	name string // of the call; its arguments wait for it
}

// openText is a text of an item, as far as it has been emitted.
type openText struct {
	kind  textKind
	index int
	said  []byte
	start int // of the text in the text of the answer, in bytes

	hasLogprobs bool
	characters  characters // of the text when a source was last found in it
}

// noIndex is the index of an item whose events have no output index.
const noIndex = -1

// index returns the output index of an event.
func (e *responsesEvent) index() int {
	if e.OutputIndex == nil {
		return noIndex
	}
	return *e.OutputIndex
}

// itemOf returns the item of an event. If there is none, it begins one of the type: some
// servers do not send the event for it, and neither does a resumed stream.
func (a *responsesAnswer) itemOf(e *responsesEvent, typ string) *openItem {
	id := string(e.ItemID)
	if id == "" && e.Item != nil {
		id = string(e.Item.ID)
	}
	return a.item(e.index(), id, typ)
}

// item returns the open item of a type with an index, or without an index with an id.
func (a *responsesAnswer) item(index int, id, typ string) *openItem {
	for i := len(a.items) - 1; i >= 0; i-- {
		it := a.items[i]
		if it.index == index && it.typ == typ && !it.done && (index != noIndex || id == "" || it.id == "" || it.id == id) {
			return it
		}
	}
	for i := len(a.items) - 1; i >= 0; i-- { // a late event of an item that is done
		it := a.items[i]
		if it.index == index && it.typ == typ && (index != noIndex || id != "" && it.id == id) {
			return it
		}
	}
	return a.newItem(index, id, typ)
}

// maxItems limits the items of an answer, because the time to find one grows with their number.
const maxItems = 10000

func (a *responsesAnswer) newItem(index int, id, typ string) *openItem {
	it := &openItem{index: index, id: id, typ: typ, call: -1}
	if a.tooMany = a.tooMany || len(a.items) == maxItems; a.tooMany {
		it.done = true
		return it
	}
	a.items = append(a.items, it)
	return it
}

// begin starts an item, unless it has begun.
func (a *responsesAnswer) begin(index int, from *outputItem) {
	id := string(from.ID)
	for _, it := range a.items {
		if it.index == index && it.typ == from.Type && (index != noIndex || it.id == id) && (it.id == id || it.id == "" && !it.done) {
			return // a repeated event, or an item whose events came earlier
		}
	}
	it := a.newItem(index, id, from.Type)
	a.announce(it, from)
}

// announce starts the tool call of an item when its name is known.
func (a *responsesAnswer) announce(it *openItem, from *outputItem) {
	if it.typ != itemFunctionCall && it.typ != itemCustomCall || it.name != "" || from.Name == "" {
		return
	}
	it.name, it.call = from.Name, a.calls
	a.calls++
	a.close()
	id := string(from.CallID)
	if id == "" {
		id = string(from.ID)
	}
	a.AddCall(llmutil.ToolCallFragment{Index: it.call, ID: id, Name: from.Name, Custom: it.typ == itemCustomCall})
	for _, t := range it.texts {
		a.AddCall(llmutil.ToolCallFragment{Index: it.call, Arguments: string(t.said)})
	}
}

// text returns a text of the item.
func (it *openItem) text(kind textKind, index int) *openText {
	for i := len(it.texts) - 1; i >= 0; i-- {
		if t := it.texts[i]; t.kind == kind && t.index == index {
			return t
		}
	}
	t := &openText{kind: kind, index: index}
	it.texts = append(it.texts, t)
	return t
}

// paragraph separates the texts of reasoning.
const paragraph = "\n\n"

// add emits a piece of a text.
func (a *responsesAnswer) add(it *openItem, kind textKind, index int, text string) {
	if text == "" {
		return
	}
	t := it.text(kind, index)
	isFirst := len(t.said) == 0
	t.said = append(t.said, text...)
	switch kind {
	case kindText:
		if isFirst {
			t.start = a.text
		}
		a.text += len(text)
		a.say(it, llm.EventText, text)
	case kindRefusal:
		a.say(it, llm.EventRefusal, text)
	case kindReasoning, kindSummary:
		if isFirst && a.open == it && a.openAs == llm.EventReasoning {
			text = paragraph + text
		}
		a.say(it, llm.EventReasoning, text)
	case kindArguments, kindInput:
		if it.call >= 0 {
			a.AddCall(llmutil.ToolCallFragment{Index: it.call, Arguments: text})
		}
	}
}

// complete emits the rest of a text whose end is known. Some servers send fewer deltas than
// the text has, or none.
func (a *responsesAnswer) complete(it *openItem, kind textKind, index int, whole string) {
	said := it.text(kind, index).said
	if n := len(said); len(whole) > n && whole[:n] == string(said) {
		a.add(it, kind, index, whole[n:])
	}
}

// say emits text, reasoning or a refusal of an item. The texts of two items are two parts.
func (a *responsesAnswer) say(it *openItem, typ llm.EventType, text string) {
	if a.open != it {
		a.endPart(typ)
		a.close()
	}
	if a.openAs != typ {
		it.parts++
		a.open, a.openAs = it, typ
	}
	a.EmitText(typ, text)
}

// endPart ends the open part, if it is of the type. Events of other types end it themselves.
func (a *responsesAnswer) endPart(typ llm.EventType) {
	if a.openAs == typ {
		a.Emit(llm.Event{Type: typ, Detail: &llm.ProviderData{}})
	}
}

// close is called when the open part has ended.
func (a *responsesAnswer) close() {
	if a.open != nil && !a.open.done {
		a.open.broken = true
	}
	a.open, a.openAs = nil, 0
}

// donePart emits a part that is complete. The event is needed only for a text that no other
// event had, because the end of the item repeats the part.
func (a *responsesAnswer) donePart(e *responsesEvent) {
	typ, kind := itemMessage, kindText
	switch e.Part.Type {
	case outputRefusal:
		kind = kindRefusal
	case outputReasoning:
		typ, kind = itemReasoning, kindReasoning
	case outputSummary:
		typ, kind = itemReasoning, kindSummary
	}
	it := a.itemOf(e, typ)
	if len(it.text(kind, e.part(kind)).said) > 0 {
		return
	}
	var p outputPart
	if partDecoder.Decode(e.Part.Source, &p, &a.Text) == nil {
		a.completePart(it, e.part(kind), &p)
	}
}

// completePart emits the rest of a part.
func (a *responsesAnswer) completePart(it *openItem, index int, p *outputPart) {
	switch p.Type {
	case outputText, "text", "":
		a.complete(it, kindText, index, p.Text)
		t := it.text(kindText, index)
		for i := range p.Annotations {
			a.cite(t, &p.Annotations[i])
		}
		if !t.hasLogprobs {
			a.addLogprobs(t, p.Logprobs)
		}
	case outputRefusal:
		a.complete(it, kindRefusal, index, p.Refusal)
	case outputReasoning:
		a.complete(it, kindReasoning, index, p.Text)
	case outputSummary:
		a.complete(it, kindSummary, index, p.Text)
	}
}

// addLogprobs emits the log probabilities of a text.
func (a *responsesAnswer) addLogprobs(t *openText, list []provider.Logprob) {
	if len(list) > 0 {
		t.hasLogprobs = true
		a.EmitLogprobs(provider.ConvertLogprobs(list))
	}
}

// maxSearched limits the bytes in which the ranges of sources are searched. Other sources have
// no range.
const maxSearched = 64 << 20

// cite emits a source that a text cites.
func (a *responsesAnswer) cite(t *openText, n *outputAnnotation) {
	if len(t.characters.text) != len(t.said) {
		t.characters = characters{}
		if a.searched += len(t.said); a.searched < maxSearched {
			t.characters = indexCharacters(string(t.said))
		}
	}
	source := n.source(&t.characters)
	if source.End > 0 {
		source.Start, source.End = source.Start+t.start, source.End+t.start
	}
	if source.Title == "" {
		source.Title = n.FileName
	}
	a.sources.emit(&a.Answer, source)
}

// finish ends an item. The given item is complete, so the rest of its content is emitted,
// with the JSON of the item to send it back.
func (a *responsesAnswer) finish(it *openItem, from *outputItem) {
	if it.done { // or there are too many items
		return
	}
	it.done = true
	switch it.typ {
	case itemMessage:
		a.finishMessage(it, from)
	case itemReasoning:
		a.finishReasoning(it, from)
	case itemFunctionCall, itemCustomCall:
		a.finishCall(it, from)
	case itemCode:
		a.finishCode(from)
	case itemImage:
		a.finishImage(from)
	case "":
	default:
		a.media(llm.Opaque{Kind: from.Type, ProviderData: a.data(from.Source, 0)})
	}
}

func (a *responsesAnswer) finishMessage(it *openItem, from *outputItem) {
	a.complete(it, kindText, 0, from.Content.Text)
	for i := range from.Content.Value {
		a.completePart(it, i, &from.Content.Value[i])
	}
	if a.open == it && !a.goesBack(it, from) {
		a.endPart(a.openAs)
		a.close()
		return
	}
	a.seal(it, llm.EventText, from)
}

// goesBack reports whether a message must be sent back as it came. A message that follows no
// other item, and has no members that package llm lacks, can be made of its text.
func (a *responsesAnswer) goesBack(it *openItem, from *outputItem) bool {
	if from.Phase != "" || it.parts > 1 || len(a.items) > 1 {
		return true
	}
	for i := range from.Content.Value {
		if len(from.Content.Value[i].Annotations) > 0 {
			return true
		}
	}
	return false
}

func (a *responsesAnswer) finishReasoning(it *openItem, from *outputItem) {
	for i := range from.Summary {
		a.complete(it, kindSummary, i, from.Summary[i].Text)
	}
	for i := range from.Content.Value {
		a.complete(it, kindReasoning, i, from.Content.Value[i].Text)
	}
	a.seal(it, llm.EventReasoning, from)
}

// seal ends the last part of an item and emits the item to send it back. An item without
// text becomes an empty part of the type.
func (a *responsesAnswer) seal(it *openItem, typ llm.EventType, from *outputItem) {
	switch {
	case it.broken || it.parts > 0 && a.open != it:
		if a.open == it {
			a.endPart(a.openAs)
		}
	case a.open == it:
		a.Emit(llm.Event{Type: a.openAs, Detail: a.data(from.Source, it.parts-1)})
	default:
		a.endPart(typ)
		a.Emit(llm.Event{Type: typ, Detail: a.data(from.Source, 0)})
	}
	a.close()
}

// finishCall ends a tool call, so that it keeps its place among the parts. A call that may be
// cut waits for the end of the answer.
func (a *responsesAnswer) finishCall(it *openItem, from *outputItem) {
	a.announce(it, from)
	a.complete(it, kindArguments, 0, string(from.Arguments))
	a.complete(it, kindInput, 0, from.Input)
	if it.call < 0 {
		return
	}
	a.close()
	a.AddCall(llmutil.ToolCallFragment{Index: it.call, ProviderData: a.data(from.Source, 0)})
	if from.Status == statusCompleted && !a.hasOpenCall() {
		a.EndCalls(llm.FinishToolCalls)
	} else {
		a.EndCalls(llm.FinishLength) // ends only calls whose arguments are a whole object
	}
}

// hasOpenCall reports whether a tool call has begun and its item is not done.
func (a *responsesAnswer) hasOpenCall() bool {
	return slices.ContainsFunc(a.items, func(it *openItem) bool { return it.call >= 0 && !it.done })
}

// finishCode emits the code that the server ran, and its outputs.
func (a *responsesAnswer) finishCode(from *outputItem) {
	parts := []llm.Code{{Language: "python", Source: from.Code}}
	for _, out := range from.Outputs {
		if out.Type == "logs" {
			parts = append(parts, llm.Code{Output: out.Logs})
		}
	}
	last := len(parts) - 1
	parts[last].ProviderData = a.data(from.Source, last)
	for _, part := range parts {
		a.media(part)
	}
}

// finishImage emits a generated image. It is not kept twice: the data to send back is the
// item without the image.
func (a *responsesAnswer) finishImage(from *outputItem) {
	image, err := base64.StdEncoding.DecodeString(from.Result)
	item, mergeErr := provider.Merge(from.Source, map[string]any{"result": nil})
	if err != nil || mergeErr != nil || len(image) == 0 {
		a.media(llm.Opaque{Kind: from.Type, ProviderData: a.data(from.Source, 0)})
		return
	}
	part := llm.Image{Data: image, ProviderData: a.data(item, 0)}
	if from.Format != "" {
		part.MediaType = "image/" + from.Format
	}
	a.media(part)
}

func (a *responsesAnswer) media(part llm.Part) {
	a.close()
	a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: part}})
}

// data returns the JSON of an item to send back with the part that shows it, and with a
// number of parts before that one.
func (a *responsesAnswer) data(item []byte, before int) *llm.ProviderData {
	return &llm.ProviderData{
		Provider: a.provider.name, Format: formatResponses, Covers: before, Data: bytes.ToValidUTF8(item, []byte("\uFFFD")),
	}
}

// addMissing emits the items of a final response that were not in the stream.
func (a *responsesAnswer) addMissing(r *responseHead) {
	if r == nil {
		return
	}
	for i, head := range r.Output {
		it := a.matching(i, head.Type, string(head.ID))
		if it != nil && it.done {
			continue
		}
		var whole response
		if responseDecoder.Decode(r.Source, &whole, &a.Text) == nil {
			a.addOutput(whole.Output)
		}
		return
	}
}

// addOutput emits the items of a whole response that were not in a stream before it. A final
// response can have fewer items than the stream, at other positions and with other ids, so
// an item is missing only if the stream had fewer of its type.
func (a *responsesAnswer) addOutput(output []outputItem) {
	missing := make(map[string]int) // items by type
	for i := range output {
		missing[output[i].Type]++
	}
	for _, it := range a.items {
		missing[it.typ]--
	}
	afterStream := len(a.items) > 0
	for i := range output {
		if a.tooMany {
			return
		}
		from := &output[i]
		var it *openItem
		if afterStream {
			it = a.matching(i, from.Type, string(from.ID))
		}
		if it == nil && missing[from.Type] > 0 {
			it = a.newItem(i, string(from.ID), from.Type)
			missing[from.Type]--
		}
		if it != nil {
			a.finish(it, from)
		}
	}
}

// matching returns the item of the stream that an item of the final response is, or nil.
func (a *responsesAnswer) matching(i int, typ, id string) *openItem {
	for _, it := range a.items {
		if it.id != "" && it.id == id && it.typ == typ {
			return it
		}
	}
	for _, it := range a.items {
		if it.index == i && it.typ == typ {
			return it
		}
	}
	return nil
}
