package apierror

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Error is an error that a server reported.
type Error struct {
	// Message is the server's explanation in one line, with the explanations of nested causes.
	// It is "" if the server gave none.
	Message string
	// Code is the most exact code or type, as the server wrote it.
	Code string
	// RequestID is the id of the request, if the body contains it.
	RequestID string
	// RetryAfter is the wait that the body asks for, or 0.
	RetryAfter time.Duration

	codes  []string // the codes and types, the most exact first
	texts  []string // the complete messages, for the table of texts
	number int      // a code that is an HTTP status
	hidden int      // an HTTP status in another member
}

// Read reads an error in each of these formats, also if they are nested in each other:
//
//	{"error":{"message":…,"type":…,"code":…}}      OpenAI and compatible servers, llama.cpp
//	{"error":{"code":400,"status":…,"details":[]}} Google, also as an element of a list
//	{"error":"text"}                               Ollama; the text may itself be JSON
//	{"error":{…,"metadata":{"raw":…}}}             OpenRouter, with the provider's own error
//	{"message":…}, {"detail":…}, {"errors":[…]}    gateways, FastAPI, Cloudflare
//	{"base_resp":{"status_code":…,"status_msg":…}} MiniMax
//	{"error_type":…,"error_message":…}             NVIDIA, Vercel
//	plain text or a web page                       proxies
func Read(data []byte) Error {
	e := read(bytes.TrimSpace(data), maxNested)
	e.Message = Excerpt([]byte(e.Message))
	e.Code = ""
	for _, code := range e.codes {
		if e.Code = strings.TrimPrefix(code, baseResp); e.Code != "" {
			break
		}
	}
	if e.Code == "" && e.number != 0 {
		e.Code = strconv.Itoa(e.number)
	}
	return e
}

// maxNested is the maximum number of levels at which an error is wrapped in others: Ollama
// wraps llama.cpp's {"error":{…}} in a string in an object, and gateways wrap it again.
const maxNested = 6

// read reads an error that is wrapped in at most depth others.
func read(data []byte, depth int) Error {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return Error{}
	}
	if depth > 0 {
		switch data[0] {
		case '[':
			if list := first(maxListed, data); len(list) > 0 {
				return readList(list, depth-1)
			}
		case '"':
			var text string
			if json.Unmarshal(data, &text) == nil {
				return read([]byte(text), depth-1)
			}
		case '{':
			var o object
			if o.decode(data) {
				return o.read(data, depth)
			}
		}
	}
	message := Excerpt(data)
	if message == "" {
		return Error{}
	}
	text := string(data)
	if strings.HasPrefix(text, "<") { // of a web page, only the title
		text = message
	}
	return Error{Message: message, texts: []string{text}}
}

// maxListed limits the number of errors of a list that are read.
const maxListed = 3

// first returns the first n elements of a list in JSON, or nil if the data is not a list. The
// elements after them are not decoded: a server can send a great number.
func first(n int, data []byte) (list []json.RawMessage) {
	if !json.Valid(data) || data[0] != '[' {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return nil
	}
	for d.More() && len(list) < n {
		var element json.RawMessage
		if d.Decode(&element) != nil {
			return nil
		}
		list = append(list, element)
	}
	return list
}

// readList reads a list of errors: Google's list of one error, and the lists of FastAPI and
// Cloudflare, of which each element is a cause.
func readList(list []json.RawMessage, depth int) Error {
	e := read(list[0], depth)
	for _, data := range list[1:] {
		e.add(read(data, depth), "; ")
	}
	return e
}

// add adds another cause to an error. Its codes are less exact.
func (e *Error) add(cause Error, separator string) {
	e.Message = join(e.Message, separator, cause.Message)
	e.codes = append(e.codes, cause.codes...)
	e.texts = append(e.texts, cause.texts...)
	e.merge(cause)
}

// wrap adds the cause of an error, whose codes are more exact.
func (e *Error) wrap(cause Error) {
	e.Message = join(e.Message, ": ", cause.Message)
	e.codes = append(cause.codes, e.codes...)
	e.texts = append(e.texts, cause.texts...)
	e.merge(cause)
}

// merge takes the other values of a cause.
func (e *Error) merge(cause Error) {
	if e.number == 0 {
		e.number = cause.number
	}
	if e.hidden == 0 {
		e.hidden = cause.hidden
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = cause.RetryAfter
	}
	if e.RequestID == "" {
		e.RequestID = cause.RequestID
	}
}

// addCode adds a code, unless it is empty or known.
func (e *Error) addCode(code string) {
	if code != "" && !slices.Contains(e.codes, code) {
		e.codes = append(e.codes, code)
	}
}

// say adds a text to the message.
func (e *Error) say(text, separator string) {
	if text != "" {
		e.Message = join(e.Message, separator, Excerpt([]byte(text)))
		e.texts = append(e.texts, text)
	}
}

// join joins two texts, unless the first contains the second.
func join(a, separator, b string) string {
	switch {
	case b == "" || strings.Contains(a, b):
		return a
	case a == "" || strings.Contains(b, a):
		return b
	}
	return strings.TrimRight(a, ":. ") + separator + b
}
