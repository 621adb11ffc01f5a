package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// maxMessage is the length of the longest message, in runes.
const maxMessage = 400

// message returns the text of an error on one line.
func message(err error) string {
	text := strings.Join(strings.Fields(strings.Replace(err.Error(), "parley: ", "", 1)), " ")
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}

// hint returns a sentence with the fix for an error, or "" if there is none or the error has
// it. The names of variables and servers come from the provider's driver.
func hint(err error) string {
	e, ok := errors.AsType[*llm.Error](err)
	if !ok || strings.Contains(e.Message, "ollama pull ") || strings.Contains(e.Message, "ollama serve") {
		return ""
	}
	driver, _ := providers.Lookup(e.Provider)
	switch e.Kind {
	case llm.Auth:
		if len(driver.KeyEnv) > 0 {
			return fmt.Sprintf("Set the environment variable %s to a valid key.", driver.KeyEnv[0])
		}
		return "Check the key of this provider."
	case llm.Permission:
		return "The key is valid, but may not use this model: choose another."
	case llm.Quota:
		return "See the provider's billing page, or choose another model."
	case llm.NotFound:
		if e.Provider == "" {
			return "" // the config file has no such name, and the message lists its names
		}
		if e.Provider == "ollama" && e.Model != "" {
			return fmt.Sprintf("Fetch it first: \"ollama pull %s\".", e.Model)
		}
		return "Check the model's name and the server's address."
	case llm.Retired:
		return "Choose another model."
	case llm.RateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Wait %s.", e.RetryAfter.Round(time.Second))
		}
		return "Wait a little."
	case llm.Overloaded, llm.Server:
		return "The trouble is the server's: it may pass."
	case llm.Network:
		if driver.Start != "" {
			return fmt.Sprintf("Is the server running? If not, %s, or set %s.", driver.Start, driver.URLEnv)
		}
		return "Is the network up, and the server's address right?"
	case llm.Timeout:
		return "The server may be busy, or still loading the model."
	case llm.Protocol:
		return "Is this the address of a model server?"
	case llm.Incomplete:
		return "The connection ended before the answer did."
	case llm.ContextLength:
		return "Begin a new conversation, or choose a model with a longer context."
	case llm.ContentFilter:
		return "The provider will not process this: put it differently."
	}
	return ""
}
