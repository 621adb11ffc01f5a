package tokens

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// toolsHeading is the heading above the tools.
const toolsHeading = "# Tools\n\n## functions\n\n"

// namespace returns the tools as the models see them: a TypeScript namespace. The layout
// is that of the published harmony format,
// https://cookbook.openai.com/articles/openai-harmony.
func namespace(tools []llm.Tool) string {
	var b strings.Builder
	b.WriteString("namespace functions {\n\n")
	for _, t := range tools {
		if t.Description != "" {
			b.WriteString("// " + t.Description + "\n")
		}
		w := newTypeScript(t.Parameters)
		if w.properties(w.root, 0); w.Len() == 0 {
			b.WriteString("type " + t.Name + " = () => any;\n\n")
			continue
		}
		b.WriteString("type " + t.Name + " = (_: ")
		if description := w.root.text("description"); description != "" {
			b.WriteString("// " + description + "\n")
		}
		b.WriteString("{\n" + w.String() + "}) => any;\n\n")
	}
	b.WriteString("} // namespace functions")
	return b.String()
}

// toolSeams returns the difference between the hosted models' count of a namespace and
// the count of its text. It was derived from recorded replies and makes most of them
// exact. A comment, of a tool or of its first property, is not merged with the bracket
// before it. A tool takes one token less, and so does its list of properties.
func toolSeams(tools []llm.Tool) int {
	n := 0
	for _, t := range tools {
		n--
		if t.Description != "" {
			n++
		}
		properties := readObject(readObject(t.Parameters).get("properties"))
		if len(properties) == 0 {
			continue
		}
		n--
		if readObject(properties[0].value).text("description") != "" {
			n++
		}
	}
	return n
}
