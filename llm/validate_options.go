package llm

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// validateOptions returns an error for nil options, for two options of one provider, and for
// text that is not UTF-8.
func validateOptions(options []Options) error {
	for i, o := range options {
		if isNil(o) {
			return invalidf("option %d is nil", i)
		}
		for _, earlier := range options[:i] {
			if sameProvider(earlier, o) {
				return invalidf("there are two options for the provider %q", o.ProviderName())
			}
		}
		v := reflect.Indirect(reflect.ValueOf(o))
		if where, bad := new(textSearch).badText(v, maxDepth); bad {
			return invalidf("%s%s is not valid UTF-8", v.Type(), where)
		}
	}
	return nil
}

// maxDepth limits the search in options that refer to themselves. They have no JSON form.
const maxDepth = 100

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

// textSearch is a search for text that is not UTF-8. It ends when maxDepth is reached for the
// first time. Otherwise options that refer to themselves twice would take 2^maxDepth steps.
type textSearch struct{ tooDeep bool }

// badText looks for text that is not valid UTF-8. encoding/json would replace it. It returns
// the place: ".Metadata[team]".
func (s *textSearch) badText(v reflect.Value, depth int) (where string, bad bool) {
	if s.tooDeep = s.tooDeep || depth == 0; s.tooDeep {
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		return "", !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return s.badText(v.Elem(), depth-1) // of nil: an invalid value
	case reflect.Struct:
		return s.badField(v, depth)
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if _, bad := s.badText(entries.Key(), depth-1); bad {
				return fmt.Sprintf("[%q]", entries.Key()), true
			}
			if where, bad := s.badText(entries.Value(), depth-1); bad {
				return fmt.Sprintf("[%v]%s", entries.Key(), where), true
			}
		}
	case reflect.Slice, reflect.Array:
		switch {
		case v.Type() == rawMessage:
			return "", !utf8.Valid(v.Bytes())
		case v.Type().Elem().Kind() == reflect.Uint8: // written in base64
			return "", false
		}
		for i := range v.Len() {
			if where, bad := s.badText(v.Index(i), depth-1); bad {
				return fmt.Sprintf("[%d]%s", i, where), true
			}
		}
	}
	return "", false
}

// badField is badText for a struct. Types that write their own JSON are skipped.
func (s *textSearch) badField(v reflect.Value, depth int) (where string, bad bool) {
	t := v.Type()
	if t.Implements(marshaler) || t.Implements(textMarshaler) {
		return "", false
	}
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() {
			if where, bad := s.badText(v.Field(i), depth-1); bad {
				return "." + field.Name + where, true
			}
		}
	}
	return "", false
}
