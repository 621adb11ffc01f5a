package readme

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// link matches a Markdown link that is not a URL. Its groups are the page and the
// heading.
var link = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]*))?\)`)

// code matches a block of code, in which brackets are not links.
var code = regexp.MustCompile("(?ms)^```.*?^```")

// heading matches a heading that a link can lead to.
var heading = regexp.MustCompile(`(?m)^#+ (.*)$`)

// Every file, directory and heading that a page links to must exist.
func TestLinksOfThePagesResolve(t *testing.T) {
	root := filepath.Join("..", "..")
	links := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		pages, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, page), ""), -1) {
				links++
				target := page
				if match[1] != "" {
					target = filepath.Join(filepath.Dir(page), match[1])
				}
				if _, err := os.Stat(target); err != nil {
					t.Errorf("%s links to %s, which does not exist", page, match[1])
				} else if match[2] != "" && !hasHeading(read(t, target), match[2]) {
					t.Errorf("%s links to %s#%s, but the heading does not exist", page, match[1], match[2])
				}
			}
		}
	}
	if links < 30 {
		t.Errorf("found only %d links: check the files of the test", links)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// hasHeading reports whether the page has a heading with the given anchor on GitHub.
func hasHeading(page, anchor string) bool {
	for _, match := range heading.FindAllStringSubmatch(page, -1) {
		words := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case strings.ContainsRune("-_", r) || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r > 0x7f:
				return r
			}
			return -1
		}, strings.ToLower(match[1]))
		if words == anchor {
			return true
		}
	}
	return false
}

// unresolved is a name in brackets that is not a link.
var unresolved = regexp.MustCompile(`\[\*?([a-z]+\.)?[A-Z]\w*(\.[A-Z]\w*)?\]`)

// Every name that a package's comments link to must exist, in the package or in another
// package of this module.
func TestLinksOfTheCommentsResolve(t *testing.T) {
	packages := map[string]*doc.Package{}
	for _, dir := range publicPackages(t) {
		name := path.Join(module, strings.TrimPrefix(filepath.ToSlash(dir), "../../"))
		packages[name] = documentation(t, dir, name)
	}
	links := 0
	for name, pkg := range packages {
		for _, text := range commentsOf(pkg) {
			for _, block := range pkg.Parser().Parse(text).Content {
				visit(block, func(piece comment.Text) {
					switch piece := piece.(type) {
					case comment.Plain:
						if at := unresolved.FindString(string(piece)); at != "" {
							t.Errorf("%s: a comment has %s, which is not a name of the package or of an import", name, at)
						}
					case *comment.DocLink:
						links++
						if to := packages[piece.ImportPath]; to != nil && piece.Name != "" && !has(to, piece.Recv, piece.Name) {
							t.Errorf("%s: a comment links to %s.%s %s, which does not exist", name, piece.ImportPath, piece.Recv, piece.Name)
						}
					}
				})
			}
		}
	}
	if links < 200 {
		t.Errorf("found only %d links: check the files of the test", links)
	}
}

func documentation(t *testing.T, dir, name string) *doc.Package {
	t.Helper()
	files := token.NewFileSet()
	pkg, err := doc.NewFromFiles(files, parsed(t, files, dir), name)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}

// commentsOf returns the comments on the package's documentation page.
func commentsOf(pkg *doc.Package) []string {
	all := []string{pkg.Doc}
	values := func(values []*doc.Value) {
		for _, v := range values {
			all = append(all, v.Doc)
		}
	}
	functions := func(functions []*doc.Func) {
		for _, f := range functions {
			all = append(all, f.Doc)
		}
	}
	values(pkg.Consts)
	values(pkg.Vars)
	functions(pkg.Funcs)
	for _, typ := range pkg.Types {
		all = append(all, typ.Doc)
		values(typ.Consts)
		values(typ.Vars)
		functions(typ.Funcs)
		functions(typ.Methods)
	}
	return all
}

// visit calls f with each piece of a block's text.
func visit(block comment.Block, f func(comment.Text)) {
	var pieces []comment.Text
	switch block := block.(type) {
	case *comment.Paragraph:
		pieces = block.Text
	case *comment.Heading:
		pieces = block.Text
	case *comment.List:
		for _, item := range block.Items {
			for _, inner := range item.Content {
				visit(inner, f)
			}
		}
	}
	for _, piece := range pieces {
		f(piece)
	}
}

// has reports whether the package's documentation has the name: a method or a field if
// there is a receiver.
func has(pkg *doc.Package, receiver, name string) bool {
	if receiver == "" {
		receiver, name = name, ""
	}
	for _, typ := range pkg.Types {
		for _, f := range append(typ.Funcs, typ.Methods...) {
			if name == "" && f.Recv == "" && f.Name == receiver || typ.Name == receiver && f.Name == name {
				return true
			}
		}
		if typ.Name == receiver && (name == "" || isField(typ, name)) || name == "" && declares(append(typ.Consts, typ.Vars...), receiver) {
			return true
		}
	}
	for _, f := range pkg.Funcs {
		if name == "" && f.Name == receiver {
			return true
		}
	}
	return name == "" && declares(append(pkg.Consts, pkg.Vars...), receiver)
}

func declares(values []*doc.Value, name string) bool {
	return slices.ContainsFunc(values, func(v *doc.Value) bool { return slices.Contains(v.Names, name) })
}

// isField reports whether a struct or an interface has a field or method of the given
// name.
func isField(typ *doc.Type, name string) bool {
	found := false
	ast.Inspect(typ.Decl, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok {
			for _, n := range field.Names {
				found = found || n.Name == name
			}
		}
		return true
	})
	return found
}

// The table of costs must have a row for each kind of reply.
func TestCostTableHasRows(t *testing.T) {
	page := read(t, filepath.Join("..", "..", "docs", "performance.md"))
	for _, name := range []string{"OpenAI, 1000 chunks", "Ollama, 1000 chunks", "Gemini, 1000 chunks", "Anthropic, 1000 chunks", "OpenAI, unstreamed", "Ollama, 1000 chunks, chain"} {
		if !strings.Contains(page, "\n| "+name+" | ") {
			t.Errorf("docs/performance.md has no row %q", name)
		}
	}
}
