package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/nearest"
	"github.com/parley-llm/parley/llm"
)

// Error lists the mistakes in a config file, in the order of their places. It matches
// [llm.InvalidRequest].
//
// Security: it contains no key.
type Error struct {
	Problems []Problem // at least one
}

// Problem is one mistake in a config file. Its message has the form "problem; fix".
type Problem struct {
	File         string
	Line, Column int // counted from 1; the column counts characters
	Message      string
}

// String returns the problem in the form that compilers and editors use:
// file:line:column: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Error returns the problems, one on each line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Is reports whether target is [llm.InvalidRequest].
func (e *Error) Is(target error) bool { return target == error(llm.InvalidRequest) }

// As sets target to an [*llm.Error] of kind [llm.InvalidRequest], for code that handles only
// that type, such as [llm.KindOf].
func (e *Error) As(target any) bool {
	asked, ok := target.(**llm.Error)
	if ok {
		*asked = &llm.Error{Kind: llm.InvalidRequest, Message: e.Error()}
	}
	return ok
}

// place is a position in a file.
type place struct{ line, column int }

// maxProblems is the number of problems in an Error. Later ones often follow from the first.
const maxProblems = 20

// problems collects the mistakes in one file.
type problems struct {
	path string
	list []Problem
}

// full reports whether no further problem will be kept.
func (p *problems) full() bool { return len(p.list) >= maxProblems }

// has reports whether there is a problem at this place.
func (p *problems) has(at place) bool {
	return slices.ContainsFunc(p.list, func(o Problem) bool { return o.Line == at.line && o.Column == at.column })
}

func (p *problems) add(at place, format string, args ...any) {
	problem := Problem{p.path, max(at.line, 1), max(at.column, 1), fmt.Sprintf(format, args...)}
	if len(p.list) < maxProblems && !slices.Contains(p.list, problem) {
		p.list = append(p.list, problem)
	}
}

// sorted returns the problems in the order of their places.
func (p *problems) sorted() []Problem {
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return p.list
}

// err returns the problems as an error, or nil if there are none.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &Error{p.sorted()}
}

// quoted returns a name in quotes after a space, or "" if the name can be a secret.
//
// Security: a key that is indented wrongly stands where a name is expected. So a text is shown
// only if it resembles a valid name, if it is too short for a key, or if it is a plain word.
func quoted(name string, valid []string) string {
	const minKey, maxWord = 8, 24
	if match, _ := nearest.Of(name, valid); match == "" && len(name) >= minKey && (len(name) > maxWord || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "") {
		return ""
	}
	return fmt.Sprintf(" %q", name)
}

// withoutPath returns the cause of an error of package os or os/exec without the path, which
// can be a key in the wrong field.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return withoutPath(e.Err)
	}
	return err
}

// withoutValue returns the text of an error about a value, without the value if it can be a
// secret.
func withoutValue(err error, value string) string {
	if quoted(value, nil) != "" {
		return messageOf(err)
	}
	return strings.ReplaceAll(messageOf(err), value, "(not shown)")
}

// suggest returns the fix for an unknown name: the most similar valid name, or else all valid
// names.
func suggest(name string, valid []string) string {
	match, _ := nearest.Of(name, valid)
	if match == "" { // names that other programs use: api_key, system_prompt
		i := slices.IndexFunc(valid, func(v string) bool { return strings.Contains("_"+name+"_", "_"+v+"_") })
		if i >= 0 {
			match = valid[i]
		}
	}
	switch {
	case match != "":
		return fmt.Sprintf("did you mean %q?", match)
	case len(valid) == 0:
		return "none is available"
	}
	return "use one of: " + strings.Join(valid, ", ")
}

// messageOf returns the message of an error without the prefix that an [llm.Error] adds.
func messageOf(err error) string {
	if e, ok := err.(*llm.Error); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

func invalidf(format string, args ...any) error {
	return &llm.Error{Kind: llm.InvalidRequest, Message: fmt.Sprintf(format, args...)}
}
