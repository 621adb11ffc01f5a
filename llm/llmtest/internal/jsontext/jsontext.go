// Package jsontext has the JSON helpers that llmtest and its conformance suite share.
package jsontext

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// Marshal returns v as JSON on one line, without escapes for <, > and &. Servers that are
// not written in Go send it so.
func Marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil { // not with the types of llmtest
		return fmt.Appendf(nil, "llmtest: %v", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Indent returns data with line breaks and indentation, or data itself if it is not JSON.
func Indent(data string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(data), "", "  ") != nil {
		return data
	}
	return b.String()
}

// Equal reports whether two texts are equal, or equal as JSON. Numbers are compared as they
// are written.
func Equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, okX := Parse(a)
	y, okY := Parse(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

// Parse returns the value of data, and false if data is not exactly one JSON value.
func Parse(data []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return v, dec.Decode(&v) == nil && len(bytes.TrimSpace(data[dec.InputOffset():])) == 0
}
