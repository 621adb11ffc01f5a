package middleware

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-llm/parley/llm"
)

// storedAnswer is the encoding of an answer in a store.
type storedAnswer struct {
	At     time.Time     `json:"at"`
	Events []storedEvent `json:"events"`
}

type storedEvent struct {
	Type   string          `json:"type"` // the name, because numbers change between versions
	Index  int             `json:"index,omitempty"`
	Text   string          `json:"text,omitempty"`
	Detail json.RawMessage `json:"detail,omitempty"`
}

// encodeAnswer encodes the events of an answer.
func encodeAnswer(events []llm.Event) ([]byte, error) {
	answer := storedAnswer{At: time.Now()}
	for _, ev := range events {
		if ev.Type == llm.EventAttempt { // belongs to the original call only
			continue
		}
		stored := storedEvent{Type: ev.Type.String(), Index: ev.Index, Text: ev.Text}
		if ev.Detail != nil {
			detail, err := json.Marshal(storedDetail(ev.Detail))
			if err != nil {
				return nil, err
			}
			stored.Detail = detail
		}
		answer.Events = append(answer.Events, stored)
	}
	return json.Marshal(answer)
}

// storedDetail returns the detail to store. Rate limits and headers are left out, because
// they describe the original reply. The usage becomes zero, because a cache hit costs nothing.
func storedDetail(detail llm.Detail) any {
	free := llm.Usage{Input: llm.Known(0), Output: llm.Known(0)}
	switch d := detail.(type) {
	case *llm.Start:
		return llm.Start{Provider: d.Provider, ID: d.ID, Model: d.Model}
	case *llm.Media: // a Message can encode a Part
		return llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{d.Part}}
	case *llm.EmbedResponse:
		stored := *d
		stored.Usage = free
		return stored
	case *llm.Done:
		stored := *d
		stored.Usage, stored.Cost = free, llm.Cost{Certainty: llm.CertaintyReported}
		return stored
	}
	return detail
}

// cacheStatus is the header that marks a cached answer (RFC 9211).
const cacheStatus, cacheHit = "Cache-Status", "parley; hit"

// isCacheHit reports whether an answer comes from a [Cache].
func isCacheHit(s *llm.Start) bool { return s.Header.Get(cacheStatus) == cacheHit }

// decodeAnswer decodes a stored answer. It returns false if data is empty or invalid.
func decodeAnswer(data []byte) ([]llm.Event, bool) {
	var answer storedAnswer
	if len(data) == 0 || json.Unmarshal(data, &answer) != nil {
		return nil, false
	}
	events := make([]llm.Event, 0, len(answer.Events))
	for _, stored := range answer.Events {
		typ := eventTypes[stored.Type]
		detail, ok := decodeDetail(typ, stored.Detail)
		if typ == 0 || !ok {
			return nil, false
		}
		if start, ok := detail.(*llm.Start); ok {
			age := max(0, time.Since(answer.At))
			start.Header = http.Header{ // RFC 9211 and RFC 9111 section 5.1
				cacheStatus: {cacheHit},
				"Age":       {strconv.Itoa(int(age.Seconds()))},
			}
		}
		events = append(events, llm.Event{Type: typ, Index: stored.Index, Text: stored.Text, Detail: detail})
	}
	return events, isWhole(events)
}

// isWhole reports whether stored events are one complete answer. Another program can write to
// a shared store, and an incomplete entry must not be replayed until it expires.
func isWhole(events []llm.Event) bool {
	open := make(map[int]bool) // tool calls without an end
	for i, ev := range events {
		last := i == len(events)-1
		switch ev.Type {
		case llm.EventStart:
			if _, ok := ev.Detail.(*llm.Start); !ok {
				return false
			}
		case llm.EventToolCallStart, llm.EventToolCallEnd:
			call, ok := ev.Detail.(*llm.ToolCall)
			if isStart := ev.Type == llm.EventToolCallStart; !ok || call == nil || isStart == open[ev.Index] {
				return false
			}
			open[ev.Index] = ev.Type == llm.EventToolCallStart
		case llm.EventMedia, llm.EventSource, llm.EventLogprob, llm.EventWarning, llm.EventResult:
			if ev.Detail == nil {
				return false
			}
		case llm.EventDone:
			if _, ok := ev.Detail.(*llm.Done); !ok || !last {
				return false
			}
		case llm.EventText, llm.EventReasoning, llm.EventRefusal, llm.EventToolCallDelta:
		default: // no complete answer has it: see cacheable
			return false
		}
	}
	return len(events) > 0 && events[len(events)-1].Type == llm.EventDone
}

// answers reports whether the events answer a call of this operation.
func answers(call *llm.Call, events []llm.Event) bool {
	var result llm.Detail
	content := false
	for _, ev := range events {
		switch {
		case ev.Type == llm.EventResult:
			result = ev.Detail
		case ev.Type != llm.EventDone && ev.Type.Content():
			content = true
		}
	}
	switch call.Op {
	case llm.OpEmbed:
		r, ok := result.(*llm.EmbedResponse)
		if !ok || len(r.Vectors) != len(call.Embed.Inputs) {
			return false
		}
		for _, v := range r.Vectors {
			if len(v) == 0 || len(v) != len(r.Vectors[0]) {
				return false
			}
		}
		return !content
	case llm.OpCountTokens:
		r, ok := result.(*llm.TokenCount)
		return ok && r.Tokens >= 0 && !content
	}
	return result == nil
}

// eventTypes maps names to types of events.
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
	case llm.EventText, llm.EventReasoning, llm.EventRefusal:
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

// decodeResult decodes a result. Its members show the type.
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
