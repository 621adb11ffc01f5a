package apierror

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object has the members of all formats of error objects. To read one more member, add a
// field.
type object struct {
	Error    json.RawMessage `json:"error"`
	Errors   json.RawMessage `json:"errors"`   // Cloudflare
	Response json.RawMessage `json:"response"` // OpenAI's response.failed
	Fault    json.RawMessage `json:"fault"`    // Apigee

	Message          json.RawMessage `json:"message"`
	Msg              json.RawMessage `json:"msg"`
	Detail           json.RawMessage `json:"detail"` // FastAPI, RFC 9457
	ErrorMessage     json.RawMessage `json:"error_message"`
	ErrorMsg         json.RawMessage `json:"error_msg"`         // Baidu
	ErrorDescription json.RawMessage `json:"error_description"` // OAuth
	FaultString      json.RawMessage `json:"faultstring"`       // Apigee
	Title            json.RawMessage `json:"title"`             // RFC 9457
	Location         json.RawMessage `json:"loc"`               // pydantic: the refused member

	Code      json.RawMessage `json:"code"`
	ErrorCode json.RawMessage `json:"error_code"`
	Type      json.RawMessage `json:"type"`
	ErrorType json.RawMessage `json:"error_type"` // NVIDIA, text-generation-inference
	AWSType   json.RawMessage `json:"__type"`
	Status    json.RawMessage `json:"status"`

	// The status in an error inside a stream. Cerebras has it beside the error:
	// ErrorChunkResponse in types/chat/chat_completion.py of
	// github.com/Cerebras/cerebras-cloud-sdk-python v1.67.0. Groq has it in the error.
	StatusCode json.RawMessage `json:"status_code"`
	StatusJava json.RawMessage `json:"statusCode"`
	HTTPCode   json.RawMessage `json:"http_code"` // MiniMax

	BaseResp *struct {
		Code    int    `json:"status_code"`
		Message string `json:"status_msg"`
	} `json:"base_resp"` // MiniMax

	// Causes.
	Inner    json.RawMessage `json:"innererror"` // Azure
	Cause    json.RawMessage `json:"cause"`
	Value    json.RawMessage `json:"value"` // Vercel's gateway
	Metadata *metadata       `json:"metadata"`
	Details  json.RawMessage `json:"details"`           // Google
	Failed   string          `json:"failed_generation"` // Groq: the text that is not a tool call

	RequestID   string          `json:"request_id"`
	RequestJava string          `json:"requestId"`
	RetryAfter  json.RawMessage `json:"retry_after"`
}

// metadata is OpenRouter's. https://openrouter.ai/docs/errors
type metadata struct {
	Provider   string          `json:"provider_name"`
	Raw        json.RawMessage `json:"raw"`     // the provider's own error
	Reasons    []string        `json:"reasons"` // of moderation
	RetryAfter json.RawMessage `json:"retry_after_seconds"`
}

// baseResp precedes MiniMax's numbers in the table of codes.
const baseResp = "base_resp "

func (o *object) read(data []byte, depth int) Error {
	var e Error
	for _, inner := range [...]json.RawMessage{o.Error, o.Response, o.Fault} {
		if isSet(inner) && !isBool(inner) { // "error":true comes with a separate "message"
			e = read(inner, depth-1)
			break
		}
	}
	word := ""
	if isSet(o.ErrorDescription) { // OAuth: the error is a code
		word, e = e.Message, Error{}
	}
	o.addMessages(&e, depth)
	o.addCodes(&e)
	e.addCode(word)
	if o.BaseResp != nil && o.BaseResp.Code != 0 {
		e.say(o.BaseResp.Message, ": ")
		e.addCode(baseResp + strconv.Itoa(o.BaseResp.Code))
	}
	o.addCauses(&e, depth)
	if e.Message == "" {
		e.say(unknownMember(data), "")
	}
	return e
}

// addMessages adds the messages of the object. Only the first of those that servers use
// instead of each other is added.
func (o *object) addMessages(e *Error, depth int) {
	for _, raw := range [...]json.RawMessage{
		o.Message, o.Msg, o.Detail, o.ErrorMessage, o.ErrorMsg, o.ErrorDescription, o.FaultString, o.Errors, o.Title,
	} {
		if isBlank(raw) {
			continue
		}
		said := read(raw, depth-1)
		if e.Message == "" {
			e.wrap(said)
		} else {
			e.add(said, ": ")
		}
		break
	}
	if place := placeOf(o.Location); place != "" && e.Message != "" {
		e.Message = Excerpt([]byte(place)) + ": " + e.Message
	}
}

// maxPlace limits the steps of a location that are read.
const maxPlace = 20

// placeOf returns a location, which is a list of names and indexes, as a path such as
// "body.messages.0".
func placeOf(location json.RawMessage) string {
	if !isSet(location) {
		return ""
	}
	var place []string
	for _, step := range first(maxPlace, location) {
		var name string
		if json.Unmarshal(step, &name) != nil {
			name = string(step)
		}
		place = append(place, name)
	}
	return strings.Join(place, ".")
}

