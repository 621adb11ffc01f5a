package openai

import (
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// delivered is the content that an answer has delivered. Many servers send the same content
// twice: in message beside delta, or in a last chunk with the whole message. Content of a
// kind that one of the two members had is not taken from the other.
type delivered struct {
	started bool
	choice  int   // the index of the answer's choice
	kinds   kinds // of content; in a stream, of deltas
	text    int   // size of the text, in bytes
	// members is set if reasoning came in a member for it. It is then not taken from the
	// reasoning details.
	members bool

	messages [3]string          // text, reasoning and refusal of a stream of messages
	others   kinds              // of content of other choices
	aside    [2]strings.Builder // their text and reasoning
}

// kinds is a set of kinds of content.
type kinds uint8

const (
	texts kinds = 1 << iota
	reasonings
	refusals
	calls
	images
	sounds
	annotations
	details
)

// grow are the kinds that a stream of messages repeats and extends.
const grow = texts | reasonings | refusals

// chunk emits the events of a chunk.
func (a *answer) chunk(c *chunk, whole bool) {
	if c.ID != "" || c.Model != "" || len(c.Choices) > 0 { // Azure's first frame has neither
		a.Start(string(c.ID), c.Model)
	}
	if c.Tier != "" && a.tier == "" || c.Tier != "" && c.Tier != "auto" {
		a.tier = string(c.Tier)
	}
	if c.Usage == nil && c.Groq != nil {
		a.addUsage(c.Groq.Usage)
	}
	if !a.got.started && len(c.Choices) > 0 {
		a.got.started, a.got.choice = true, c.Choices[0].Index
		for i := range c.Choices {
			a.got.choice = min(a.got.choice, c.Choices[i].Index)
		}
	}
	for i := range c.Choices {
		a.addUsage(c.Choices[i].Usage)
		a.choice(&c.Choices[i], whole)
	}
	a.addUsage(c.Usage)
	for _, source := range c.sources() {
		a.addSource(source)
	}
}

// choice emits the events of a choice. The choice that comes first is the answer.
func (a *answer) choice(c *choice, whole bool) {
	if c.Index != a.got.choice {
		a.otherChoice(c, whole)
		return
	}
	if c.FinishReason != nil && *c.FinishReason != "" {
		a.finish = string(*c.FinishReason)
	}
	if whole {
		a.blankFinish = c.FinishReason != nil
		a.wholeMessage(c)
	} else {
		a.delta(c.Delta)
		a.message(c.Message)
	}
	if l := c.Logprobs; l != nil && len(l.Content)+len(l.Refusal) > 0 {
		a.EmitLogprobs(provider.ConvertLogprobs(l.Content))
		a.EmitLogprobs(provider.ConvertLogprobs(l.Refusal))
	}
}

// wholeMessage emits the events of a reply that is not streamed. Its answer is in the
// message, and content that the message does not have is taken from the delta.
func (a *answer) wholeMessage(c *choice) {
	for _, content := range [...]*content{c.Message, c.Delta} {
		if content == nil {
			continue
		}
		a.normalize(content)
		content.drop(a.got.kinds)
		a.got.kinds |= content.kinds()
		a.emit(content, content == c.Message, content.Content.Text)
	}
}

// delta emits the events of a delta.
func (a *answer) delta(c *content) {
	if c == nil {
		return
	}
	a.normalize(c)
	a.got.kinds |= c.kinds()
	a.emit(c, false, "")
}

// message emits the events of a message in a stream. It repeats the deltas, so only content
// of other kinds is taken. If there are messages only, each one repeats the one before it.
func (a *answer) message(c *content) {
	if c == nil {
		return
	}
	a.normalize(c)
	text := c.Content.Text
	c.drop(a.got.kinds)
	a.got.kinds |= c.kinds() &^ grow
	for i, member := range [...]*string{&c.Content.Text, &c.Reasoning.Text, &c.Refusal} {
		if more, ok := strings.CutPrefix(*member, a.got.messages[i]); ok {
			a.got.messages[i], *member = *member, more
		} else {
			a.got.messages[i] += *member
		}
	}
	a.emit(c, true, text)
}

// otherChoice takes the content of a second choice. If the request asked for one answer, the
// choice is a part of it: GitHub Copilot sends the text and the tool calls of Claude in
// separate choices. Text is taken only if the answer's choice has none.
func (a *answer) otherChoice(c *choice, whole bool) {
	if a.asksForSeveral() {
		return
	}
	first, second := c.Delta, c.Message
	if whole {
		first, second = second, first
	}
	for i, content := range [...]*content{first, second} {
		if content == nil || i > 0 && a.got.others != 0 {
			continue
		}
		a.normalize(content)
		kinds := content.kinds()
		if kinds == 0 {
			continue
		}
		a.got.others |= kinds
		a.got.aside[0].WriteString(content.Content.Text)
		a.got.aside[1].WriteString(content.Reasoning.Text)
		const indexes = 1 << 16 // of each choice
		a.addCalls(content, content == c.Message, c.Index*indexes)
		return
	}
}

// asksForSeveral reports whether the request may ask for several choices.
func (a *answer) asksForSeveral() bool {
	options := llmutil.OptionsFor[Options](a.Request.Options)
	_, several := options.Extra["n"]
	return several || options.Hook != nil
}

// addAside emits the text of other choices at the end of an answer without text.
func (a *answer) addAside() {
	if a.got.text > 0 || a.got.aside[0].Len() == 0 {
		return
	}
	if a.got.kinds&reasonings == 0 {
		a.say(llm.EventReasoning, a.got.aside[1].String())
	}
	a.sealReasoning()
	a.say(llm.EventText, a.got.aside[0].String())
}

// say emits a piece of text, reasoning or refusal.
func (a *answer) say(typ llm.EventType, text string) {
	switch typ {
	case llm.EventText:
		a.got.text += len(text)
		a.got.kinds |= texts
		a.emitAnswer(text)
		return
	case llm.EventReasoning:
		a.got.kinds |= reasonings
	}
	a.EmitText(typ, text)
}

// emit emits the events of a content. It is whole if it is a message. Its annotations are
// about the given text.
func (a *answer) emit(c *content, whole bool, cited string) {
	a.EmitText(llm.EventReasoning, c.Reasoning.Text)
	a.details.add(c.ReasoningDetails, whole)
	a.details.addOpaque(c.ReasoningOpaque)
	if c.kinds()&^(reasonings|details) != 0 {
		a.sealReasoning()
	}
	a.got.text += len(c.Content.Text)
	a.emitAnswer(c.Content.Text)
	if !httpcall.IsBlank(c.ExtraContent) {
		a.extra = c.ExtraContent
	}
	if len(c.Images) > 0 || len(c.ToolCalls) > 0 {
		a.think.flush(a.EmitText)
		a.sealText()
	}
	a.EmitText(llm.EventRefusal, c.Refusal)
	for i := range c.Images {
		if c.Images[i].ImageURL.URL == "" {
			continue
		}
		a.Emit(llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: c.Images[i].image()}})
	}
	a.addCalls(c, whole, 0)
	a.addCited(c, cited)
	if c.Audio != nil {
		a.sound.add(c.Audio)
	}
}

