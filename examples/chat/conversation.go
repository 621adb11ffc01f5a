package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// conversation is a list of messages. It can continue with any model.
type conversation struct {
	system   string
	messages []llm.Message
}

// all returns the conversation with its system message.
func (c *conversation) all() []llm.Message {
	if c.system == "" {
		return slices.Clone(c.messages)
	}
	return append([]llm.Message{llm.System(c.system)}, c.messages...)
}

// request returns a request with the conversation and the next message.
func (c *conversation) request(next llm.Message) *llm.Request {
	return &llm.Request{Messages: append(c.all(), next)}
}

// add appends a question and its answer.
func (c *conversation) add(question llm.Message, answer []llm.Message) {
	c.messages = append(append(c.messages, question), answer...)
}

// save writes the conversation to a file, as a JSON array of messages. It replaces an existing
// file only if the file is empty or contains a conversation.
func (c *conversation) save(path string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(old) > 0 {
		if _, err := parseConversation(old); err != nil {
			return fmt.Errorf("%s exists and is not a conversation: choose another name: %w", path, err)
		}
	}
	messages := c.all()
	if messages == nil {
		messages = []llm.Message{} // [], not null
	}
	data, err := json.MarshalIndent(messages, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(data, '\n'))
}

// replaceFile writes a file atomically: if writing fails, for example on a full disk, the old
// file remains. Security: only the owner can read the file.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// loadConversation reads a file that save wrote.
func loadConversation(path string) (conversation, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return conversation{}, err
	}
	c, err := parseConversation(data)
	if err != nil {
		return conversation{}, fmt.Errorf("%s is not a conversation: %w", path, err)
	}
	return c, nil
}

// parseConversation decodes and validates a conversation.
func parseConversation(data []byte) (conversation, error) {
	var c conversation
	if err := json.Unmarshal(data, &c.messages); err != nil {
		return conversation{}, err
	}
	if len(c.messages) == 0 {
		return c, nil
	}
	if err := (&llm.Request{Messages: c.messages}).Validate(); err != nil {
		return conversation{}, err
	}
	if first := c.messages[0]; first.Role == llm.RoleSystem {
		c.system, c.messages = first.Text(), c.messages[1:]
	}
	return c, nil
}

// expand replaces a leading ~ with the home directory, like a shell.
func expand(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	if !ok {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, rest), nil
}
