package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// messageVersion is the version of the JSON form that this package writes.
const messageVersion = 1

// messageJSON is the JSON form of a message. It is independent of providers:
//
//	{"version":1,"role":"user","parts":[{"type":"text","text":"Hi"},{"type":"image","url":"https://…"}]}
//
// Every part is an object with its type. An object of an unknown type becomes an [Unknown],
// and is written unchanged. The first form had no version, and the same members.
type messageJSON struct {
	Version int               `json:"version"`
	Role    Role              `json:"role"`
	Name    string            `json:"name,omitempty"`
	Parts   []json.RawMessage `json:"parts"`
}

// partHead has the member that all parts have.
type partHead struct {
	Type string `json:"type"`
}

// MarshalJSON writes the message in a form that UnmarshalJSON reads without loss. Text that is
// not valid UTF-8 is an error, because JSON cannot represent it.
func (m Message) MarshalJSON() ([]byte, error) {
	wire := messageJSON{Version: messageVersion, Role: m.Role, Name: m.Name, Parts: make([]json.RawMessage, len(m.Parts))}
	if err := checkUTF8(m); err != nil {
		return nil, fmt.Errorf("parley: message cannot be written as JSON: %w", err)
	}
	for i, part := range m.Parts {
		data, err := marshalPart(part)
		if err != nil {
			return nil, fmt.Errorf("parley: part %d of the message cannot be written as JSON: %w", i, err)
		}
		wire.Parts[i] = data
	}
	return json.Marshal(wire)
}

// VersionError is the error for a message in a JSON form that is newer than this package.
type VersionError struct {
	Version int // the version of the message
	Newest  int // the newest version that this package reads
}

// Error returns the versions and the fix.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the message has version %d, and this program reads versions up to %d: update github.com/parley-llm/parley", e.Version, e.Newest)
}

// UnmarshalJSON reads the form that MarshalJSON writes, and the form without a version of
// earlier releases. A newer version is a [*VersionError].
//
// Parts of an unknown type are kept as [Unknown]. Unknown members of messages and of known
// parts are lost: do not let an older program rewrite the data of a newer one.
func (m *Message) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) { // encoding/json would replace invalid bytes
		return fmt.Errorf("parley: message: the JSON is not valid UTF-8 at byte %d", invalidUTF8(string(data)))
	}
	var wire messageJSON
	err := json.Unmarshal(data, &wire)
	if wire.Version > messageVersion { // the rest of it may have another form
		err = &VersionError{wire.Version, messageVersion}
	}
	if err != nil {
		return fmt.Errorf("parley: message: %w", err)
	}
	read := Message{Role: wire.Role, Name: wire.Name}
	for i, raw := range wire.Parts {
		part, err := unmarshalPart(raw)
		if u, ok := part.(Unknown); ok && wire.Version == 0 {
			part = fromUnversioned(u)
		}
		if err != nil {
			return fmt.Errorf("parley: part %d of the message: %w", i, err)
		}
		read.Parts = append(read.Parts, part)
	}
	*m = read
	return nil
}

func marshalPart(part Part) ([]byte, error) {
	if part == nil {
		return nil, errors.New("the part is nil")
	}
	if !isPartValue(part) {
		return nil, fmt.Errorf("it is a %T: use a value of a type of package llm, not a pointer", part)
	}
	if u, ok := part.(Unknown); ok {
		var head partHead
		if err := json.Unmarshal(u.Raw, &head); err != nil || head.Type != u.Type || u.Type == "" {
			return nil, fmt.Errorf("the raw part is not a JSON object of type %q", u.Type)
		}
		return u.Raw, nil
	}
	body, err := json.Marshal(part)
	if err != nil {
		return nil, err
	}
	// Put the type first: {"type":"text", + "text":"…"}.
	out := make([]byte, 0, len(body)+len(`{"type":"toolResult",`))
	out = append(out, `{"type":"`...)
	out = append(out, part.partType()...)
	out = append(out, '"')
	if !bytes.Equal(body, []byte("{}")) {
		out = append(out, ',')
	}
	return append(out, body[1:]...), nil
}

func unmarshalPart(raw json.RawMessage) (Part, error) {
	var head partHead
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, err
	}
	switch head.Type {
	case "text":
		return decodePart[Text](raw)
	case "image":
		return decodePart[Image](raw)
	case "audio":
		return decodePart[Audio](raw)
	case "file":
		return decodePart[File](raw)
	case "toolCall":
		return decodePart[ToolCall](raw)
	case "toolResult":
		return decodePart[ToolResult](raw)
	case "decision":
		return decodePart[Decision](raw)
	case "reasoning":
		return decodePart[Reasoning](raw)
	case "refusal":
		return decodePart[Refusal](raw)
	case "code":
		return decodePart[Code](raw)
	case "opaque":
		return decodePart[Opaque](raw)
	case "":
		return nil, errors.New(`it has no "type"`)
	}
	return Unknown{Type: head.Type, Raw: bytes.Clone(raw)}, nil
}

