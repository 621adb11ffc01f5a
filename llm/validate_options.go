package llm

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// validateOptions returns an error for options that are nil, that are two for one
// provider, or whose texts JSON cannot hold.
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

// maxDepth bounds the search of options that hold themselves, of which JSON cannot
// be made either.
const maxDepth = 100

var (
	marshaler     = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
)

// textSearch is a search for texts that JSON cannot hold. It ends where it is too deep for the first
// time: options that hold themselves twice would otherwise be searched 2 to the power of maxDepth times.
type textSearch struct{ tooDeep bool }

// badText looks for a text that is not valid UTF-8, for which encoding/json would
// put something else, unasked. It returns where that is, as in ".Metadata[team]".
func (s *textSearch) badText(v reflect.Value, depth int) (where string, bad bool) {
	if s.tooDeep = s.tooDeep || depth == 0; s.tooDeep {
		return "", false
	}
	switch v.Kind() {
	case reflect.String:
		return "", !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return s.badText(v.Elem(), depth-1) // of nil, the value of no kind
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
		case v.Type().Elem().Kind() == reflect.Uint8: // in base64
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

// badField is badText for a struct, unless its type writes its own JSON.
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
