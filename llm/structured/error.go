package structured

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Reason is the reason why there is no value.
type Reason string

// The reasons.
const (
	Refused  Reason = "refused"  // the model refused to answer
	Cut      Reason = "cut"      // the answer reached the token limit
	Filtered Reason = "filtered" // the provider blocked the answer
	Invalid  Reason = "invalid"  // the answer does not match the type, also after repairs
)

// Error is the error of an answer that is not a value of the type. Errors of the call itself
// are [*llm.Error] values.
type Error struct {
	Reason Reason
	// Raw is the text of the last answer.
	Raw string
	// Findings are the problems of an invalid answer, with the JSON pointers of the values.
	Findings []string
	// NotEnforced is true if the backend was not able to enforce the schema.
	NotEnforced bool
	// Usage is the usage of all requests.
	Usage llm.Usage
	// Response is the last response.
	Response *llm.Response
}

// Error returns the reason, and the problems or the words of the model.
func (e *Error) Error() string {
	var text string
	switch e.Reason {
	case Refused:
		text = "the model refused to answer"
		if refusal := e.Response.Refusal(); refusal != "" {
			text += ": " + refusal
		}
	case Cut:
		text = "the answer was cut by the token limit: raise MaxTokens"
	case Filtered:
		text = "the provider blocked the answer"
	default:
		text = "the answer does not match the type: " + strings.Join(e.Findings, "; ")
		if e.NotEnforced {
			text += " (the backend did not enforce the schema)"
		}
	}
	return "parley: structured: " + strings.ReplaceAll(text, "\n", " ")
}
