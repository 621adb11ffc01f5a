package config

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm/middleware"
)

// addInvalid adds the problems of an error about settings of type t. A problem with a field
// has the name and the place of the field in the file. Other problems have the place at.
func (p *problems) addInvalid(at place, subject string, part raw, t reflect.Type, err error) {
	found := fieldErrors(err)
	if len(found) == 0 {
		p.add(at, "invalid %s: %s", subject, part.hide(messageOf(err)))
	}
	for _, e := range found {
		path := strings.Split(e.Field, ".")
		if _, isPiece := goField(t, e.Middleware); isPiece { // t is a chain
			path = append([]string{e.Middleware}, path...)
		}
		f := lookField(t, path, part.node, at)
		p.add(f.place, "invalid %s: %s %s", subject, f.name, part.hide(inFile(e.Problem, t, path)))
	}
}

// addInvalidSentence is addInvalid for an error whose text begins with the name of a field in
// Go, as those of package llm do.
func (p *problems) addInvalidSentence(at place, subject string, part raw, t reflect.Type, err error) {
	name, rest, _ := strings.Cut(messageOf(err), " ")
	if _, ok := goField(t, name); ok {
		err = &middleware.FieldError{Field: name, Problem: rest}
	}
	p.addInvalid(at, subject, part, t, err)
}

// fieldErrors returns the problems with fields that an error wraps.
func fieldErrors(err error) []*middleware.FieldError {
	if e, ok := err.(*middleware.FieldError); ok {
		return []*middleware.FieldError{e}
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*middleware.FieldError
		for _, e := range joined.Unwrap() {
			all = append(all, fieldErrors(e)...)
		}
		return all
	}
	if inner := errors.Unwrap(err); inner != nil {
		return fieldErrors(inner)
	}
	return nil
}

// fieldInFile is a field with its path and place in a file.
type fieldInFile struct {
	place
	name  string // "budget.tokens"
	known bool   // whether a file can set all of the path
}

// lookField finds a field of t by its path in Go. If the file does not set the field, the
// place is that of the closest part around it. The name of a field that no file can set is
// its name in Go.
func lookField(t reflect.Type, path []string, n *yaml.Node, at place) fieldInFile {
	found := fieldInFile{place: at, known: true}
	var names []string
	for _, part := range path {
		f, ok := goField(t, part)
		if !ok {
			f.name, found.known = part, false
		}
		names = append(names, f.name)
		t = f.typ
		if n = valueOf(n, f.name); n != nil {
			found.place = placeOf(n)
		}
	}
	found.name = strings.Join(names, ".")
	return found
}

// goField returns the field of t, or of the type that t points to or lists, by its name in Go.
func goField(t reflect.Type, name string) (field, bool) {
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil || t.Kind() != reflect.Struct {
		return field{}, false
	}
	fields := fieldsOf(t)
	i := slices.IndexFunc(fields, func(f field) bool { return f.goName == name })
	if i < 0 {
		return field{}, false
	}
	return fields[i], true
}

// valueOf returns the value of a key in a mapping, or nil.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// goName matches the names of fields in Go, and quoted texts, so that these stay as they are.
var goName = regexp.MustCompile(`"[^"]*"|\b[A-Z]\w*(?:\.[A-Z]\w*)*`)

// inFile replaces the names of fields in Go by those in a file. The names are relative to the
// struct with the field at path, or to t.
func inFile(text string, t reflect.Type, path []string) string {
	return goName.ReplaceAllStringFunc(text, func(word string) string {
		for around := path[:len(path)-1]; ; around = around[:len(around)-1] {
			f := lookField(t, append(slices.Clone(around), strings.Split(word, ".")...), nil, place{})
			if f.known {
				return f.name
			}
			if len(around) == 0 {
				return word
			}
		}
	})
}
