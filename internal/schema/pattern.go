package schema

import (
	"regexp"
	"regexp/syntax"
	"strings"
)

// compilePattern compiles a pattern of JSON Schema: an ECMAScript regular expression.
// Look-around and backreferences are errors. Go's expressions match in linear time, and have
// neither.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(goPattern(pattern))
}

// goPattern writes the \uXXXX of ECMAScript as \x{XXXX}.
func goPattern(pattern string) string {
	if !strings.Contains(pattern, `\u`) {
		return pattern
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '\\' || i+1 == len(pattern) {
			b.WriteByte(pattern[i])
			continue
		}
		if pattern[i+1] == 'u' && i+6 <= len(pattern) && hexDigits(pattern[i+2:i+6]) {
			b.WriteString(`\x{` + pattern[i+2:i+6] + "}")
			i += 5
			continue
		}
		b.WriteString(pattern[i : i+2])
		i++
	}
	return b.String()
}

func hexDigits(text string) bool {
	for _, c := range []byte(text) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// patternSize returns the approximate number of instructions of the compiled pattern. It
// does not compile it. A pattern that Go cannot read has its length as size.
func patternSize(pattern string) int {
	if len(pattern) > maxPattern {
		return len(pattern)
	}
	parsed, err := syntax.Parse(goPattern(pattern), syntax.Perl)
	if err != nil {
		return len(pattern)
	}
	return expandedSize(parsed)
}

// maxPattern is the longest pattern that is parsed, in bytes.
const maxPattern = 1 << 14

func expandedSize(re *syntax.Regexp) int {
	size := 1
	switch re.Op {
	case syntax.OpLiteral:
		size = len(re.Rune)
	case syntax.OpCharClass: // the table of a class such as \p{L} is copied for each instruction
		size += len(re.Rune) / 128
	}
	for _, sub := range re.Sub {
		size += expandedSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		size *= max(1, re.Min, re.Max)
	}
	return min(size, 1<<30)
}
