package providers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// FileError says what is wrong with a config file: every problem that was found,
// in the order of their places, one a line. It matches [llm.InvalidRequest]. No key is in it.
type FileError struct {
	Problems []Problem // at least one
}

// Problem is one mistake in a config file, and where it is.
type Problem struct {
	File         string
	Line, Column int // both count from 1; the column counts characters
	Message      string
}

// String returns the problem as compilers and editors write them: file:line:column: message.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Error returns all problems, one a line.
func (e *FileError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Is reports whether target is [llm.InvalidRequest].
func (e *FileError) Is(target error) bool { return target == error(llm.InvalidRequest) }

// As has a FileError taken for an [*llm.Error] of kind [llm.InvalidRequest] by those who know
// no other, such as [llm.KindOf].
func (e *FileError) As(target any) bool {
	asked, ok := target.(**llm.Error)
	if ok {
		*asked = &llm.Error{Kind: llm.InvalidRequest, Message: e.Error()}
	}
	return ok
}

// place is where something stands in a file.
type place struct{ line, column int }

// maxProblems is how many problems are told at once. Those after the first few often follow from them.
const maxProblems = 20

// problems collects what is wrong with one file.
type problems struct {
	file string
	list []Problem
}

func (p *problems) add(at place, format string, args ...any) {
	problem := Problem{p.file, max(at.line, 1), max(at.column, 1), fmt.Sprintf(format, args...)}
	if len(p.list) < maxProblems && !slices.Contains(p.list, problem) {
		p.list = append(p.list, problem)
	}
}

// err returns the problems as an error, or nil if there are none.
func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &FileError{p.list}
}

// orNearest returns what to write in place of a name that does not exist: the
// nearest, or else all there are.
func orNearest(name string, valid []string) string {
	nearest, _ := nearestOf(name, valid)
	if nearest == "" { // as people who know other programs write it: api_key, system_prompt
		i := slices.IndexFunc(valid, func(v string) bool { return strings.Contains("_"+name+"_", "_"+v+"_") })
		if i >= 0 {
			nearest = valid[i]
		}
	}
	switch {
	case nearest != "":
		return fmt.Sprintf("did you mean %q?", nearest)
	case len(valid) == 0:
		return "there is none"
	}
	return "there is: " + strings.Join(valid, ", ")
}

// nearestOf returns the name that the fewest letters tell from this one, if there is one that is near.
func nearestOf(name string, valid []string) (nearest string, letters int) {
	letters = len(name)/2 + 1
	for _, v := range valid {
		if d := distance(strings.ToLower(name), strings.ToLower(v)); d < letters {
			nearest, letters = v, d
		}
	}
	return nearest, letters
}

// distance is how many letters to insert, delete or change to make b of a; two
// letters that have changed places count as one.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		next := make([]int, len(y)+1)
		next[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
