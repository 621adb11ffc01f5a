package gotype

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// tagged adds the tags of a field to its schema.
func tagged(s object, f field, path string) (object, error) {
	desc := f.tag.Get("desc")
	if desc == "" {
		desc = f.tag.Get("jsonschema")
	}
	if desc != "" {
		if own, ok := s.get("description").(string); ok {
			desc += " (" + own + ")"
		}
		s.set("description", desc)
	}
	inner, put := innermost(s)
	for _, add := range []func(*object, field, string) error{addEnum, addPattern} {
		if err := add(&inner, f, path); err != nil {
			return nil, err
		}
	}
	s = put(inner)
	if err := addBounds(&s, f, path); err != nil {
		return nil, err
	}
	if text, ok := f.tag.Lookup("default"); ok {
		raw, err := literal(s, text)
		if err != nil {
			return nil, &Error{path, f.typ, "the default " + strconv.Quote(text) + " is no value of the type", "correct the tag"}
		}
		s.add("default", raw)
	}
	return s, nil
}

// innermost returns the schema of the items of a list or of the values of a map, and a
// function that puts it back.
func innermost(s object) (object, func(object) object) {
	for _, keyword := range []string{"items", "additionalProperties"} {
		items, ok := s.get(keyword).(object)
		if !ok {
			continue
		}
		inner, put := innermost(append(object(nil), items...))
		return inner, func(changed object) object {
			s.set(keyword, put(changed))
			return s
		}
	}
	return s, func(changed object) object { return changed }
}

func addEnum(s *object, f field, path string) error {
	text, ok := f.tag.Lookup("enum")
	if !ok {
		return nil
	}
	var values list
	for word := range strings.SplitSeq(text, ",") {
		raw, err := literal(*s, strings.TrimSpace(word))
		if err != nil {
			return &Error{path, f.typ, "the enum value " + strconv.Quote(word) + " is no value of the type", "correct the tag"}
		}
		values = append(values, raw)
	}
	s.set("enum", values)
	return nil
}

// literal reads a value in a tag: text for a string, else JSON.
func literal(s object, text string) (json.RawMessage, error) {
	switch s.get("type") {
	case "string":
		return json.Marshal(text)
	case "integer":
		if _, err := strconv.ParseInt(text, 10, 64); err != nil {
			if _, err := strconv.ParseUint(text, 10, 64); err != nil {
				return nil, err
			}
		}
	case "number":
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return nil, err
		}
	case "boolean":
		if _, err := strconv.ParseBool(text); err != nil {
			return nil, err
		}
	}
	var raw json.RawMessage
	err := json.Unmarshal([]byte(text), &raw)
	return raw, err
}

// boundKeywords are the keywords that the tags min and max stand for, by type.
var boundKeywords = map[any][2]string{
	"integer": {"minimum", "maximum"},
	"number":  {"minimum", "maximum"},
	"string":  {"minLength", "maxLength"},
	"array":   {"minItems", "maxItems"},
	"object":  {"minProperties", "maxProperties"},
}

func addBounds(s *object, f field, path string) error {
	for i, tag := range []string{"min", "max"} {
		text, ok := f.tag.Lookup(tag)
		if !ok {
			continue
		}
		typ := s.get("type")
		keywords, ok := boundKeywords[typ]
		if !ok {
			return &Error{path, f.typ, "the type has no bounds", "remove the tag " + tag}
		}
		_, err := strconv.ParseUint(text, 10, 31)
		if typ == "integer" || typ == "number" {
			_, err = strconv.ParseFloat(text, 64)
		}
		if err != nil || !json.Valid([]byte(text)) {
			return &Error{path, f.typ, "the bound " + strconv.Quote(text) + " is no number", "correct the tag " + tag}
		}
		s.set(keywords[i], json.RawMessage(text))
	}
	return nil
}

func addPattern(s *object, f field, path string) error {
	pattern, hasPattern := f.tag.Lookup("pattern")
	format, hasFormat := f.tag.Lookup("format")
	switch {
	case !hasPattern && !hasFormat:
		return nil
	case s.get("type") != "string":
		return &Error{path, f.typ, "only text has a pattern or a format", "remove the tag"}
	}
	if hasPattern {
		if _, err := regexp.Compile(pattern); err != nil {
			return &Error{path, f.typ, "the pattern is invalid (" + err.Error() + ")", "correct the tag"}
		}
		s.set("pattern", pattern)
	}
	if hasFormat {
		s.set("format", format)
	}
	return nil
}
