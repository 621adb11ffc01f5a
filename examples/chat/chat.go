package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/config"
	"github.com/parley-llm/parley/providers/llama"
)

// chat is a running conversation: the model, the messages, and the screen.
type chat struct {
	env        env
	screen     *screen
	model      *llm.Model
	cfg        *config.Config // the config file, or nil: it names models, and owns their connections
	talk       conversation
	interrupts <-chan os.Signal
	images     []llm.Part   // sent with the next message
	unanswered *llm.Message // the last message, if its answer failed
}

// close closes the model, or all models of the config file.
func (c *chat) close() {
	closing := c.model.Close
	if c.cfg != nil {
		closing = c.cfg.Close
	}
	if err := closing(); err != nil {
		c.screen.failure(err, "")
	}
}

// answerOnce sends one prompt and shows the answer. The prompt consists of the words and of
// standard input. answerOnce returns the exit status.
func (c *chat) answerOnce(ctx context.Context, words string) int {
	prompt := words
	if !c.env.isTerminal(c.env.stdin) {
		input, err := io.ReadAll(c.env.stdin)
		if err != nil {
			c.screen.failure(fmt.Errorf("cannot read standard input: %w", err), "")
			return 1
		}
		prompt = strings.Trim(words+"\n\n"+strings.TrimRight(string(input), "\r\n"), "\n")
	}
	if strings.TrimSpace(prompt) == "" {
		c.screen.failure(errors.New("empty prompt: pass the prompt as arguments or on standard input"), "")
		return 1
	}
	// Interrupts are handled from here on. While the program read its input, Ctrl-C ended it.
	pressed, stop := c.env.interrupts()
	defer stop()
	c.interrupts = pressed
	switch err := c.ask(ctx, llm.User(prompt)); {
	case errors.Is(err, errStopped):
		c.screen.note("stopped")
		return 130 // the usual status of a program that Ctrl-C ended
	case err != nil:
		c.screen.failure(err, "")
		return 1
	}
	return 0
}

// ask sends the conversation and a message, and shows the answer. If the answer is complete,
// ask adds the message and the answer to the conversation. If the user stops the answer, ask
// returns errStopped, and adds both if the answer has any text.
func (c *chat) ask(ctx context.Context, message llm.Message) error {
	ctx, release := stoppable(ctx, c.interrupts)
	defer release()
	show := newRenderer(c.screen)
	stream := c.model.Stream(llama.WithProgress(ctx, show.progress), c.talk.request(message))
	err := show.events(stream.Events())
	stopped := err != nil && errors.Is(context.Cause(ctx), errStopped)
	if stopped {
		err = errStopped
	}
	response := stream.Response()
	answer := withoutCalls(response.Messages)
	if err == nil || stopped && hasText(answer) {
		c.talk.add(message, answer)
		c.unanswered = nil
	} else {
		c.unanswered = &message
	}
	if err == nil {
		show.summary(response)
	}
	return err
}

// withoutCalls returns the messages without tool calls. This program has no tools, but a model
// can still call one, and servers reject conversations in which a call has no result.
func withoutCalls(messages []llm.Message) []llm.Message {
	var kept []llm.Message
	for _, m := range messages {
		var parts []llm.Part
		for _, part := range m.Parts {
			if _, isCall := part.(llm.ToolCall); !isCall {
				parts = append(parts, part)
			}
		}
		if len(parts) > 0 {
			kept = append(kept, llm.Message{Role: m.Role, Name: m.Name, Parts: parts})
		}
	}
	return kept
}

// hasText reports whether any of the messages has text.
func hasText(messages []llm.Message) bool {
	for _, m := range messages {
		if m.Text() != "" {
			return true
		}
	}
	return false
}
