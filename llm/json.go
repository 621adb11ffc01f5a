package llm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// messageJSON is the JSON form of a message. It is independent of providers:
//
//	{"role":"user","parts":[{"type":"text","text":"Hi"},{"type":"image","url":"https://…"}]}
//
// Every part is an object with its type. An object of an unknown type becomes an [Unknown],
// and is written unchanged.
type messageJSON struct {
	Role  Role              `json:"role"`
	Name  string            `json:"name,omitempty"`
	Parts []json.RawMessage `json:"parts"`
}

// partHead has the member that all parts have.
type partHead struct {
	Type string `json:"type"`
}

// MarshalJSON writes the message in a form that UnmarshalJSON reads without loss. Text that is
// not valid UTF-8 is an error, because JSON cannot represent it.
func (m Message) MarshalJSON() ([]byte, error) {
	wire := messageJSON{Role: m.Role, Name: m.Name, Parts: make([]json.RawMessage, len(m.Parts))}
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

// UnmarshalJSON reads the form that MarshalJSON writes. Parts of a type that a newer version
// added are kept as [Unknown]. Members that a newer version added to messages and to known
// parts are lost: do not let an older program rewrite the data of a newer one.
func (m *Message) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) { // encoding/json would replace invalid bytes
		return fmt.Errorf("parley: message: the JSON is not valid UTF-8 at byte %d", invalidUTF8(string(data)))
	}
	var wire messageJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("parley: message: %w", err)
	}
	read := Message{Role: wire.Role, Name: wire.Name}
	for i, raw := range wire.Parts {
		part, err := unmarshalPart(raw)
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
	case "reasoning":
		return decodePart[Reasoning](raw)
	case "refusal":
		return decodePart[Refusal](raw)
	case "code":
		return decodePart[Code](raw)
	case "":
		return nil, errors.New(`it has no "type"`)
	}
	return Unknown{Type: head.Type, Raw: bytes.Clone(raw)}, nil
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
		for _, text := range partStrings(part) {
			if at := invalidUTF8(text); at >= 0 {
				return fmt.Errorf("part %d (%s) is not valid UTF-8 at byte %d", i, part.partType(), at)
			}
		}
	}
	return nil
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

// partStrings returns the strings of a part. The result is an array, so that checking a long
// conversation does not allocate.
func partStrings(part Part) [5]string {
	var data *ProviderData
	var s [5]string
	switch p := part.(type) {
	case Text:
		s, data = [5]string{p.Text}, p.ProviderData
	case Image:
		s, data = [5]string{p.MediaType, p.URL, p.Quality}, p.ProviderData
	case Audio:
		s, data = [5]string{p.MediaType, p.URL, p.Transcript}, p.ProviderData
	case File:
		s, data = [5]string{p.Name, p.MediaType, p.URL, p.ID}, p.ProviderData
	case ToolCall:
		s, data = [5]string{p.ID, p.Name, p.Arguments}, p.ProviderData
	case ToolResult:
		s = [5]string{p.CallID, p.Name, p.Content}
	case Reasoning:
		s, data = [5]string{p.Text}, p.ProviderData
	case Refusal:
		s = [5]string{p.Text}
	case Code:
		s, data = [5]string{p.Language, p.Source, p.Output, p.Outcome}, p.ProviderData
	case Unknown:
		s = [5]string{p.Type, string(p.Raw)}
	}
	if data != nil {
		s[4] = data.Provider
	}
	return s
}
