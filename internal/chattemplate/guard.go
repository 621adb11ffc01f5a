package chattemplate

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Templates come from files that strangers made, and the engine has no limits of its own. guard
// bounds a template before it is compiled:
//
//   - Each turn of a loop, each call of a macro, each assignment, text and output calls a
//     function of the template's budget, which fails when the budget or the time is used up.
//     Nothing runs in a goroutine, so nothing is left running.
//   - Operations that make a long text out of short ones in one step are accepted only with
//     short constants: replace, join, indent, batch and the repetition of a text.
//   - Methods that change a list are refused, because a list that contains itself makes the
//     engine recurse forever. Assignments to a namespace are checked for the same reason.
//
// Names of the functions that guard inserts.
const (
	stepName  = "parley_step"
	enterName = "parley_enter"
	leaveName = "parley_leave"
	valueName = "parley_value"
	fieldName = "parley_field"
	shownName = "parley_shown"
	textName  = "parley_text"
	jsonName  = "parley_tojson"
)

const (
	maxSource = 256 << 10 // bytes of a template
	maxNested = 100       // parentheses inside each other
	// maxGrowth is how many times longer the constants of one tag can make a text.
	maxGrowth = 256
)

var (
	loopTag  = regexp.MustCompile(`^\s*for\s`)
	macroTag = regexp.MustCompile(`^\s*macro\s`)
	endMacro = regexp.MustCompile(`^\s*endmacro\s*$`)
	setTag   = regexp.MustCompile(`(?s)^(\s*set\s+[\w.]+\s*)=([^=].*)$`)

	mutating  = regexp.MustCompile(`\.\s*(append|insert|update|setdefault|extend)\s*\(`)
	growing   = regexp.MustCompile(`[.|]\s*(replace|join|indent|batch)\s*\(`)
	constant  = regexp.MustCompile(`(?s)^\s*(\w+\s*=\s*)?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d{1,4}|true|false|none|True|False|None)\s*$`)
	product   = regexp.MustCompile(`\*+\s*(\d+(\.\d+)?\b)?`)
	indented  = regexp.MustCompile(`\|\s*tojson\s*\(\s*indent`)
	ownPrefix = regexp.MustCompile(`\bparley_\w`)
)

// guard returns the source with calls of the budget's functions, and its texts. White space is
// as jinja2 has it.
func guard(source string) (guarded string, texts []string, err error) {
	if len(source) > maxSource {
		return "", nil, fmt.Errorf("it has %d bytes, and at most %d are accepted", len(source), maxSource)
	}
	// Python reads text files without carriage returns, and jinja2 drops the last newline.
	source = strings.TrimSuffix(strings.ReplaceAll(source, "\r\n", "\n"), "\n")
	list, ok := scan(source)
	if !ok {
		return "", nil, errors.New("a tag is not closed")
	}
	trim(list)
	var b strings.Builder
	for _, s := range list {
		if s.open == "" {
			if s.body != "" {
				b.WriteString("{{" + call(textName, len(texts)) + "}}")
				texts = append(texts, s.body)
			}
			continue
		}
		if s.open[1] == '#' {
			continue
		}
		if err := check(s.body); err != nil {
			return "", nil, err
		}
		b.WriteString(counted(s))
	}
	return b.String(), texts, nil
}

// counted returns a tag with the calls that bound it.
func counted(s segment) string {
	body := numbers(indented.ReplaceAllString(s.body, "|"+jsonName+"(indent"))
	if s.open[1] == '{' {
		return "{{" + shownName + "((" + body + "))}}"
	}
	tag := "{%" + body + "%}"
	run := func(name string) string { return "{% set parley_ = " + call(name, 0) + " %}" }
	switch {
	case loopTag.MatchString(body):
		return tag + run(stepName)
	case macroTag.MatchString(body):
		return tag + run(enterName)
	case endMacro.MatchString(body):
		return run(leaveName) + tag
	case setTag.MatchString(body):
		m := setTag.FindStringSubmatch(body)
		name := valueName
		if strings.Contains(m[1], ".") {
			name = fieldName
		}
		return "{%" + m[1] + "= " + name + "((" + m[2] + ")) %}"
	}
	return tag
}

func call(name string, n int) string { return name + "(" + strconv.Itoa(n) + ")" }

// check returns an error if the code of a tag has an operation that could grow without bounds.
func check(body string) error {
	depth, deepest := 0, 0
	var err error
	outside(body, func(code string) string {
		for _, c := range code {
			switch c {
			case '(', '[', '{':
				depth++
				deepest = max(deepest, depth)
			case ')', ']', '}':
				depth--
			}
		}
		if m := mutating.FindStringSubmatch(code); m != nil {
			err = fmt.Errorf("the method %s is not supported", m[1])
		}
		if ownPrefix.MatchString(code) {
			err = errors.New("names that begin with parley_ are reserved")
		}
		return code
	})
	switch {
	case err != nil:
		return err
	case deepest > maxNested:
		return fmt.Errorf("a tag has more than %d nested parentheses", maxNested)
	}
	growth := 1
	for _, at := range growing.FindAllStringSubmatchIndex(body, -1) {
		name := body[at[2]:at[3]]
		longest := 1
		for _, argument := range arguments(body[at[1]:]) {
			m := constant.FindStringSubmatch(argument)
			if m == nil {
				return fmt.Errorf("%s with a computed value is not supported", name)
			}
			n := len(m[2])
			if count, err := strconv.Atoi(m[2]); err == nil {
				n = count
			}
			longest = max(longest, n-2) // the quotes
		}
		if growth *= longest; growth > maxGrowth {
			return fmt.Errorf("%s with a value of %d characters is not supported", name, longest)
		}
	}
	outside(body, func(code string) string {
		for _, m := range product.FindAllStringSubmatch(code, -1) {
			if m[1] == "" && !strings.HasPrefix(m[0], "**") {
				err = errors.New("a product of two computed values is not supported")
			}
		}
		return code
	})
	return err
}

// numbers makes the right sides of products floating-point numbers, which the engine does not
// use to repeat a text.
func numbers(body string) string {
	return outside(body, func(code string) string {
		return product.ReplaceAllStringFunc(code, func(m string) string {
			if strings.HasPrefix(m, "**") || strings.Contains(m, ".") {
				return m
			}
			return m + ".0"
		})
	})
}

// arguments returns the arguments of a call. Text begins after its opening parenthesis.
func arguments(text string) []string {
	var list []string
	start, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\'', '"':
			i += quoted(text[i:]) - 1
		case '(', '[', '{':
			depth++
		case ',':
			if depth == 0 {
				list, start = append(list, text[start:i]), i+1
			}
		case ')', ']', '}':
			if depth--; depth < 0 {
				if last := text[start:i]; strings.TrimSpace(last) != "" || len(list) > 0 {
					list = append(list, last)
				}
				return list
			}
		}
	}
	return list
}
