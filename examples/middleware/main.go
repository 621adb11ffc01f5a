// Command middleware shows a user-defined middleware: it removes the addresses of people from
// requests, and puts them back into the answers.
//
//	go run ./examples/middleware "Write to bob@example.com that we meet at nine."
//
// It is registered, so that a config file can use it: middleware: [mask: {word: person}].
package main

import (
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
	config.RegisterMiddleware("mask", config.Middleware{New: func() config.Settings { return new(Mask) }, AllowUntrusted: true})
}

// Mask has the settings of the middleware. A config file can set its exported fields.
type Mask struct {
	Word string `yaml:"word"` // replaces each address, with a number; the default is "address"
}

var address = regexp.MustCompile(`[\w.+-]+@[\w-]+(\.[\w-]+)+`)

// Middleware returns the middleware. Its state belongs to one call.
func (m Mask) Middleware() (llm.Middleware, error) {
	if m.Word == "" {
		m.Word = "address"
	}
	return func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			if call.Op != llm.OpChat {
				return next(ctx, call) // the others have nothing to put back
			}
			return func(yield func(llm.Event, error) bool) {
				masked, names := m.mask(call)
				unmask, held := strings.NewReplacer(names...), ""
				for ev, err := range next(ctx, masked) {
					if ev.Type == llm.EventText && err == nil {
						held += ev.Text
						ev.Text, held = whole(held) // a mask may come in two pieces
						ev.Text = unmask.Replace(ev.Text)
					} else if held != "" {
						if !yield(llm.Event{Type: llm.EventText, Text: unmask.Replace(held)}, nil) {
							return
						}
						held = ""
					}
					if (ev.Type != llm.EventText || ev.Text != "") && !yield(ev, err) { // the caller has left
						return
					}
				}
			}
		}
	}, nil
}

// whole splits a text before its end that can be the beginning of a mask.
func whole(text string) (ready, rest string) {
	if i := strings.LastIndexByte(text, '<'); i >= 0 && !strings.Contains(text[i:], ">") && len(text)-i < 40 {
		return text[:i], text[i:]
	}
	return text, ""
}

// mask returns the call without addresses, and pairs of a mask and its address. Other
// middleware can hold the same call, so mask changes a copy.
func (m Mask) mask(call *llm.Call) (*llm.Call, []string) {
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
						masks[found] = fmt.Sprintf("<%s%d>", m.Word, len(masks)+1)
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
	mask, err := Mask{}.Middleware()
	if err != nil {
		log.Fatal(err)
	}
	model := result.Model.With(llm.WithMiddleware(mask))
	resp, err := model.Generate(ctx, llm.Prompt(strings.Join(os.Args[1:], " ")))
	if err := errors.Join(err, model.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Text())
}
