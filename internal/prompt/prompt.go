// Package prompt puts conversations into plain prompts, by the named formats in
// which models of the LLaMA family were trained. They are for models without a
// chat template of their own, behind engines that take a plain prompt.
//
// A prompt is a list of pieces, each of them text or a control token, because
// the two must not be mixed up: "<|im_end|>" that a user has typed is text, and
// must not end the user's turn. What an engine does with that is its provider's
// business.
package prompt

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Prompt is a conversation as a model is to read it, up to where it is to go on.
//
// The token that begins a text is not in it: engines add the one that the model
// wants.
type Prompt struct {
	// Pieces never have two texts next to each other: a tokenizer must see them
	// as one.
	Pieces []Piece
	// Stop are texts at which the model's turn has ended, for models that write
	// them out.
	Stop []string
	// Continues says that the conversation ends with the beginning of the
	// answer, so that the model goes on from there.
	Continues bool
}

// Piece is a run of text, or one control token by its name.
type Piece struct {
	Text    string
	Control bool
}

// String returns the prompt as one text, in which control tokens cannot be told
// from text that looks like them.
func (p *Prompt) String() string {
	var b strings.Builder
	for _, piece := range p.Pieces {
		b.WriteString(piece.Text)
	}
	return b.String()
}

// Format is a way to put conversations into prompts. It is immutable.
type Format struct {
	name  string
	stop  []string
	write func(*writer, *conversation)
	// folds says that there is no place for system messages: they go into the
	// user's turn that follows.
	folds bool
	// pairs says that a user's turn and an answer alternate.
	pairs bool
	// trims says that the models were trained on texts without blanks at their edges.
	trims bool
}

// Named returns the format of that name. If there is none, the error names
// those that there are.
func Named(name string) (*Format, error) {
	if other, ok := aliases[name]; ok {
		name = other
	}
	if f, ok := formats[name]; ok {
		f.name = name
		return &f, nil
	}
	return nil, fmt.Errorf("there is no prompt format %q; there is: %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all formats, sorted.
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

// Render returns the prompt of a conversation. An assistant message at its end
// is the beginning of the answer: it follows the prompt to the letter, so that
// the model goes on from exactly there.
//
// What has no place in a plain prompt, such as an image or a tool's result, is
// an error, and so is a conversation that the format cannot hold.
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

// conversation is what a format writes down: its turns, with the role of whose
// turn it is next.
type conversation struct {
	system    string // before the first turn, if the format has a place for it
	turns     []turn
	begun     string // what there is of the answer
	continues bool
}

type turn struct {
	role llm.Role
	// texts are the turn's texts, one for each part: "alpaca" tells an
	// instruction from its input.
	texts []string
}

func (t turn) text() string { return strings.Join(t.texts, "") }

// conversation sorts the messages into turns that the format can write.
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

// takeSystem takes the system messages out of the turns: those at the beginning
// become the conversation's, unless they have no place there, and all others a
// part of the user's turn that follows.
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
	if len(waiting) > 0 { // nothing followed: the instructions are what is asked
		turns = append(turns, turn{llm.RoleUser, []string{strings.Join(waiting, "\n\n")}})
	}
	c.turns = turns
}

// merge makes one turn of turns of the same role that follow each other.
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
		return fmt.Errorf("in the prompt format %q a conversation begins with a user message", f.name)
	case c.turns[n-1].role != llm.RoleUser: // two answers at the end, of which the last is to be continued
		return fmt.Errorf("in the prompt format %q a user message comes before the answer that is to be continued", f.name)
	}
	return nil
}

// texts returns a message's texts. What cannot be part of a plain prompt is an
// error: a message without one of its parts is another message.
func texts(m llm.Message) ([]string, error) {
	if m.Role == llm.RoleTool {
		return nil, errors.New("a plain prompt has no place for the results of tools")
	}
	var texts []string
	for _, part := range m.Parts {
		switch p := part.(type) {
		case llm.Text:
			texts = append(texts, p.Text)
		case llm.Refusal: // to the model, something that it said
			texts = append(texts, p.Text)
		case llm.Reasoning: // which models do not want back
		default:
			return nil, fmt.Errorf("a plain prompt has no place for %T", part)
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

// writer puts a prompt together.
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
