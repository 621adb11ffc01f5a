package httpcall

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// apiError is the error in a reply, independent of its JSON form.
type apiError struct {
	Message    string
	Code       string // "context_length_exceeded"; a number stands in Number
	Type       string // "invalid_request_error", "RESOURCE_EXHAUSTED"
	Reason     string // Google's and Azure's more exact word: "API_KEY_INVALID"
	Number     int    // a code that is an HTTP status
	RetryAfter time.Duration
}

// name returns the most exact code of the error.
func (c apiError) name() string {
	for _, word := range [...]string{c.Reason, c.Code, c.Type} {
		if word != "" {
			return word
		}
	}
	return itoa(c.Number)
}

// words returns the codes that can determine the kind, most exact first, in lower case.
func (c apiError) words() [3]string {
	return [3]string{strings.ToLower(c.Reason), strings.ToLower(c.Code), strings.ToLower(c.Type)}
}

// readAPIError reads an error in any of the forms that servers use:
//
//	{"error":{"message":…,"type":…,"code":…}}      OpenAI and its dialect, llama.cpp
//	{"error":{"code":400,"status":…,"details":[]}} Google, also as an element of a list
//	{"error":"text"}                               Ollama; the text may itself be JSON
//	{"message":…}, {"detail":…}                    gateways, FastAPI
//	text or a web page                             proxies
func readAPIError(data []byte) apiError {
	return readNested(bytes.TrimSpace(data), maxNested)
}

// maxNested is the maximum nesting of an error. Ollama wraps llama.cpp's {"error":{…}} in a
// string in an object, and gateways wrap that again.
const maxNested = 6

// readNested reads an error that can be wrapped in others, up to depth times.
func readNested(data []byte, depth int) apiError {
	if len(data) == 0 {
		return apiError{}
	}
	if depth > 0 {
		switch data[0] {
		case '[':
			var list []json.RawMessage
			if json.Unmarshal(data, &list) == nil && len(list) > 0 {
				return readNested(list[0], depth-1)
			}
		case '"':
			var text string
			if json.Unmarshal(data, &text) == nil {
				return readNested([]byte(strings.TrimSpace(text)), depth-1)
			}
		case '{':
			var o apiErrorJSON
			if json.Unmarshal(data, &o) == nil {
				return o.apiError(depth)
			}
		}
	}
	return apiError{Message: excerpt(data)}
}

// apiErrorJSON has the members of all forms of error object.
type apiErrorJSON struct {
	Error   json.RawMessage `json:"error"`
	Message json.RawMessage `json:"message"`
	Msg     json.RawMessage `json:"msg"`
	Detail  json.RawMessage `json:"detail"`
	Type    json.RawMessage `json:"type"`
	Status  json.RawMessage `json:"status"`
	Code    json.RawMessage `json:"code"`
	Inner   *struct {
		Code string `json:"code"`
	} `json:"innererror"` // Azure
	Details json.RawMessage `json:"details"` // Google

	// Cerebras, beside an error inside a stream: ErrorChunkResponse in types/chat/chat_completion.py
	// of github.com/Cerebras/cerebras-cloud-sdk-python v1.67.0.
	StatusCode json.RawMessage `json:"status_code"`
}

func (o *apiErrorJSON) apiError(depth int) apiError {
	if IsSet(o.Error) && !isBool(o.Error) { // true means that the message has the error
		inner := readNested(bytes.TrimSpace(o.Error), depth-1)
		if inner.Code == "" && inner.Number == 0 { // some put the code beside the error
			inner.Code, inner.Number = codeOf(o.Code)
		}
		if inner.Number == 0 {
			_, inner.Number = codeOf(o.StatusCode)
		}
		return inner
	}
	var c apiError
	c.Code, c.Number = codeOf(o.Code)
	c.Type, _ = codeOf(o.Type)
	if c.Type == "" {
		c.Type, _ = codeOf(o.Status)
	}
	if o.Inner != nil {
		c.Reason = o.Inner.Code
	}
	for _, text := range [...]json.RawMessage{o.Message, o.Msg, o.Detail} {
		if IsSet(text) {
			said := readNested(bytes.TrimSpace(text), depth-1)
			c.Message = said.Message
			if c.Code == "" && c.Type == "" { // the text was itself JSON
				c.Code, c.Type = said.Code, said.Type
			}
			break
		}
	}
	c.readDetails(o.Details)
	return c
}

// readDetails reads Google's error details, of which ErrorInfo has the reason
// and RetryInfo the time to wait:
// https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
func (c *apiError) readDetails(data json.RawMessage) {
	var details []struct {
		Type       string `json:"@type"`
		Reason     string `json:"reason"`
		RetryDelay string `json:"retryDelay"` // "20s", "1.5s"
	}
	if json.Unmarshal(data, &details) != nil {
		return // not Google's details
	}
	for _, d := range details {
		if strings.HasSuffix(d.Type, "ErrorInfo") && d.Reason != "" {
			c.Reason = d.Reason
		}
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil && wait > 0 && wait < absurd {
			c.RetryAfter = wait
		}
	}
}

// codeOf reads a code: a word, or a number with or without quotes.
func codeOf(raw json.RawMessage) (word string, number int) {
	if !IsSet(raw) {
		return "", 0
	}
	text := string(raw)
	if raw[0] == '"' && json.Unmarshal(raw, &text) != nil {
		return "", 0
	}
	if n, err := strconv.Atoi(text); err == nil {
		if n >= 100 && n <= 599 {
			return "", n
		}
		return text, 0
	}
	if raw[0] != '"' {
		return "", 0 // an object or a list: no code
	}
	return text, 0
}

// IsSet reports whether a member of a JSON object is present and not null.
func IsSet(raw json.RawMessage) bool {
	return len(raw) > 0 && !bytes.Equal(raw, []byte("null"))
}

// IsBlank reports whether a member of a JSON object is absent, null, or an empty value of
// any type. Some servers send such values for members that they do not use.
func IsBlank(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "false", "0", `""`, "{}", "[]":
		return true
	}
	return false
}

func isBool(raw json.RawMessage) bool { return raw[0] == 't' || raw[0] == 'f' }

// maxExcerpt is the maximum length in bytes of a server's text in a message.
const maxExcerpt = 1000

// excerpt returns a server's text as one printable line. Of a web page, it returns the title.
func excerpt(data []byte) string {
	text := string(data)
	lower := strings.ToLower(text)
	if i := strings.Index(lower, "<title>"); i >= 0 && len(lower) == len(text) {
		if j := strings.Index(lower[i:], "</title>"); j >= 0 {
			text = text[i+len("<title>") : i+j]
		}
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxExcerpt {
		text = strings.ToValidUTF8(text[:maxExcerpt], "") + "…"
	}
	return text
}
