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

// conversation is what has been said. It belongs to no model.
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

// request returns the request that asks next.
func (c *conversation) request(next llm.Message) *llm.Request {
	return &llm.Request{Messages: append(c.all(), next)}
}

func (c *conversation) add(question llm.Message, answer []llm.Message) {
	c.messages = append(append(c.messages, question), answer...)
}

// save writes the conversation as a JSON array of messages. A file that is
// there already is replaced if it is empty or holds a conversation too, and
// left alone if it is anything else.
func (c *conversation) save(path string) error {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(old) > 0 {
		if _, err := parseConversation(old); err != nil {
			return fmt.Errorf("%s is there already and is not a conversation: %w", path, err)
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

// replaceFile writes a file that only its owner can read. The data goes to a
// new file first, so that a full disk does not cost the old one.
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

// loadConversation reads what save wrote.
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

// expand replaces a leading ~ by the home directory, as a shell would.
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
