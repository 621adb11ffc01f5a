package middleware

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-llm/parley/llm"
)

// keptAnswer is an answer as a Store keeps it.
type keptAnswer struct {
	At     time.Time   `json:"at"`
	Events []keptEvent `json:"events"`
}

type keptEvent struct {
	Type   string          `json:"type"` // by its name: numbers change with versions
	Index  int             `json:"index,omitempty"`
	Text   string          `json:"text,omitempty"`
	Detail json.RawMessage `json:"detail,omitempty"`
}

// encodeAnswer returns the events of an answer as bytes.
func encodeAnswer(events []llm.Event) ([]byte, error) {
	answer := keptAnswer{At: time.Now()}
	for _, ev := range events {
		if ev.Type == llm.EventAttempt { // of that call, not of those to come
			continue
		}
		kept := keptEvent{Type: ev.Type.String(), Index: ev.Index, Text: ev.Text}
		if ev.Detail != nil {
			detail, err := json.Marshal(keptDetail(ev.Detail))
			if err != nil {
				return nil, err
			}
			kept.Detail = detail
		}
		answer.Events = append(answer.Events, kept)
	}
	return json.Marshal(answer)
}

// keptDetail returns what is kept of a detail: limits and headers of a reply
// hold for its time only, and what it cost has been paid.
func keptDetail(detail llm.Detail) any {
	free := llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}
	switch d := detail.(type) {
	case *llm.Start:
		return llm.Start{Provider: d.Provider, ID: d.ID, Model: d.Model}
	case *llm.Media: // a message knows how to write a part
		return llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{d.Part}}
	case *llm.EmbedResponse:
		kept := *d
		kept.Usage = free
		return kept
	case *llm.Done:
		kept := *d
		kept.Usage = free
		return kept
	}
	return detail
}

// decodeAnswer returns the events of an answer that was kept, and false if it
// cannot be read, or if there is none.
func decodeAnswer(data []byte) ([]llm.Event, bool) {
	var answer keptAnswer
	if len(data) == 0 || json.Unmarshal(data, &answer) != nil {
		return nil, false
	}
	events := make([]llm.Event, 0, len(answer.Events))
	for _, kept := range answer.Events {
		typ := eventTypes[kept.Type]
		detail, ok := decodeDetail(typ, kept.Detail)
		if typ == 0 || !ok {
			return nil, false
		}
		if start, ok := detail.(*llm.Start); ok {
			age := max(0, time.Since(answer.At))
			start.Header = http.Header{ // RFC 9211 and RFC 9111 section 5.1
				"Cache-Status": {"parley; hit"},
				"Age":          {strconv.Itoa(int(age.Seconds()))},
			}
		}
		events = append(events, llm.Event{Type: typ, Index: kept.Index, Text: kept.Text, Detail: detail})
	}
	return events, len(events) > 0
}

// eventTypes are the types of events by name.
var eventTypes = func() map[string]llm.EventType {
	types := make(map[string]llm.EventType)
	for t := llm.EventStart; t <= llm.EventDone; t++ {
		types[t.String()] = t
	}
	return types
}()

func decodeDetail(typ llm.EventType, data json.RawMessage) (llm.Detail, bool) {
	if data == nil {
		return nil, true
	}
	switch typ {
	case llm.EventStart:
		return decodeInto[llm.Start](data)
	case llm.EventText, llm.EventReasoning:
		return decodeInto[llm.ProviderData](data)
	case llm.EventToolCallStart, llm.EventToolCallEnd:
		return decodeInto[llm.ToolCall](data)
	case llm.EventMedia:
		var m llm.Message
		if json.Unmarshal(data, &m) != nil || len(m.Parts) != 1 {
			return nil, false
		}
		return &llm.Media{Part: m.Parts[0]}, true
	case llm.EventSource:
		return decodeInto[llm.Source](data)
	case llm.EventLogprob:
		return decodeInto[llm.TokenLogprob](data)
	case llm.EventWarning:
		return decodeInto[llm.Warning](data)
	case llm.EventDone:
		return decodeInto[llm.Done](data)
	case llm.EventResult:
		return decodeResult(data)
	}
	return nil, false
}

// decodeInto decodes a detail of type T.
func decodeInto[T any, P interface {
	*T
	llm.Detail
}](data []byte) (llm.Detail, bool) {
	detail := P(new(T))
	return detail, json.Unmarshal(data, detail) == nil
}

// decodeResult tells the results apart by their members.
func decodeResult(data []byte) (llm.Detail, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return nil, false
	}
	switch {
	case members["Vectors"] != nil:
		return decodeInto[llm.EmbedResponse](data)
	case members["Tokens"] != nil:
		return decodeInto[llm.TokenCount](data)
	}
	return nil, false
}