// addCalls adds the tool calls of a content, to the server's indexes from first on.
func (a *answer) addCalls(c *content, whole bool, first int) {
	for i := range c.ToolCalls {
		fragment := c.ToolCalls[i].fragment(i, whole)
		if fragment.Index >= 0 {
			fragment.Index += first
		}
		fragment.ProviderData = a.provider.opaque(c.ToolCalls[i].ExtraContent)
		a.AddCall(fragment)
	}
}

// normalize removes empty values, and brings each kind of content into one member: the text
// into Content.Text, and the reasoning into Reasoning.Text.
func (a *answer) normalize(c *content) {
	c.dropBlankCalls()
	if c.FunctionCall != nil && len(c.ToolCalls) == 0 {
		c.ToolCalls = []callFragment{{Index: new(0), Function: *c.FunctionCall}}
	}
	if c.Audio != nil && *c.Audio == (audio{}) {
		c.Audio = nil
	}
	if httpcall.IsBlank(c.ReasoningDetails) {
		c.ReasoningDetails = nil
	}
	if unknown := c.takeParts(); unknown != "" {
		a.unknownPart = unknown
	}
	text, reasoning := c.texts()
	a.got.members = a.got.members || reasoning != ""
	if !a.got.members && c.ReasoningDetails != nil {
		reasoning = detailTexts(c.ReasoningDetails)
	}
	c.Content, c.Reasoning = mixedText{Text: text}, mixedText{Text: reasoning}
	c.ReasoningContent, c.ReasoningText = mixedText{}, mixedText{}
}

// kinds returns the kinds of content that a normalized content has.
func (c *content) kinds() (all kinds) {
	for i, has := range [...]bool{
		c.Content.Text != "", c.Reasoning.Text != "", c.Refusal != "", len(c.ToolCalls) > 0,
		len(c.Images) > 0, c.Audio != nil, len(c.Annotations) > 0, c.ReasoningDetails != nil || c.ReasoningOpaque != "",
	} {
		if has {
			all |= 1 << i
		}
	}
	return all
}

// drop removes content of the given kinds from a normalized content.
func (c *content) drop(all kinds) {
	if all&texts != 0 {
		c.Content.Text = ""
	}
	if all&reasonings != 0 {
		c.Reasoning.Text = ""
	}
	if all&refusals != 0 {
		c.Refusal = ""
	}
	if all&calls != 0 {
		c.ToolCalls = nil
	}
	if all&images != 0 {
		c.Images = nil
	}
	if all&sounds != 0 {
		c.Audio = nil
	}
	if all&annotations != 0 {
		c.Annotations = nil
	}
	if all&details != 0 {
		c.ReasoningDetails, c.ReasoningOpaque = nil, ""
	}
}