// addCodes adds the codes and types of the object.
func (o *object) addCodes(e *Error) {
	for _, raw := range [...]json.RawMessage{o.Code, o.ErrorCode} {
		word, number := codeOf(raw)
		e.addCode(word)
		if e.number == 0 {
			e.number = number
		}
	}
	for _, raw := range [...]json.RawMessage{o.Type, o.ErrorType, o.AWSType} {
		word, _ := codeOf(raw)
		if word != "error" && word != "about:blank" {
			e.addCode(word[strings.LastIndexByte(word, '#')+1:]) // AWS: namespace#Type
		}
	}
	for _, raw := range [...]json.RawMessage{o.Status, o.StatusCode, o.StatusJava, o.HTTPCode} {
		word, number := codeOf(raw)
		if len(e.codes) == 0 {
			e.addCode(word)
		}
		if e.hidden == 0 {
			e.hidden = number
		}
	}
}

// addCauses adds the causes that the object contains, and the other members of an error.
func (o *object) addCauses(e *Error, depth int) {
	if o.Failed != "" { // not in the texts: the model wrote it
		e.Message = join(e.Message, "; ", "failed generation: "+Excerpt([]byte(o.Failed)))
	}
	for _, raw := range [...]json.RawMessage{o.Cause, o.Value, o.Inner} {
		if isSet(raw) && (raw[0] == '{' || raw[0] == '"') {
			e.wrap(read(raw, depth-1))
		}
	}
	if m := o.Metadata; m != nil {
		if isSet(m.Raw) {
			cause := read(m.Raw, depth-1)
			if m.Provider != "" {
				cause.Message = join(m.Provider, ": ", cause.Message)
			}
			e.wrap(cause)
		}
		e.say(strings.Join(m.Reasons, ", "), ": ")
		setWait(e, m.RetryAfter)
	}
	o.addDetails(e)
	setWait(e, o.RetryAfter)
	for _, id := range [...]string{o.RequestID, o.RequestJava} {
		if e.RequestID == "" {
			e.RequestID = id
		}
	}
}

// addDetails adds Google's error details: the reason from ErrorInfo, the wait from RetryInfo,
// and the exceeded quotas from QuotaFailure. Source:
// https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
func (o *object) addDetails(e *Error) {
	var details []struct {
		Type       string `json:"@type"`
		Reason     string `json:"reason"`
		RetryDelay string `json:"retryDelay"` // "20s", "1.5s"
		Violations []struct {
			QuotaID string `json:"quotaId"`
		} `json:"violations"`
	}
	if json.Unmarshal(o.Details, &details) != nil {
		return // not Google's details
	}
	for _, d := range details {
		if strings.HasSuffix(d.Type, "ErrorInfo") && d.Reason != "" {
			e.codes = append([]string{d.Reason}, e.codes...)
		}
		if wait, err := time.ParseDuration(d.RetryDelay); err == nil && wait > 0 && wait < maxWait {
			e.RetryAfter = wait
		}
		for _, v := range d.Violations {
			e.texts = append(e.texts, v.QuotaID)
		}
	}
}

// maxWait is the limit from which a requested wait is considered invalid.
const maxWait = 366 * 24 * time.Hour

// setWait sets the requested wait, a number of seconds.
func setWait(e *Error, raw json.RawMessage) {
	seconds, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err == nil && seconds > 0 && seconds < maxWait.Seconds() {
		e.RetryAfter = time.Duration(seconds * float64(time.Second))
	}
}

// unknownMember returns the text of a member whose name mentions an error, for example
// {"error parsing tool call": …} of Ollama 0.11 (ollama/ollama#11781).
func unknownMember(data []byte) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		var text string
		if strings.Contains(strings.ToLower(name), "error ") && json.Unmarshal(members[name], &text) == nil && text != "" {
			return name + ": " + text
		}
	}
	return ""
}

// codeOf reads a code: a word, or a number with or without quotes. It returns a number only
// if it is an HTTP status; other numbers are returned as text.
func codeOf(raw json.RawMessage) (word string, number int) {
	if !isSet(raw) {
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

// decode decodes an object. Members of another type than expected are ignored.
func (o *object) decode(data []byte) bool {
	err := json.Unmarshal(data, o)
	_, odd := errors.AsType[*json.UnmarshalTypeError](err)
	return err == nil || odd
}

func isSet(raw json.RawMessage) bool  { return len(raw) > 0 && string(raw) != "null" }
func isBool(raw json.RawMessage) bool { return raw[0] == 't' || raw[0] == 'f' }

// isBlank reports whether a member is absent, null, or an empty value of any type.
func isBlank(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "false", "true", "0", `""`, "{}", "[]":
		return true
	}
	return false
}
