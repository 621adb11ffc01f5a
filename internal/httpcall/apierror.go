package httpcall

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// apiError is the error that a server reports in a reply's body.
type apiError struct {
	Message    string
	Code       string // "context_length_exceeded"; a numeric code is in Number
	Type       string // "invalid_request_error", "RESOURCE_EXHAUSTED"
	Reason     string // the more exact code of Google and Azure: "API_KEY_INVALID"
	Number     int    // a code that is an HTTP status
	RetryAfter time.Duration
	RequestID  string // of Anthropic
}

// name returns the most exact code of the error.
func (e apiError) name() string {
	for _, code := range e.codes() {
		if code != "" {
			return code
		}
	}
	return itoa(e.Number)
}

// codes returns the codes that may determine the kind, the most exact first.
func (e apiError) codes() [3]string { return [3]string{e.Reason, e.Code, e.Type} }

// readAPIError reads an error in each of these formats:
//
//	{"error":{"message":…,"type":…,"code":…}}      OpenAI and compatible servers, llama.cpp
//	{"error":{"code":400,"status":…,"details":[]}} Google, also as an element of a list
//	{"error":"text"}                               Ollama; the text may itself be JSON
//	{"message":…}, {"detail":…}                    gateways, FastAPI
//	plain text or a web page                       proxies
func readAPIError(data []byte) apiError {
	return readNested(bytes.TrimSpace(data), maxNested)
}

// maxNested is the maximum number of levels at which an error is wrapped in others: Ollama
// wraps llama.cpp's {"error":{…}} in a string in an object, and gateways wrap it again.
const maxNested = 6

// readNested reads an error that is wrapped in at most depth others.
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

// apiErrorJSON has the members of all formats of error objects.
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
	Details   json.RawMessage `json:"details"`    // Google
	RequestID json.RawMessage `json:"request_id"` // Anthropic

	// Cerebras adds the status to an error inside a stream: ErrorChunkResponse in
	// types/chat/chat_completion.py of github.com/Cerebras/cerebras-cloud-sdk-python v1.67.0.
	StatusCode json.RawMessage `json:"status_code"`
}

func (o *apiErrorJSON) apiError(depth int) apiError {
	if IsSet(o.Error) && !isBool(o.Error) { // "error":true comes with a separate "message"
		inner := readNested(bytes.TrimSpace(o.Error), depth-1)
		if inner.Code == "" && inner.Number == 0 { // some servers put the code next to "error"
			inner.Code, inner.Number = codeOf(o.Code)
		}
		if inner.Number == 0 {
			_, inner.Number = codeOf(o.StatusCode)
		}
		if text := ""; json.Unmarshal(o.RequestID, &text) == nil {
			inner.RequestID = text
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
			nested := readNested(bytes.TrimSpace(text), depth-1)
			c.Message = nested.Message
			if c.Code == "" && c.Type == "" { // the text was itself an error object
				c.Code, c.Type = nested.Code, nested.Type
			}
			break
		}
	}
	c.readDetails(o.Details)
	return c
}

// readDetails reads Google's error details: the reason from ErrorInfo, and the wait from
// RetryInfo. Source:
// https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
func (e *apiError) readDetails(data json.RawMessage) {
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
			e.Reason = d.Reason
		}
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil && wait > 0 && wait < maxWait {
			e.RetryAfter = wait
		}
	}
}

// codeOf reads a code: a word, or a number with or without quotes. It returns a number only
// if it is an HTTP status; other numbers are returned as text.
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
		return "", 0 // an object or a list is not a code
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

// maxExcerpt limits the part of a server's text that an error message contains, in bytes.
const maxExcerpt = 1000

// excerpt returns a server's text as one printable line. For a web page, it returns the
// title.
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
