package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parley-llm/parley/llm"
)

const (
	promptFirst = "> "
	promptMore  = "… "
	offerRetry  = "Press Enter or use /retry to try again."
)

// errQuit is returned by /quit.
var errQuit = errors.New("quit")

// converse reads and answers messages until the user exits. It returns the exit status.
func (c *chat) converse(ctx context.Context) int {
	pressed, stop := c.env.interrupts()
	defer stop()
	c.interrupts = pressed
	in := c.openInput()
	defer in.close()

	c.screen.note("Ctrl-C stops an answer, Ctrl-D exits, /help lists the commands.")
	for {
		line, err := c.prompt(ctx, in)
		if err == nil {
			err = c.handle(ctx, line)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, errQuit):
			return 0
		case err != nil:
			c.screen.failure(err, "")
			return 1
		}
	}
}

// prompt reads a message from the user: see [draft]. It returns [io.EOF] if the user exits.
func (c *chat) prompt(ctx context.Context, in lineSource) (string, error) {
	var message draft
	pressedBefore := false
	for {
		in.begin(c.screen, message.prompt())
		stopped := false
		select {
		case got := <-in.next():
			if stopped = got.stopped; stopped {
				break
			}
			if got.err != nil {
				c.screen.endLine()
				return "", got.err
			}
			c.screen.entered()
			pressedBefore = false
			if message.add(got) {
				return message.text(), nil
			}
		case <-c.interrupts:
			stopped = true
		case <-ctx.Done():
			c.screen.endLine()
			return "", ctx.Err()
		}
		if stopped {
			c.screen.endLine()
			if pressedBefore {
				return "", io.EOF
			}
			c.screen.note("Press Ctrl-C again or Ctrl-D to exit.")
			message, pressedBefore = draft{}, true
		}
	}
}

// handle answers a message or runs a command. Failures are shown on the screen. If handle
// returns an error, the program exits.
func (c *chat) handle(ctx context.Context, line string) error {
	switch {
	case strings.HasPrefix(line, "//"): // a message that begins with a slash
		return c.turn(ctx, c.message(line[1:]))
	case strings.HasPrefix(line, "/"):
		return c.command(ctx, line)
	case strings.TrimSpace(line) != "":
		return c.turn(ctx, c.message(line))
	case c.unanswered != nil:
		return c.turn(ctx, *c.unanswered)
	}
	return nil
}

// message returns a message with the text and the images that were added to it.
func (c *chat) message(text string) llm.Message {
	m := llm.User(text, c.images...)
	c.images = nil
	return m
}

// turn sends a message, and shows the answer or the error.
func (c *chat) turn(ctx context.Context, message llm.Message) error {
	err := c.ask(ctx, message)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errWrite):
		return err // without output, the conversation cannot continue
	case errors.Is(err, errStopped) && c.unanswered == nil:
		c.screen.note("stopped; the partial answer is part of the conversation")
	case errors.Is(err, errStopped):
		c.screen.note("stopped before the answer started. %s", offerRetry)
	case err != nil:
		c.screen.failure(err, offerRetry)
	}
	return nil
}

// command runs a line such as "/model openai/gpt-6-luna".
func (c *chat) command(ctx context.Context, line string) error {
	name, argument, _ := strings.Cut(line[1:], " ")
	for _, known := range commands() {
		if known.name != name {
			continue
		}
		err := known.run(c, ctx, strings.TrimSpace(argument))
		if err == nil || errors.Is(err, errQuit) || errors.Is(err, errWrite) || ctx.Err() != nil {
			return err
		}
		c.screen.failure(err, "")
		return nil
	}
	suggestion := ""
	if near := nearest(name); near != "" {
		suggestion = fmt.Sprintf(" Did you mean /%s?", near)
	}
	c.screen.note("Unknown command /%s.%s /help lists the commands.", name, suggestion)
	return nil
}
