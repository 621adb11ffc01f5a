package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// Report is the content of a report.json. Members that are not listed here are an error.
type Report struct {
	Cases []Case `json:"cases"`
}

// Case is one call, the server's reply and the expected result.
type Case struct {
	Name    string `json:"name"`
	Sibling bool   `json:"sibling"` // not in the report, but of the same cause
	Source  string `json:"source"`  // the public source, if README.md does not cite it

	// Model is the name for providers.Open. Its provider selects the dialect and the preset:
	// "openai/m", "openrouter/m", "gemini/m", "ollama/m".
	Model string `json:"model"`
	// BasePath is the path of the base URL with its query, for example "/v1". The default is
	// none.
	BasePath string `json:"base_path"`
	// Settings are the settings of the model's provider, with their names in a config file.
	Settings json.RawMessage `json:"settings"`
	// Env are environment variables of the provider.
	Env map[string]string `json:"env"`

	// Op is the operation. The default is "chat"; the others are "embed" and "list_models".
	Op llm.Op `json:"op"`
	// Request is the chat, with the names of the fields of llm.Request and messages in their
	// JSON form. If there are no messages, the prompt is "hi". Options of the provider are in
	// the member Options of the case.
	Request json.RawMessage `json:"request"`
	// Options are the options of the model's provider, with the names of its Go fields.
	Options json.RawMessage `json:"options"`
	// Inputs are the texts to embed. The default is one text.
	Inputs []string `json:"inputs"`

	Reply Reply `json:"reply"`
	Want  Want  `json:"want"`
}

// Reply is the reply of the server to every request. Its body is in one of Body, Frames and
// File.
type Reply struct {
	Status int               `json:"status"` // 0 means 200
	Header map[string]string `json:"header"` // replaces the default Content-Type
	// Body is the body: a string is sent as text, and other JSON is sent unchanged. The
	// default Content-Type is application/json.
	Body json.RawMessage `json:"body"`
	// Frames are the events of a stream: strings and other JSON, as in Body. The default
	// Content-Type is that of the dialect: text/event-stream, or application/x-ndjson.
	Frames []json.RawMessage `json:"frames"`
	// File names a file in the folder of the report with the body. A name that ends in .sse
	// or .ndjson selects that Content-Type.
	File string `json:"file"`
}

// Want is the expected result. Absent members are not checked, except that a call without
// Error must succeed.
type Want struct {
	Text       *string           `json:"text"`
	Reasoning  *string           `json:"reasoning"`
	Refusal    *string           `json:"refusal"`
	Calls      []Call            `json:"calls"` // [] means none
	Incomplete []Call            `json:"incomplete_calls"`
	Finish     *llm.FinishReason `json:"finish"`
	RawFinish  *string           `json:"raw_finish"`
	Usage      *llm.Usage        `json:"usage"`    // absent counts are unknown; "~5" is an estimate of 5
	Warnings   []string          `json:"warnings"` // a part of each expected warning, in order; [] means none
	Sources    []llm.Source      `json:"sources"`
	Tier       *string           `json:"service_tier"`
	ID         *string           `json:"id"`
	Answered   *string           `json:"answered_by"` // the model that the server names
	RateLimits *llm.RateLimits   `json:"rate_limits"` // with Go's field names; durations in nanoseconds
	Vectors    [][]float32       `json:"vectors"`
	Models     []string          `json:"models"`
	Windows    []int             `json:"windows"` // the context windows of the models
	Ends       []string          `json:"ends"`    // of the models, in the form 2026-11-30; "" is none

	Error *Error `json:"error"`
	// SendsNothing means that the call fails before a request is sent.
	SendsNothing bool `json:"sends_nothing"`

	// Sent is compared with the JSON body of the request. The body may have more members.
	Sent json.RawMessage `json:"sent"`
	// Next is compared in the same way with the body of the next request. It sends the answer
	// back, followed by the result "ok" of each tool call, or by the prompt "go on".
	Next json.RawMessage `json:"next"`
	// SentPath is the path of the request, with its query.
	SentPath *string `json:"sent_path"`
}

// Call is a tool call. Its arguments are compared as text.
type Call struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Error is an expected [llm.Error].
type Error struct {
	Kind       llm.Kind `json:"kind"`
	Code       *string  `json:"code"`
	Status     *int     `json:"status"`
	Message    []string `json:"message"` // parts of the message
	Without    []string `json:"without"` // texts that the message does not contain
	RetryAfter string   `json:"retry_after"`
	Partial    *string  `json:"partial"` // the text before the error
	// Retry reports whether middleware.Retry sends the request a second time.
	Retry *bool `json:"retry"`
}

// Load reads the report in a folder.
func Load(folder string) (*Report, error) {
	data, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		return nil, err
	}
	report := new(Report)
	if err := strict(data, report); err != nil {
		return nil, fmt.Errorf("%s: %w", folder, err)
	}
	return report, nil
}

// Chat returns the request of a chat, without options.
func (c *Case) Chat() (*llm.Request, error) {
	req := new(llm.Request)
	if len(c.Request) > 0 {
		if err := strict(c.Request, req); err != nil {
			return nil, err
		}
	}
	if len(req.Messages) == 0 {
		req.Messages = llm.Prompt("hi").Messages
	}
	return req, nil
}

// Content returns the headers and the body of the reply. The folder is that of the report.
func (r *Reply) Content(folder string, ndjson bool) (http.Header, []byte, error) {
	contentType, body := "application/json", text(r.Body)
	switch {
	case r.File != "":
		data, err := os.ReadFile(filepath.Join(folder, r.File))
		if err != nil {
			return nil, nil, err
		}
		body = data
		switch filepath.Ext(r.File) {
		case ".sse":
			contentType = "text/event-stream"
		case ".ndjson":
			contentType = "application/x-ndjson"
		}
	case len(r.Frames) > 0 && ndjson:
		contentType = "application/x-ndjson"
		for _, frame := range r.Frames {
			body = append(append(body, text(frame)...), '\n')
		}
	case len(r.Frames) > 0:
		contentType = "text/event-stream"
		for _, frame := range r.Frames {
			body = append(body, "data: "+string(text(frame))+"\n\n"...)
		}
	}
	header := http.Header{"Content-Type": {contentType}}
	for name, value := range r.Header {
		header.Set(name, value)
	}
	return header, body, nil
}

// text returns a string's value, and other JSON in one line.
func text(data json.RawMessage) []byte {
	if len(data) == 0 {
		return nil
	}
	var s string
	if data[0] == '"' && json.Unmarshal(data, &s) == nil {
		return []byte(s)
	}
	var line bytes.Buffer
	if json.Compact(&line, data) != nil {
		return data
	}
	return line.Bytes()
}

// strict decodes JSON and rejects unknown members.
func strict(data []byte, v any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
