// Package chattemplate renders conversations with the chat templates in models' files: Jinja as
// Hugging Face's transformers library runs it.
//
// The result is a list of pieces: text, and control tokens. Only control tokens that the
// template wrote are control tokens. The name of one in a message is text.
//
// Security: a template is not trusted. Its steps, its time, its output and the depth of its
// macros are bounded, see guard. It runs in the caller's goroutine, and ends when the context
// does. It has no access to anything but its input and the date.
package chattemplate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ardanlabs/jinja"

	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/llm"
)

// Template is a compiled template. It is immutable and safe for concurrent use.
type Template struct {
	source   string
	compiled *jinja.Template
	texts    []jinja.Value // the texts between its tags
	special  *marker
	tokens   map[string]string // bos_token and eos_token

	// Objects is false if the template wants the arguments of tool calls as a text.
	objects bool
	shortID bool // the ids of tool calls must have nine letters or digits
}

// Config describes the model of a template.
type Config struct {
	Special  []string // the names of the control tokens
	BOS, EOS string   // the names of two of them
}

// Compile returns the template with this source. The error says which part is not supported.
func Compile(source string, config Config) (*Template, error) {
	guarded, texts, err := guard(source)
	if err != nil {
		return nil, fmt.Errorf("the chat template is not supported: %w", err)
	}
	compiled, err := compile(guarded)
	if err != nil {
		return nil, fmt.Errorf("the chat template is not supported: %w", err)
	}
	t := &Template{
		source: source, compiled: compiled, special: newMarker(config.Special),
		tokens:  map[string]string{"bos_token": config.BOS, "eos_token": config.EOS},
		shortID: strings.Contains(source, "length != 9") || strings.Contains(source, "length == 9"),
	}
	for _, text := range texts {
		t.texts = append(t.texts, jinja.NewString(text))
	}
	t.objects = t.takesObjects()
	return t, nil
}

// compile calls the engine, and returns its panics as errors.
func compile(source string) (t *jinja.Template, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the engine failed: %v", p)
		}
	}()
	return jinja.Compile(source)
}

// Source returns the text of the template.
func (t *Template) Source() string { return t.source }

// Input is a conversation with its settings.
type Input struct {
	Messages []llm.Message
	Tools    []llm.Tool
	// Variables are further variables of the template, for example enable_thinking.
	Variables map[string]any
	// Now is the date for templates that write it.
	Now time.Time
}

// Render returns the prompt of a conversation, up to the position at which the model continues.
// If the last message is from the assistant, it is the beginning of the answer.
//
// A conversation that the template refuses is an error with the template's reason.
func (t *Template) Render(ctx context.Context, in Input) (*prompt.Prompt, error) {
	p, err := t.render(ctx, in)
	if err == nil || ctx.Err() != nil || !hasSystem(in.Messages) {
		return p, err
	}
	// Many templates have no system messages. They are then part of the next user message.
	in.Messages = foldSystem(in.Messages)
	if p, folded := t.render(ctx, in); folded == nil {
		return p, nil
	}
	return nil, err
}

func (t *Template) render(ctx context.Context, in Input) (*prompt.Prompt, error) {
	texts := append(allTexts(in), t.source)
	w := &writer{template: t, marker: t.special.unused(texts...)}
	data, err := w.data(in)
	if err != nil {
		return nil, err
	}
	b := newBudget(ctx)
	maps.Copy(data, b.functions(t.texts))
	data["strftime_now"] = function("strftime_now", func(v jinja.Value) (jinja.Value, error) {
		if !v.IsString() {
			return v, errors.New("strftime_now: the format is not a text")
		}
		return jinja.NewString(strftime(v.AsString(), in.Now)), nil
	})
	rendered, err := run(t.compiled, data)
	if err != nil {
		return nil, err
	}
	if w.begun {
		at := strings.LastIndex(rendered, w.end)
		if at < 0 {
			return nil, errors.New("the chat template does not write the beginning of an answer at the end of the conversation")
		}
		rendered = rendered[:at]
	}
	return &prompt.Prompt{Pieces: w.marker.split(rendered), Continues: w.begun}, nil
}

// run calls the engine, and returns its panics as errors.
func run(t *jinja.Template, data map[string]jinja.Value) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the chat template failed: %v", p)
		}
	}()
	text, err = t.RenderValues(data)
	if err != nil {
		err = fmt.Errorf("the chat template refuses the conversation: %w", err)
	}
	return text, err
}

// takesObjects reports whether the template writes the arguments of tool calls from objects. A
// template that joins them to other text wants a text of JSON.
func (t *Template) takesObjects() bool {
	probe := []llm.Message{
		llm.User("a"),
		{Role: llm.RoleAssistant, Parts: []llm.Part{llm.ToolCall{ID: "probe0001", Name: "probe", Arguments: `{"parleykey":"parleyvalue"}`}}},
		llm.ToolResults(llm.ToolResult{CallID: "probe0001", Name: "probe", Content: "b"}),
		llm.User("c"),
	}
	written := func(objects bool) bool {
		other := *t
		other.objects = objects
		p, err := other.render(context.Background(), Input{Messages: probe})
		if err != nil {
			return false
		}
		text := p.String()
		return strings.Contains(text, "parleyvalue") && !strings.Contains(text, "'parleykey'") && !strings.Contains(text, `\"parleykey`)
	}
	return written(true) || !written(false)
}

func hasSystem(messages []llm.Message) bool {
	return slices.ContainsFunc(messages, func(m llm.Message) bool { return m.Role == llm.RoleSystem })
}

// foldSystem makes system messages part of the user message that follows.
func foldSystem(messages []llm.Message) []llm.Message {
	var out []llm.Message
	var waiting []llm.Part
	for _, m := range messages {
		switch {
		case m.Role == llm.RoleSystem:
			waiting = append(waiting, llm.Text{Text: m.Text() + "\n\n"})
		case m.Role == llm.RoleUser && len(waiting) > 0:
			m.Parts = slices.Concat(waiting, m.Parts)
			out, waiting = append(out, m), nil
		default:
			out = append(out, m)
		}
	}
	if len(waiting) > 0 {
		out = append(out, llm.Message{Role: llm.RoleUser, Parts: waiting})
	}
	return out
}

// strftime formats a date by Python's directives.
// https://docs.python.org/3/library/datetime.html#format-codes
func strftime(format string, now time.Time) string {
	layouts := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05",
		'B': "January", 'b': "Jan", 'A': "Monday", 'a': "Mon", 'p': "PM", 'Z': "MST", 'z': "-0700", 'j': "002",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if layout, ok := layouts[format[i]]; ok {
			b.WriteString(now.Format(layout))
		} else if format[i] == '%' {
			b.WriteByte('%')
		} else {
			b.WriteString(format[i-1 : i+1])
		}
	}
	return b.String()
}
