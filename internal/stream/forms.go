package stream

import (
	"encoding/json"
	"errors"
)

// Scalar is a string that some servers send as a number or a boolean. Those become their
// own JSON text: 7 is "7".
type Scalar string

// UnmarshalJSON takes a string, a number or a boolean.
func (s *Scalar) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(s))
	case '{', '[':
		return errors.New("expected a string or a number")
	case 'n':
		return nil
	}
	*s = Scalar(data)
	return nil
}

// TextOr is a member that most servers send as a string and others in a second form of
// type T, for example a list of parts. At most one of its fields is set.
type TextOr[T any] struct {
	Text  string
	Value T
	// Raw is a value that is neither a string nor fits T.
	Raw json.RawMessage
}

// UnmarshalJSON takes any value. It is for encoding/json; a [Decoder] does not call it.
func (t *TextOr[T]) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
	case data[0] == '"':
		return json.Unmarshal(data, &t.Text)
	case json.Unmarshal(data, &t.Value) != nil:
		t.Value = *new(T)
		t.Raw = append(t.Raw[:0], data...)
	}
	return nil
}

func (t *TextOr[T]) isTextOr() {}

// Source is the JSON of the object that a struct was decoded from. It is valid only as
// long as the decoded data. Give the field the tag json:"-".
type Source []byte
