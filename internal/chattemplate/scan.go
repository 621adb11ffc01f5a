package chattemplate

import (
	"strings"
	"unicode"
)

// segment is a stretch of a template's source: text, or one tag with its delimiters.
type segment struct {
	open  string // "{{", "{%" or "{#" with its trim mark; "" for text
	body  string
	close string
}

// scan splits the source of a template as the engine does: quotes hide delimiters inside tags,
// except in comments. It reports whether the last tag is closed.
func scan(source string) (list []segment, ok bool) {
	for source != "" {
		at := tagStart(source)
		if at > 0 {
			list = append(list, segment{body: source[:at]})
			source = source[at:]
			continue
		}
		open := source[:2]
		closing := map[string]string{"{{": "}}", "{%": "%}", "{#": "#}"}[open]
		rest := source[2:]
		if strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "+") {
			open, rest = open+rest[:1], rest[1:]
		}
		end := tagEnd(rest, closing, open[1] != '#')
		if end < 0 {
			return nil, false
		}
		s := segment{open: open, body: rest[:end], close: closing}
		if mark := rest[end : end+1]; mark == "-" || mark == "+" {
			s.close = mark + closing
		}
		list = append(list, s)
		source = rest[end+len(s.close):]
	}
	return list, true
}

// trim removes white space beside tags from the texts, as jinja2 does with the settings
// trim_blocks and lstrip_blocks, which chat templates are written for:
//
//   - A minus sign removes all white space on its side.
//   - A newline after a statement or a comment is removed.
//   - White space between the beginning of a line and a statement or a comment is removed.
//   - A plus sign turns the last two rules off.
//
// https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
func trim(list []segment) {
	lineStart := true // the text begins at the beginning of a line
	for i := range list {
		s := &list[i]
		if s.open != "" {
			lineStart = false
			continue
		}
		if i > 0 {
			lineStart = s.trimStart(list[i-1])
		}
		if i+1 < len(list) {
			s.trimEnd(list[i+1], lineStart)
		}
	}
}

// trimStart removes white space after a tag. It reports whether a newline was the last character
// that it has removed.
func (s *segment) trimStart(tag segment) (lineStart bool) {
	rest := s.body
	switch {
	case strings.HasPrefix(tag.close, "-"):
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
	case tag.open[1] != '{' && !strings.HasPrefix(tag.close, "+"):
		rest = strings.TrimPrefix(rest, "\n")
	}
	removed := s.body[:len(s.body)-len(rest)]
	s.body = rest
	return strings.HasSuffix(removed, "\n")
}

// trimEnd removes white space before a tag.
func (s *segment) trimEnd(tag segment, lineStart bool) {
	mark := tag.open[2:]
	switch {
	case mark == "-":
		s.body = strings.TrimRightFunc(s.body, unicode.IsSpace)
	case mark == "" && tag.open[1] != '{':
		line := strings.LastIndexByte(s.body, '\n') + 1
		if (line > 0 || lineStart) && strings.TrimSpace(s.body[line:]) == "" {
			s.body = s.body[:line]
		}
	}
}

// tagStart returns the position of the first tag, or the length of the text.
func tagStart(text string) int {
	for i := 0; i+1 < len(text); i++ {
		if text[i] == '{' && strings.IndexByte("{%#", text[i+1]) >= 0 {
			return i
		}
	}
	return len(text)
}

// tagEnd returns the position of the closing delimiter, or of the trim mark before it. It
// returns -1 if there is none.
func tagEnd(text, closing string, quotes bool) int {
	for i := 0; i < len(text); i++ {
		switch {
		case quotes && (text[i] == '\'' || text[i] == '"'):
			i += quoted(text[i:]) - 1
		case strings.HasPrefix(text[i:], closing), strings.HasPrefix(text[i:], "-"+closing), strings.HasPrefix(text[i:], "+"+closing):
			return i
		}
	}
	return -1
}

// quoted returns the length of the quoted string that text begins with.
func quoted(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}

// outside calls edit with each stretch of a tag's body that is not in quotes, and returns the
// body with the results in their places.
func outside(body string, edit func(code string) string) string {
	var b strings.Builder
	for body != "" {
		at := strings.IndexAny(body, `'"`)
		if at < 0 {
			at = len(body)
		}
		b.WriteString(edit(body[:at]))
		body = body[at:]
		n := quoted(body)
		if body == "" {
			break
		}
		b.WriteString(body[:n])
		body = body[n:]
	}
	return b.String()
}
