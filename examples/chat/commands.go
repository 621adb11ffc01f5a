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

// maxImage is the maximum size of an image, in bytes. Most providers accept images up to this
// size.
const maxImage = 20 << 20

// command is a command that the user enters with a leading slash.
type command struct {
	name, argument string
	help           string
	run            func(c *chat, ctx context.Context, argument string) error
}

// commands returns all commands. A variable would be an initialization cycle, because /help
// lists the commands.
func commands() []command {
	return []command{
		{"model", "provider/name", "switch to another model, by default of the same provider; without a name, show the model", (*chat).setModel},
		{"system", "text", "set the system message; without text, remove it", (*chat).setSystem},
		{"image", "path-or-URL", "add an image to the next message", (*chat).addImage},
		{"retry", "", "send the last message again after an error", (*chat).retry},
		{"reset", "", "start a new conversation", (*chat).reset},
		{"save", "file", "write the conversation to a file, as JSON", (*chat).save},
		{"load", "file", "continue a conversation from a file", (*chat).load},
		{"help", "", "list the commands", (*chat).help},
		{"quit", "", "exit", func(*chat, context.Context, string) error { return errQuit }},
	}
}

// help runs /help.
func (c *chat) help(context.Context, string) error {
	var b strings.Builder
	for _, known := range commands() {
		fmt.Fprintf(&b, "%-22s %s\n", strings.TrimSpace("/"+known.name+" "+known.argument), known.help)
	}
	b.WriteString(`End a line with \ to continue the message on the next line. Start a message with // to send a leading slash.` + "\n")
	b.WriteString(`A message of several lines is between lines with """, or is pasted.` + "\n")
	b.WriteString("Ctrl-C stops an answer, Ctrl-D exits.")
	c.screen.note("%s", b.String())
	return nil
}

// setModel runs /model.
func (c *chat) setModel(_ context.Context, name string) error {
	if name == "" {
		c.screen.note("model: %s", c.model)
		if c.cfg != nil {
			c.screen.note("models of the config file: %s", strings.Join(c.cfg.Names(), ", "))
		}
		return nil
	}
	if !strings.Contains(name, "/") && c.cfg == nil { // another model of the same provider
		provider, _, _ := strings.Cut(c.model.String(), "/")
		name = provider + "/" + name
	}
	if c.cfg != nil { // it resolves the file's names, and opens other models with the file's settings
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

// setSystem runs /system.
func (c *chat) setSystem(_ context.Context, text string) error {
	c.talk.system = text
	if text == "" {
		c.screen.note("system message removed")
		return nil
	}
	c.screen.note("system message set")
	return nil
}

// retry runs /retry.
func (c *chat) retry(ctx context.Context, _ string) error {
	if c.unanswered == nil {
		c.screen.note("The last message did not fail.")
		return nil
	}
	return c.turn(ctx, *c.unanswered)
}

// reset runs /reset.
func (c *chat) reset(context.Context, string) error {
	c.talk.messages, c.images, c.unanswered = nil, nil, nil
	c.screen.note("new conversation")
	return nil
}

// save runs /save.
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

// load runs /load.
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

// addImage runs /image.
func (c *chat) addImage(_ context.Context, location string) error {
	image, err := openImage(location)
	if err != nil {
		return err
	}
	c.images = append(c.images, image)
	c.screen.note("%s added to the next message", plural(len(c.images), "image"))
	return nil
}

// openImage returns the image at a URL or in a file.
func openImage(location string) (llm.Image, error) {
	if strings.HasPrefix(location, "https://") || strings.HasPrefix(location, "http://") {
		return llm.Image{URL: location}, nil
	}
	path, err := filePath(location)
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

// filePath returns the path that a command names.
func filePath(argument string) (string, error) {
	if argument == "" {
		return "", errors.New("missing argument: add the name of a file")
	}
	return expand(argument)
}

// plural returns the number and the noun, in the plural unless n is 1.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// nearest returns the command that is most similar to a misspelled name, or "".
func nearest(name string) string {
	best, least := "", 3 // a name with more than two errors gets no suggestion
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

// distance returns the Levenshtein distance: the number of letters to add, remove or replace
// to turn a into b.
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
