// Package prompt renders conversations as plain prompts in the named formats with which
// models of the LLaMA family were trained. It is for models without a chat template,
// behind engines that accept a plain prompt.
//
// A prompt is a list of pieces. Each piece is text or a control token.
//
// Security: text and control tokens must be kept apart. For example, "<|im_end|>" typed
// by a user is text and must not end the user's turn. The provider is responsible for
// sending the pieces to its engine accordingly.
package prompt

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Prompt is a rendered conversation, up to the position at which the model continues.
//
// It does not contain the token that begins a text, because engines add the one of the
// model.
type Prompt struct {
	// Pieces never contains two adjacent texts, because a tokenizer must process them as
	// one.
	Pieces []Piece
	// Stop lists texts that end the model's turn, for models that write them as text.
	Stop []string
	// Continues reports whether the conversation ends with the beginning of the answer.
	// The model then continues from there.
	Continues bool
}

// Piece is a stretch of text, or the name of one control token.
type Piece struct {
	Text    string
	Control bool
}

// String returns the prompt as one text. In it, control tokens are indistinguishable from
// text that looks like them.
func (p *Prompt) String() string {
	var b strings.Builder
	for _, piece := range p.Pieces {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// Format renders conversations as prompts. It is immutable and safe for concurrent use.
type Format struct {
	name  string
	stop  []string
	write func(*writer, *conversation)
	// folds is set if the format has no system messages. They are then added to the user
	// message that follows.
	folds bool
	// pairs is set if user messages and answers must alternate.
	pairs bool
	// trims is set if the models were trained on texts without leading and trailing white
	// space.
	trims bool
}

// Named returns the format with the given name. The error for an unknown name lists the
// known names.
func Named(name string) (*Format, error) {
	if other, ok := aliases[name]; ok {
		name = other
	}
	if f, ok := formats[name]; ok {
		f.name = name
		return &f, nil
	}
	return nil, fmt.Errorf("unknown prompt format %q: use one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all formats in alphabetical order.
func Names() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range maps.Keys(formats) {
			if !yield(name) {
				return
			}
		}
		for name := range maps.Keys(aliases) {
			if !yield(name) {
				return
			}
		}
	})
}

// Render returns the prompt of a conversation. If the last message is from the assistant,
// it is the beginning of the answer: it is appended unchanged, and the model continues
// from its end.
//
// Render returns an error if the conversation contains something that a plain prompt
// cannot express, such as an image or a tool result, or if the roles are not in an order
// that the format supports.
func (f *Format) Render(messages []llm.Message) (*Prompt, error) {
	c, err := f.conversation(messages)
	if err != nil {
		return nil, err
	}
	var w writer
	f.write(&w, c)
	w.text(c.begun)
	return &Prompt{Pieces: w.pieces, Stop: f.stop, Continues: c.continues}, nil
}

// conversation is the input of a format: the turns with their roles.
type conversation struct {
	system    string // before the first turn, if the format supports that
	turns     []turn
	begun     string // beginning of the answer
	continues bool
}

type turn struct {
	role llm.Role
	// texts are the texts of the turn, one for each part. "alpaca" uses them to separate
	// an instruction from its input.
	texts []string
}

func (t turn) text() string { return strings.Join(t.texts, "") }

// conversation converts the messages to turns that the format can write.
func (f *Format) conversation(messages []llm.Message) (*conversation, error) {
	c := new(conversation)
	for i, m := range messages {
		texts, err := texts(m)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		if i == len(messages)-1 && m.Role == llm.RoleAssistant {
			c.begun, c.continues = strings.Join(texts, ""), true
			break
		}
		if f.trims {
			texts = trimmed(texts)
		}
		c.turns = append(c.turns, turn{m.Role, texts})
	}
	if f.folds || f.pairs {
		f.takeSystem(c)
	}
	if f.pairs {
		c.merge()
		if err := f.checkPairs(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// takeSystem removes the system messages from the turns. If the format has a place for
// them, those at the beginning become the system text of the conversation. All others are
// added to the user message that follows.
func (f *Format) takeSystem(c *conversation) {
	var turns []turn
	var waiting []string
	for _, t := range c.turns {
		switch {
		case t.role == llm.RoleSystem && len(turns) == 0 && !f.folds:
			c.system = joined(c.system, t.text())
		case t.role == llm.RoleSystem:
			waiting = append(waiting, t.text())
		case t.role == llm.RoleUser && len(waiting) > 0:
			t.texts = slices.Concat([]string{strings.Join(waiting, "\n\n") + "\n\n" + first(t.texts)}, rest(t.texts))
			turns, waiting = append(turns, t), nil
		default:
			turns = append(turns, t)
		}
	}
	if len(waiting) > 0 { // no user message follows, so the instructions become one
		turns = append(turns, turn{llm.RoleUser, []string{strings.Join(waiting, "\n\n")}})
	}
	c.turns = turns
}

// merge combines adjacent turns of the same role.
func (c *conversation) merge() {
	var turns []turn
	for _, t := range c.turns {
		if n := len(turns); n > 0 && turns[n-1].role == t.role {
			turns[n-1].texts = []string{joined(turns[n-1].text(), t.text())}
			continue
		}
		turns = append(turns, t)
	}
	c.turns = turns
}

func (f *Format) checkPairs(c *conversation) error {
	switch n := len(c.turns); {
	case n == 0 || c.turns[0].role != llm.RoleUser:
		return fmt.Errorf("the prompt format %q requires that a conversation begins with a user message", f.name)
	case c.turns[n-1].role != llm.RoleUser: // two answers at the end; the last one is to be continued
		return fmt.Errorf("the prompt format %q requires a user message before an answer that is continued", f.name)
	}
	return nil
}

// texts returns the texts of a message. It returns an error for a part that a plain
// prompt cannot express, because leaving the part out would change the message.
func texts(m llm.Message) ([]string, error) {
	if m.Role == llm.RoleTool {
		return nil, errors.New("plain prompts do not support tool results")
	}
	var texts []string
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			texts = append(texts, p.Text)
		case llm.Refusal: // the model sees it as its earlier answer
			texts = append(texts, p.Text)
		case llm.Reasoning, llm.Opaque: // not sent back to models
		default:
			return nil, fmt.Errorf("plain prompts do not support %T", part)
		}
	}
	return texts, nil
}

func trimmed(texts []string) []string {
	if len(texts) == 0 {
		return texts
	}
	out := slices.Clone(texts)
	out[0] = strings.TrimLeft(out[0], " \t\r\n")
	out[len(out)-1] = strings.TrimRight(out[len(out)-1], " \t\r\n")
	return out
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n\n" + b
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

func rest(texts []string) []string {
	if len(texts) == 0 {
		return nil
	}
	return texts[1:]
}

// writer collects the pieces of a prompt.
type writer struct{ pieces []Piece }

func (w *writer) text(texts ...string) {
	for _, text := range texts {
		n := len(w.pieces)
		switch {
		case text == "":
		case n > 0 && !w.pieces[n-1].Control:
			w.pieces[n-1].Text += text
		default:
			w.pieces = append(w.pieces, Piece{Text: text})
		}
	}
}

func (w *writer) control(name string) { w.pieces = append(w.pieces, Piece{name, true}) }
