package llm

import (
	"fmt"
	"slices"
)

// TakeBack prepares a history for a provider. A provider calls Messages before it converts
// the messages of a request, and adds the warnings to its own:
//
//	messages, warnings := llm.TakeBack{Provider: "acme", Formats: []string{"acme"}, Model: call.Model}.Messages(call.Request.Messages)
//
// All [ProviderData] in the result is valid for the provider, and it only has to be sent. The
// rest has been removed:
//
//   - data of another provider or in another format,
//   - data that is bound to another model,
//   - data of parts that the program changed or separated,
//   - data that is bound to earlier messages, if the program changed or removed one of them.
//
// A part without its data stays, so its text or call can be sent. An [Opaque] part, and a
// [Code] part of another provider, are removed with their data.
type TakeBack struct {
	// Provider is the name of the provider. Data without a provider is valid for each provider
	// that has its format.
	Provider string
	// Formats are the formats that the provider reads. Add "" for data of messages without a
	// version, if the provider had such data.
	Formats []string
	// Model is the name of the model in the call.
	Model string
}

// Messages returns the messages with the data that the provider may send, and a warning for
// each kind of data that was removed. The messages are not modified. If nothing was removed,
// the result is the given slice.
func (t TakeBack) Messages(messages []Message) ([]Message, []Warning) {
	c := taking{TakeBack: t, all: messages}
	kept := messages
	for i, m := range messages {
		parts := c.parts(i, m)
		if parts == nil {
			continue
		}
		if &kept[0] == &messages[0] {
			kept = slices.Clone(messages)
		}
		kept[i].Parts = parts
	}
	return kept, c.warnings
}

// taking is one use of a [TakeBack].
type taking struct {
	TakeBack
	all      []Message
	parted   *digest // of parts, if needed
	read     int     // messages in history
	history  *digest // of the messages before the current one, if needed
	warnings []Warning
}

// parts returns the parts of message i without data that is not valid, or nil if all data is
// valid.
func (t *taking) parts(i int, m Message) []Part {
	var kept []Part
	for at, part := range m.Parts {
		data := partData(part)
		problem := ""
		if data != nil {
			problem = t.problem(i, m.Parts[:at+1], data)
		}
		if problem == "" {
			if kept != nil {
				kept = append(kept, part)
			}
			continue
		}
		if kept == nil {
			kept = append(make([]Part, 0, len(m.Parts)), m.Parts[:at]...)
		}
		switch part.(type) {
		case Opaque, Code: // nothing is left without the data
			t.warn(WarnUnsupported, fmt.Sprintf("a part of type %T of an earlier answer was omitted: %s", part, problem))
		default:
			t.warn(WarnStateOmitted, "signatures or reasoning of an earlier answer were omitted: "+problem)
			kept = append(kept, withData(part, nil))
		}
	}
	return kept
}

// problem returns the reason why data is not valid, or "". The data belongs to the last of
// the parts, in message i.
func (t *taking) problem(i int, parts []Part, data *ProviderData) string {
	covers := max(data.Covers, 0)
	switch {
	case data.Provider != "" && data.Provider != t.Provider:
		return "only " + data.Provider + " accepts its data"
	case !slices.Contains(t.Formats, data.Format):
		return fmt.Sprintf("this API does not accept data in the format %q", data.Format)
	case data.Model != "" && data.Model != t.Model:
		return "data of the model " + data.Model + " is not valid for another model"
	case covers >= len(parts), data.PartsDigest != "" && !t.match(parts[len(parts)-1-covers:], data.PartsDigest):
		return "the part has been changed"
	case data.HistoryDigest != "" && data.HistoryDigest != t.before(i):
		return "messages before it have been changed or removed"
	}
	return ""
}

// match reports whether the parts have the digest.
func (t *taking) match(parts []Part, want string) bool {
	if t.parted == nil {
		t.parted = newDigest()
	}
	return t.parted.matches(parts, want)
}

// before returns the digest of the messages before message i.
func (t *taking) before(i int) string {
	if t.history == nil {
		t.history = newDigest()
	}
	for ; t.read < i; t.read++ {
		t.history.message(t.all[t.read])
	}
	return t.history.sum()
}

func (t *taking) warn(code WarningCode, message string) {
	w := Warning{Code: code, Setting: "Messages", Message: message}
	if !slices.Contains(t.warnings, w) {
		t.warnings = append(t.warnings, w)
	}
}