// unversionedItems are the types of parts that messages without a version have for content
// that only its provider understands, and the member with that content.
var unversionedItems = map[string]struct{ member, format string }{
	"gemini.part":     {"part", "gemini"},
	"anthropic.block": {"block", "anthropic"},
}

// fromUnversioned returns the [Opaque] part for such a part. Other parts are returned
// unchanged.
func fromUnversioned(u Unknown) Part {
	item, ok := unversionedItems[u.Type]
	if !ok {
		return u
	}
	var members map[string]json.RawMessage
	var provider string
	if json.Unmarshal(u.Raw, &members) != nil || members[item.member] == nil {
		return u
	}
	if members["provider"] != nil && json.Unmarshal(members["provider"], &provider) != nil {
		return u
	}
	return Opaque{ProviderData: &ProviderData{Provider: provider, Format: item.format, Data: members[item.member]}}
}

// toolResultJSON is the JSON form of a [ToolResult].
type toolResultJSON struct {
	CallID  string            `json:"callId,omitempty"`
	Name    string            `json:"name,omitempty"`
	Content string            `json:"content"`
	Parts   []json.RawMessage `json:"parts,omitempty"`
	IsError bool              `json:"isError,omitempty"`
}

// MarshalJSON writes the result in the form that it has in a message.
func (r ToolResult) MarshalJSON() ([]byte, error) {
	wire := toolResultJSON{CallID: r.CallID, Name: r.Name, Content: r.Content, IsError: r.IsError}
	for i, part := range r.Parts {
		data, err := marshalPart(part)
		if err != nil {
			return nil, fmt.Errorf("part %d of the tool result: %w", i, err)
		}
		wire.Parts = append(wire.Parts, data)
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads the form that MarshalJSON writes.
func (r *ToolResult) UnmarshalJSON(data []byte) error {
	var wire toolResultJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	read := ToolResult{CallID: wire.CallID, Name: wire.Name, Content: wire.Content, IsError: wire.IsError}
	for i, raw := range wire.Parts {
		part, err := unmarshalPart(raw)
		if err != nil {
			return fmt.Errorf("part %d of the tool result: %w", i, err)
		}
		read.Parts = append(read.Parts, part)
	}
	*r = read
	return nil
}

func decodePart[P Part](raw json.RawMessage) (Part, error) {
	var part P
	err := json.Unmarshal(raw, &part)
	return part, err
}

// checkUTF8 returns an error with the position of text in m that is not valid UTF-8.
func checkUTF8(m Message) error {
	if at := invalidUTF8(string(m.Role)); at >= 0 {
		return fmt.Errorf("the role is not valid UTF-8 at byte %d", at)
	}
	if at := invalidUTF8(m.Name); at >= 0 {
		return fmt.Errorf("the name is not valid UTF-8 at byte %d", at)
	}
	for i, part := range m.Parts {
		if at := invalidPart(part); at >= 0 {
			return fmt.Errorf("part %d (%s) is not valid UTF-8 at byte %d", i, part.partType(), at)
		}
	}
	return nil
}

// invalidPart returns the offset of the first byte that is not UTF-8 in a string of the
// part, or -1.
func invalidPart(part Part) int {
	for _, text := range partStrings(part) {
		if at := invalidUTF8(text); at >= 0 {
			return at
		}
	}
	if data := partData(part); data != nil {
		for _, text := range [...]string{data.Provider, data.Format, data.Model} {
			if at := invalidUTF8(text); at >= 0 {
				return at
			}
		}
	}
	if result, ok := part.(ToolResult); ok {
		for _, inner := range result.Parts {
			if at := invalidPart(inner); at >= 0 {
				return at
			}
		}
	}
	return -1
}

// invalidUTF8 returns the offset of the first byte of text that is not UTF-8, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return i
			}
		}
	}
	return -1
}

// partStrings returns the strings of a part that a program can see. The result is an array,
// so that checking a long conversation does not allocate.
func partStrings(part Part) (s [5]string) {
	switch p := part.(type) {
	case Text:
		s = [5]string{p.Text}
	case Image:
		s = [5]string{p.MediaType, p.URL, p.Quality}
	case Audio:
		s = [5]string{p.MediaType, p.URL, p.Transcript}
	case File:
		s = [5]string{p.Name, p.MediaType, p.URL, p.ID}
	case ToolCall:
		s = [5]string{p.ID, p.Name, p.Arguments}
	case ToolResult:
		s = [5]string{p.CallID, p.Name, p.Content}
	case Decision:
		s = [5]string{p.CallID, p.Name, p.ArgumentsHash, p.Reason, p.Arguments}
	case Reasoning:
		s = [5]string{p.Text}
	case Refusal:
		s = [5]string{p.Text}
	case Code:
		s = [5]string{p.Language, p.Source, p.Output, p.Outcome}
	case Opaque:
		s = [5]string{p.Kind}
	case Unknown:
		s = [5]string{p.Type, string(p.Raw)}
	}
	return s
}
