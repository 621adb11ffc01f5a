// Command middleware shows middleware that a program defines itself: it replaces email
// addresses in the messages to the model, and restores them in the answer.
//
//	go run ./examples/middleware "Write to bob@example.com that we meet at nine."
//
// The middleware is registered, so that a config file can use it: middleware: [mask: {word: person}].
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"regexp"
	"strings"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
)

func init() {
	config.RegisterMiddleware("mask", config.Middleware{New: func() llm.Middleware { return new(Mask) }, AllowUntrusted: true})
}

// Mask is middleware that hides email addresses from the model. Its exported fields are its
// settings, which a config file can set.
type Mask struct {
	Word string `yaml:"word"` // replaces each address, with a number; the default is "address"
}

var address = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`)

// Wrap implements llm.Middleware. Each call has its own state, so that concurrent calls do not
// affect each other.
func (m *Mask) Wrap(next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		if call.Op != llm.OpChat {
			return next(ctx, call) // other operations have no text to restore
		}
		return func(yield func(llm.Event, error) bool) {
			masked, names := m.mask(call)
			unmask, held := strings.NewReplacer(names...), ""
			for ev, err := range next(ctx, masked) {
				if ev.Type == llm.EventText && err == nil {
					held += ev.Text
					ev.Text, held = split(held) // a mask may arrive in two events
					ev.Text = unmask.Replace(ev.Text)
				} else if held != "" {
					if !yield(llm.Event{Type: llm.EventText, Text: unmask.Replace(held)}, nil) {
						return
					}
					held = ""
				}
				if (ev.Type != llm.EventText || ev.Text != "") && !yield(ev, err) { // the caller stopped reading
					return
				}
			}
		}
	}
}

// split returns the part of a text that can be passed on, and a rest that may be the start of
// a mask.
func split(text string) (ready, rest string) {
	if i := strings.LastIndexByte(text, '<'); i >= 0 && !strings.Contains(text[i:], ">") && len(text)-i < 40 {
		return text[:i], text[i:]
	}
	return text, ""
}

// mask returns the call without addresses, and pairs of a mask and its address. Other
// goroutines may read the call, so mask copies the parts that it changes.
func (m *Mask) mask(call *llm.Call) (*llm.Call, []string) {
	word := cmp.Or(m.Word, "address")
	var names []string
	masks := map[string]string{}
	masked := call.Clone()
	masked.Request.Messages = nil
	for _, message := range call.Request.Messages {
		var parts []llm.Part
		for _, part := range message.Parts {
			if text, ok := part.(llm.Text); ok {
				text.Text = address.ReplaceAllStringFunc(text.Text, func(found string) string {
					if masks[found] == "" {
						masks[found] = fmt.Sprintf("<%s%d>", word, len(masks)+1)
						names = append(names, masks[found], found)
					}
					return masks[found]
				})
				part = text
			}
			parts = append(parts, part)
		}
		message.Parts = parts
		masked.Request.Messages = append(masked.Request.Messages, message)
	}
	return masked, names
}

func main() {
	ctx := context.Background()
	result, err := config.Default(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	model := result.Model.With(llm.WithMiddleware(&Mask{}))
	resp, err := model.Generate(ctx, llm.Prompt(strings.Join(os.Args[1:], " ")))
	if err := errors.Join(err, model.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
}
