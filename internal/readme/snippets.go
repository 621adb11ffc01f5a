// Package readme holds the README and the pages of docs to what they show:
// every Go snippet compiles, and those of this module's run.
//
// The words after a snippet's ```go are packages that it uses and that are not
// this module's: "openai=github.com/sashabaranov/go-openai". Such snippets
// show what a program was before it came to Parley; they are compiled in
// internal/interop, where those packages are known.
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

// Snippet is one piece of Go on a page.
type Snippet struct {
	Name    string            // of its page, and its number there: "README3"
	Code    string            // a program, or the inside of a function that returns an error
	Foreign map[string]string // packages that are not this module's, by the names that Code has for them
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
					return nil, fmt.Errorf("%s: ```go is followed by %q, want name=package", s.Name, word)
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

// Compile compiles the snippets as programs of the package in dir, an absolute
// path. It links and runs none.
func Compile(dir string, snippets []Snippet) error {
	files, args := map[string]string{}, []string{"list", "-export"}
	for _, s := range snippets {
		files[s.Name] = s.program()
		args = append(args, "./"+s.Name)
	}
	return tool(dir, files, args...)
}

// Build makes one program of the snippets, all of this module: it runs the one
// that its argument names. To link one for each would take minutes.
func Build(dir, program string, snippets []Snippet) error {
	files := map[string]string{}
	var imports, cases strings.Builder
	for i, s := range snippets {
		code := strings.Replace(s.program(), "package main\n", "package snippet\n", 1)
		code = strings.Replace(code, "func main()", "func Main()", 1)
		// The zero Config is Ollama's usual port, where there may be a real one.
		code = strings.ReplaceAll(code, "ollama.Config{}", "ollama.Config{BaseURL: os.Getenv(\"OLLAMA_HOST\")}")
		files[s.Name] = code
		fmt.Fprintf(&imports, "import s%d %q\n", i, module+"internal/readme/"+s.Name)
		fmt.Fprintf(&cases, "case %q:\ns%d.Main()\n", s.Name, i)
	}
	files["all"] = "package main\nimport \"os\"\n" + imports.String() +
		"func main() {\nswitch os.Args[1] {\n" + cases.String() + "default:\npanic(\"no such snippet\")\n}\n}\n"
	return tool(dir, files, "build", "-ldflags=-s -w", "-o", program, "./all")
}

// tool runs the go command in dir as if there were those files, each alone in a
// folder of its name.
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
		return fmt.Errorf("a snippet does not compile: %w\n%s", err, out)
	}
	return nil
}

// program makes a whole program of a snippet.
func (s Snippet) program() string {
	if strings.HasPrefix(s.Code, "package ") {
		return s.Code
	}
	imports := maps.Clone(s.Foreign)
	if imports == nil {
		imports = map[string]string{"llm": packages["llm"], "providers": packages["providers"], "config": packages["config"]} // used by the given declarations
	}
	imports["context"], imports["fmt"], imports["os"] = "context", "fmt", "os" // which main and ctx take
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
		fmt.Fprintf(&b, "import _ %q\n", module+"providers/all") // for names and files to find what they name
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

// ends reports whether a snippet ends by itself: with a return, or with a loop
// that only a return leaves.
func ends(code string) bool {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	last := lines[len(lines)-1]
	if strings.HasPrefix(last, "return ") {
		return true
	}
	for i := len(lines) - 2; i >= 0 && last != ""; i-- { // the statement that the last line closes
		if first := lines[i]; first != "" && first[0] != '\t' && first[0] != '}' {
			return last == "})" && strings.HasPrefix(first, "return ") || last == "}" && first == "for {" && !strings.Contains(code, "break")
		}
	}
	return false
}
