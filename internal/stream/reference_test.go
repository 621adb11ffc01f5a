package stream

import (
	"regexp"
	"strings"
)

// slowSSE is the grammar once more, in the simplest way: over the whole body,
// and from the start of a bare value for each of its lines.
func slowSSE(body string, limit int) (frames []Frame, err error) {
	body = strings.TrimPrefix(body, "\xEF\xBB\xBF")
	body = strings.ReplaceAll(body, "\r\n", "\n")
	body = strings.ReplaceAll(body, "\r", "\n")
	lines := strings.Split(body, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}

	var event, field string
	var held []string // the lines of the event at hand, or of a bare value
	inBare, glued := false, false
	late := false // the event line came after the data
	lateName := ""
	deliver := func(unterminated bool) {
		name := event
		if late {
			name, late = lateName, false
		}
		if field == "error" {
			name = "error"
		}
		frames = append(frames, Frame{name, []byte(strings.Join(held, "\n")), inBare, unterminated})
		event, field, held, inBare = "", "", nil, false
	}
	for _, line := range lines {
		if len(strings.Join(append(held[:len(held):len(held)], line), "\n")) > limit {
			return frames, &TooLongError{Limit: limit}
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		known := strings.Contains(" data event id retry error ", " "+name+" ") && name != ""
		if inBare && known {
			deliver(true)
		}
		startsBare := !inBare && (strings.HasPrefix(line, "{") || strings.HasPrefix(line, "["))
		if startsBare && held != nil {
			deliver(true)
		}
		if inBare || startsBare {
			inBare = true
			if held = append(held, line); closed(strings.Join(held, "\n")) {
				deliver(false)
			}
			continue
		}
		if name == "data" && field == "error" || name == "error" && field == "data" {
			deliver(true)
		}
		isJSON := func() bool {
			value := strings.Join(held, "\n")
			return strings.IndexAny(strings.TrimLeft(held[0], " \t"), "{[") == 0 && closed(value)
		}
		if name == field && held != nil && isJSON() { // the next event
			wasLate, next := late, lateName
			glued, late = true, false
			if deliver(false); wasLate {
				event = next
			}
		}
		switch {
		case line == "" && held != nil:
			deliver(false)
		case line == "":
			event = ""
		case name == "data" || name == "error":
			field = name
			if held = append(held, value); glued && isJSON() {
				deliver(false)
			}
		case name == "event" && held != nil && field != "error":
			late, lateName = true, value
		case name == "event" && held == nil:
			event = value
		}
	}
	if held != nil {
		deliver(true)
	}
	return frames, nil
}

var stringLiteral = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*(?:"|\\?\z)`)

// closed reports whether the brackets outside strings close somewhere.
func closed(value string) bool {
	depth := 0
	for _, c := range stringLiteral.ReplaceAllString(value, "") {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return true
			}
		}
	}
	return false
}

// slowNDJSON is NDJSON over the whole body.
func slowNDJSON(body string, limit int) (frames []Frame, err error) {
	body = strings.TrimPrefix(body, "\xEF\xBB\xBF")
	lines := strings.Split(body, "\n")
	for i, line := range lines {
		if len(line) > limit {
			return frames, &TooLongError{Limit: limit}
		}
		if line = strings.Trim(line, " \t\r"); line != "" {
			frames = append(frames, Frame{Data: []byte(line), Unterminated: i == len(lines)-1})
		}
	}
	return frames, nil
}
