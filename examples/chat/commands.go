package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// maxImage is the size in bytes up to which most providers take an image.
const maxImage = 20 << 20

// command is what a line that begins with a slash does.
type command struct {
	name, argument string
	help           string
	run            func(c *chat, ctx context.Context, argument string) error
}

// commands is a function because /help is one of them.
func commands() []command {
	return []command{
		{"model", "provider/name", "go on with another model, or say which it is", (*chat).setModel},
		{"system", "text", "set the system message; without text, remove it", (*chat).setSystem},
		{"image", "path-or-URL", "add an image to the next message", (*chat).addImage},
		{"retry", "", "ask again what failed", (*chat).retry},
		{"reset", "", "forget what was said", (*chat).reset},
		{"save", "file", "write the conversation to a file, as JSON", (*chat).save},
		{"load", "file", "go on with a conversation from a file", (*chat).load},
		{"help", "", "list the commands", (*chat).help},
		{"quit", "", "leave", func(*chat, context.Context, string) error { return errQuit }},
	}
}

func (c *chat) help(context.Context, string) error {
	var b strings.Builder
	for _, known := range commands() {
		fmt.Fprintf(&b, "%-22s %s\n", strings.TrimSpace("/"+known.name+" "+known.argument), known.help)
	}
	b.WriteString(`A line that ends in \ goes on in the next. A message that begins with / is typed with //.` + "\n")
	b.WriteString("Ctrl-C stops an answer; Ctrl-D leaves.")
	c.screen.note("%s", b.String())
	return nil
}

func (c *chat) setModel(_ context.Context, name string) error {
	if name == "" {
		c.screen.note("model: %s", c.model)
		if c.cfg != nil {
			c.screen.note("the config file's: %s", strings.Join(c.cfg.Names(), ", "))
		}
		return nil
	}
	if c.cfg != nil { // it has the file's own names, and opens others by the file's rules
		model, err := c.cfg.Model(name)
		if err == nil {
			c.model = model
			c.screen.note("model: %s", model)
		}
		return err
	}
	model, err := c.env.open(name)
	if err != nil {
		return err
	}
	old := c.model
	c.model = model
	c.screen.note("model: %s", model)
	return old.Close()
}

func (c *chat) setSystem(_ context.Context, text string) error {
	c.talk.system = text
	if text == "" {
		c.screen.note("no system message")
		return nil
	}
	c.screen.note("system message set")
	return nil
}

func (c *chat) retry(ctx context.Context, _ string) error {
	if c.unanswered == nil {
		c.screen.note("There is nothing to ask again.")
		return nil
	}
	return c.turn(ctx, *c.unanswered)
}

func (c *chat) reset(context.Context, string) error {
	c.talk.messages, c.images, c.unanswered = nil, nil, nil
	c.screen.note("a new conversation")
	return nil
}

func (c *chat) save(_ context.Context, path string) error {
	path, err := filePath(path)
	if err != nil {
		return err
	}
	if err := c.talk.save(path); err != nil {
		return err
	}
	c.screen.note("saved %s to %s", plural(len(c.talk.all()), "message"), path)
	return nil
}

func (c *chat) load(_ context.Context, path string) error {
	path, err := filePath(path)
	if err != nil {
		return err
	}
	talk, err := loadConversation(path)
	if err != nil {
		return err
	}
	c.talk, c.images, c.unanswered = talk, nil, nil
	c.screen.note("loaded %s from %s", plural(len(c.talk.all()), "message"), path)
	return nil
}

func (c *chat) addImage(_ context.Context, place string) error {
	image, err := openImage(place)
	if err != nil {
		return err
	}
	c.images = append(c.images, image)
	c.screen.note("%s with the next message", plural(len(c.images), "image"))
	return nil
}

func openImage(place string) (llm.Image, error) {
	if strings.HasPrefix(place, "https://") || strings.HasPrefix(place, "http://") {
		return llm.Image{URL: place}, nil
	}
	path, err := filePath(place)
	if err != nil {
		return llm.Image{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return llm.Image{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxImage {
		return llm.Image{}, fmt.Errorf("%s is not a file of at most %d MB", path, maxImage>>20)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return llm.Image{}, err
	}
	mediaType := http.DetectContentType(data)
	if !strings.HasPrefix(mediaType, "image/") {
		return llm.Image{}, fmt.Errorf("%s is not an image, but %s", path, mediaType)
	}
	return llm.Image{MediaType: mediaType, Data: data}, nil
}

func filePath(argument string) (string, error) {
	if argument == "" {
		return "", errors.New("the command needs the name of a file")
	}
	return expand(argument)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// nearest returns the command that name may be a slip of, or "".
func nearest(name string) string {
	best, least := "", 3 // more slips than two are another word
	for _, known := range commands() {
		if name != "" && strings.HasPrefix(known.name, name) {
			return known.name
		}
		if d := distance(name, known.name); d < least && d < len(known.name)-1 {
			best, least = known.name, d
		}
	}
	return best
}

// distance is the Levenshtein distance: how many letters to add, drop or
// replace to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
