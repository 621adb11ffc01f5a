package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// maxMessage is the maximum length of a displayed error, in runes.
const maxMessage = 400

// message returns the text of an error on one line.
func message(err error) string {
	text := strings.Join(strings.Fields(strings.Replace(err.Error(), "parley: ", "", 1)), " ")
	if runes := []rune(text); len(runes) > maxMessage {
		text = string(runes[:maxMessage]) + "…"
	}
	return text
}

// hint returns a sentence with advice about an error. It returns "" if there is no advice, or
// if the error's text already contains it. The names of variables and servers are those of the
// provider's driver.
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
			return fmt.Sprintf("Download it with \"ollama pull %s\".", e.Model)
		}
		return "Check the model's name and the server's address."
	case llm.Retired:
		return "Choose another model."
	case llm.RateLimited:
		if e.RetryAfter > 0 {
			return fmt.Sprintf("Wait %s.", e.RetryAfter.Round(time.Second))
		}
		return "Try again later."
	case llm.Overloaded, llm.Server:
		return "This is a server error: try again later."
	case llm.Network:
		if driver.Start != "" {
			return fmt.Sprintf("Is the server running? If not, %s, or set %s.", driver.Start, driver.URLEnv)
		}
		return "Check the network and the server's address."
	case llm.Timeout:
		return "The server may be busy, or still loading the model."
	case llm.Protocol:
		return "Check that this is the address of a model server."
	case llm.Incomplete:
		return "The connection closed before the end of the answer."
	case llm.ContextLength:
		return "Start a new conversation, or choose a model with a larger context window."
	case llm.ContentFilter:
		return "The provider's content filter blocked this: rephrase the message."
	}
	return ""
}
