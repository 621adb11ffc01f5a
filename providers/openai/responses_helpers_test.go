package openai_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// typed makes an event stream of the data of its events, each named by its type.
func typed(data ...string) string {
	var b strings.Builder
	for _, d := range data {
		var head struct {
			Type string `json:"type"`
		}
		if json.Unmarshal([]byte(d), &head) == nil && head.Type != "" {
			b.WriteString("event: " + head.Type + "\n")
		}
		b.WriteString("data: " + d + "\n\n")
	}
	return b.String()
}

const (
	created   = `{"type":"response.created","response":{"id":"resp_1","object":"response","model":"gpt-6","status":"in_progress","output":[]},"sequence_number":0}`
	completed = `{"type":"response.completed","response":{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":7,"output_tokens":5,"total_tokens":12}}}`
)

// added and doneItem are events about the item at an index.
func added(index int, item string) string    { return itemEvent("added", index, item) }
func doneItem(index int, item string) string { return itemEvent("done", index, item) }

func itemEvent(what string, index int, item string) string {
	return `{"type":"response.output_item.` + what + `","output_index":` + strconv.Itoa(index) + `,"item":` + item + `}`
}

// deltaOf is a delta of a text of the item at an index.
func deltaOf(typ string, index int, text string) string {
	return `{"type":"response.` + typ + `.delta","item_id":"i","output_index":` + strconv.Itoa(index) + `,"content_index":0,"delta":` + quote(text) + `}`
}

// wholeText is the event for the end of a text of the item at an index.
func wholeText(typ string, index int, member, text string) string {
	return `{"type":"response.` + typ + `.done","item_id":"i","output_index":` + strconv.Itoa(index) + `,"content_index":0,"` + member + `":` + quote(text) + `}`
}

// messageItem is a message with a text.
func messageItem(text string) string {
	return `{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":` + quote(text) + `,"annotations":[]}]}`
}

func callItem(id, name, arguments string) string {
	return `{"type":"function_call","id":"fc_` + id + `","call_id":"` + id + `","name":"` + name + `","arguments":` + quote(arguments) + `,"status":"completed"}`
}

// readStream returns the answer that a stream of the Responses API is read as.
func readStream(t testing.TB, body string) (*llm.Response, error) {
	t.Helper()
	return ask(t, model(t, responsesConfig, streams(body)))
}

// roundTrip returns messages that were stored as JSON and read again.
func roundTrip(t testing.TB, messages []llm.Message) (stored []llm.Message) {
	t.Helper()
	data, err := json.Marshal(messages)
	if err == nil {
		err = json.Unmarshal(data, &stored)
	}
	if err != nil {
		t.Fatal(err)
	}
	return stored
}
