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
	offerRetry  = "Enter or /retry asks again."
)

// errQuit is what /quit returns.
var errQuit = errors.New("quit")

// converse reads lines and answers them until the person leaves. It returns
// the exit status.
func (c *chat) converse(ctx context.Context) int {
	pressed, stop := c.env.interrupts()
	defer stop()
	c.interrupts = pressed
	in := readLines(c.env.stdin)
	defer in.close()

	c.screen.note("Ctrl-C stops an answer, Ctrl-D leaves, /help lists the commands.")
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

// prompt returns what the person types next: a line, or several of which all
// but the last end in a backslash. [io.EOF] means that the person leaves.
func (c *chat) prompt(ctx context.Context, in *input) (string, error) {
	var earlier strings.Builder
	prompt, pressedBefore := promptFirst, false
	for {
		c.screen.prompt(prompt)
		select {
		case line, ok := <-in.lines:
			if !ok {
				c.screen.endLine()
				if in.err != nil {
					return "", in.err
				}
				return "", io.EOF
			}
			c.screen.entered()
			start, more := strings.CutSuffix(line, `\`)
			earlier.WriteString(start)
			if !more {
				return earlier.String(), nil
			}
			earlier.WriteByte('\n')
			prompt, pressedBefore = promptMore, false
		case <-c.interrupts:
			c.screen.endLine()
			if pressedBefore {
				return "", io.EOF
			}
			c.screen.note("Ctrl-C again, or Ctrl-D, leaves.")
			earlier.Reset()
			prompt, pressedBefore = promptFirst, true
		case <-ctx.Done():
			c.screen.endLine()
			return "", ctx.Err()
		}
	}
}

// handle answers a line. What goes wrong is shown, and the conversation goes
// on: an error ends it.
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

// message returns the person's message, with the images that wait for it.
func (c *chat) message(text string) llm.Message {
	m := llm.User(text, c.images...)
	c.images = nil
	return m
}

func (c *chat) turn(ctx context.Context, message llm.Message) error {
	err := c.ask(ctx, message)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, errWrite):
		return err // there is nowhere to show a conversation
	case errors.Is(err, errStopped) && c.unanswered == nil:
		c.screen.note("stopped; what there is of the answer is kept")
	case errors.Is(err, errStopped):
		c.screen.note("stopped before the answer began. %s", offerRetry)
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
	c.screen.note("There is no /%s.%s /help lists the commands.", name, suggestion)
	return nil
}
