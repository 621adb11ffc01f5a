// Package readme checks the README and the pages in docs. Every Go snippet must compile,
// and the snippets that use only this module must run.
//
// The words after ```go name packages of other modules that the snippet uses, for example
// "openai=github.com/sashabaranov/go-openai". Such snippets show a program before its
// migration to Parley. They are compiled in internal/interop, because its go.mod has
// these modules.
package readme

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Snippet is one block of Go code on a page.
type Snippet struct {
	Name    string            // page and number on the page, for example "README3"
	Code    string            // a program, or the body of a function that returns an error
	Foreign map[string]string // packages of other modules, by their names in Code
}

var (
	blocks      = regexp.MustCompile("(?s)```go([^\n]*)\n(.*?)```")
	selector    = regexp.MustCompile(`\b([a-z]+)\.[A-Z]`)
	lineComment = regexp.MustCompile(`(?m)(^|\s)//.*$`)
)

// Snippets returns the snippets of the README and of all pages in docs.
func Snippets(root string) ([]Snippet, error) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	var snippets []Snippet
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		if err != nil {
			return nil, err
		}
		for i, block := range blocks.FindAllStringSubmatch(string(text), -1) {
			s := Snippet{Name: fmt.Sprintf("%s%d", strings.TrimSuffix(filepath.Base(page), ".md"), i), Code: block[2]}
			for _, word := range strings.Fields(block[1]) {
				name, path, ok := strings.Cut(word, "=")
				if !ok {
					return nil, fmt.Errorf("%s: found %q after ```go, want name=package", s.Name, word)
				}
				if s.Foreign == nil {
					s.Foreign = make(map[string]string)
				}
				s.Foreign[name] = path
			}
			snippets = append(snippets, s)
		}
	}
	return snippets, nil
}

// Compile compiles the snippets as programs of the package in dir, an absolute path. It
// does not link or run them.
func Compile(dir string, snippets []Snippet) error {
	files, args := map[string]string{}, []string{"list", "-export"}
	for _, s := range snippets {
		files[s.Name] = s.program()
		args = append(args, "./"+s.Name)
	}
	return tool(dir, files, args...)
}

// Build builds one program from the snippets, which must use only this module. The
// program runs the snippet named by its argument. Linking a program for each snippet
// would take minutes.
func Build(dir, program string, snippets []Snippet) error {
	files := map[string]string{}
	var imports, cases strings.Builder
	for i, s := range snippets {
		code := strings.Replace(s.program(), "package main\n", "package snippet\n", 1)
		code = strings.Replace(code, "func main()", "func Main()", 1)
		// The zero Config uses Ollama's default port, and a real server may be running
		// there.
		code = strings.ReplaceAll(code, "ollama.Config{}", "ollama.Config{BaseURL: os.Getenv(\"OLLAMA_HOST\")}")
		files[s.Name] = code
		fmt.Fprintf(&imports, "import s%d %q\n", i, module+"internal/readme/"+s.Name)
		fmt.Fprintf(&cases, "case %q:\ns%d.Main()\n", s.Name, i)
	}
	files["all"] = "package main\nimport \"os\"\n" + imports.String() +
		"func main() {\nswitch os.Args[1] {\n" + cases.String() + "default:\npanic(\"no such snippet\")\n}\n}\n"
	return tool(dir, files, "build", "-ldflags=-s -w", "-o", program, "./all")
}

// tool runs the go command in dir with an overlay of the given files. Each file is in a
// separate directory with its name.
func tool(dir string, files map[string]string, args ...string) error {
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	temp, err := os.MkdirTemp("", "snippets")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	for name, code := range files {
		file := filepath.Join(temp, name+".go")
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			return err
		}
		overlay.Replace[filepath.Join(dir, name, "main.go")] = file
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	list := filepath.Join(temp, "overlay.json")
	if err := os.WriteFile(list, data, 0o600); err != nil {
		return err
	}
	cmd := exec.Command("go", slices.Insert(args, 1, "-overlay="+list)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the snippets: %w\n%s", err, out)
	}
	return nil
}

// program returns a complete program for a snippet.
func (s Snippet) program() string {
	if strings.HasPrefix(s.Code, "package ") {
		return s.Code
	}
	imports := maps.Clone(s.Foreign)
	if imports == nil {
		imports = map[string]string{"llm": packages["llm"], "providers": packages["providers"], "config": packages["config"]} // used by the declarations in given
	}
	imports["context"], imports["fmt"], imports["os"] = "context", "fmt", "os" // used by main and ctx
	for _, match := range selector.FindAllStringSubmatch(lineComment.ReplaceAllString(s.Code, ""), -1) {
		if path := packages[match[1]]; path != "" && imports[match[1]] == "" {
			imports[match[1]] = path
		}
	}
	var b strings.Builder
	b.WriteString("package main\n")
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&b, "import %s %q\n", name, imports[name])
	}
	if imports["llm"] == packages["llm"] {
		fmt.Fprintf(&b, "import _ %q\n", module+"providers/all") // registers the providers for names and config files
	}
	b.WriteString("var ctx = context.Background()\n")
	if imports["llm"] == packages["llm"] {
		b.WriteString(given)
	}
	b.WriteString(start)
	b.WriteString("func snippet() error {\n")
	b.WriteString(s.Code)
	if !ends(s.Code) {
		for _, name := range shown {
			if regexp.MustCompile(`(?m)^` + name + `(, err)? :=`).MatchString(s.Code) {
				fmt.Fprintf(&b, "_ = %s\n", name)
			}
		}
		if regexp.MustCompile(`(?m)^\w+, err :=`).MatchString(s.Code) && !strings.Contains(s.Code, "if err != nil") {
			b.WriteString("_ = err\n")
		}
		b.WriteString("return nil\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// ends reports whether a snippet ends with a return statement, or with a loop that only a
// return leaves.
func ends(code string) bool {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	last := lines[len(lines)-1]
	if strings.HasPrefix(last, "return ") {
		return true
	}
	for i := len(lines) - 2; i >= 0 && last != ""; i-- { // find the start of the statement that the last line closes
		if first := lines[i]; first != "" && first[0] != '\t' && first[0] != '}' {
			return last == "})" && strings.HasPrefix(first, "return ") || last == "}" && first == "for {" && !strings.Contains(code, "break")
		}
	}
	return false
}
