package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// Finding is one reason why an instance does not match a schema.
type Finding struct {
	// Path is the JSON pointer of the value in the instance. The whole instance is the empty
	// string. A pointer of more than 300 bytes is cut and ends in an ellipsis.
	Path string
	// Keyword is the keyword of the schema that failed, for example "required". It is empty
	// for text that is no JSON, for duplicate keys and for exceeded limits.
	Keyword string
	// Schema is the JSON pointer of the subschema that has the keyword.
	Schema string
	// Message describes the mistake and the correction, in words for a model.
	Message string
}

// String returns "/path: message".
func (f Finding) String() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// Report is the result of a validation.
type Report struct {
	// Findings has at most MaxFindings findings, and one more if a limit was exceeded. It is
	// empty if the instance is valid.
	Findings []Finding
	// More is true if there are more findings than Findings holds.
	More bool
}

// Valid reports whether the instance matches the schema.
func (r *Report) Valid() bool { return len(r.Findings) == 0 }

// String lists the findings, one a line, for a model that should repair its answer.
func (r *Report) String() string {
	lines := make([]string, 0, len(r.Findings)+1)
	for _, f := range r.Findings {
		lines = append(lines, f.String())
	}
	if r.More {
		lines = append(lines, "There are more problems than are listed here.")
	}
	return strings.Join(lines, "\n")
}

// Err returns nil if the instance is valid, and otherwise an error with the text of String
// in one line.
func (r *Report) Err() error {
	if r.Valid() {
		return nil
	}
	return &reportError{r}
}

type reportError struct{ report *Report }

func (e *reportError) Error() string {
	return "schema: answer does not match: " + strings.ReplaceAll(e.report.String(), "\n", "; ")
}

// place is the position of a value in the instance. It is a linked list on the stack, so that
// paths cost nothing until there is a finding.
type place struct {
	up    *place
	name  string
	index int // of an item, or -1
}

func (p *place) path() string {
	var segments []string
	for at := p; at != nil && at.up != nil; at = at.up {
		if at.index >= 0 {
			segments = append(segments, strconv.Itoa(at.index))
		} else {
			segments = append(segments, escape(shorten(at.name, maxPath)))
		}
	}
	var b strings.Builder
	for i := len(segments) - 1; i >= 0 && b.Len() <= maxPath; i-- {
		b.WriteString("/" + segments[i])
	}
	return shorten(b.String(), maxPath)
}

// add records a finding, unless the run only probes or the report is full.
func (c *check) add(n *node, at *place, keyword, message string, args ...any) {
	if c.probing > 0 || c.full {
		return
	}
	f := Finding{Path: at.path(), Keyword: keyword, Message: shorten(fmt.Sprintf(message, args...), maxMessage)}
	if n != nil {
		f.Schema = n.path()
	}
	for _, earlier := range c.report.Findings {
		if earlier.Path == f.Path && earlier.Message == f.Message {
			return
		}
	}
	if len(c.report.Findings) >= c.options.MaxFindings {
		c.report.More = true
		c.full = true
		return
	}
	c.report.Findings = append(c.report.Findings, f)
}
