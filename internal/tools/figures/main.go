// Command figures prints figures about the source tree: the number of exported types in
// package llm, the lines of package providers, functions longer than 60 lines, files
// longer than 500 lines, and the size of README.md.
//
//	go run ./figures ../..
//
// Test files, generated files and testdata are not counted.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	longFunction = 60  // lines
	longFile     = 500 // lines
)

// tree holds the figures of one source tree.
type tree struct {
	root          string
	types         int            // exported in package llm, without enums
	enums         int            // exported in package llm: named strings and numbers
	lines         map[string]int // by directory
	longFunctions []string
	longFiles     []string
	comment, code int // lines
}

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	t := &tree{root: root, lines: map[string]int{}}
	if err := filepath.WalkDir(root, t.visit); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
	readme, err := os.Stat(filepath.Join(root, "README.md"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
	fmt.Printf("exported types of llm       %d, and %d enums\n", t.types, t.enums)
	fmt.Printf("lines of providers          %d\n", t.lines["providers"])
	fmt.Printf("functions over %d lines     %d\n", longFunction, len(t.longFunctions))
	for _, f := range t.longFunctions {
		fmt.Println("    " + f)
	}
	fmt.Printf("files over %d lines        %d\n", longFile, len(t.longFiles))
	for _, f := range t.longFiles {
		fmt.Println("    " + f)
	}
	fmt.Printf("share of comment lines      %.0f %%\n", 100*float64(t.comment)/float64(max(t.comment+t.code, 1)))
	fmt.Printf("README.md                   %d bytes\n", readme.Size())
}

// visit adds one file of the tree.
func (t *tree) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	name := entry.Name()
	if entry.IsDir() {
		if path != t.root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		return nil
	}
	if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
		return nil
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(file) {
		return nil
	}
	dir, err := filepath.Rel(t.root, filepath.Dir(path))
	if err != nil {
		return err
	}
	dir = filepath.ToSlash(dir)
	t.addLines(set, file, dir, name)
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			lines := set.Position(decl.End()).Line - set.Position(decl.Pos()).Line + 1
			if lines > longFunction {
				t.longFunctions = append(t.longFunctions, fmt.Sprintf("%s/%s: %s: %d", dir, name, decl.Name.Name, lines))
			}
		case *ast.GenDecl:
			if dir == "llm" {
				t.addTypes(decl)
			}
		}
	}
	return nil
}

// addLines adds the file's lines of code and of comments. A line with both is code.
func (t *tree) addLines(set *token.FileSet, file *ast.File, dir, name string) {
	lines := set.File(file.Pos()).LineCount()
	t.lines[dir] += lines
	if lines > longFile {
		t.longFiles = append(t.longFiles, fmt.Sprintf("%s/%s: %d", dir, name, lines))
	}
	code := map[int]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		code[set.Position(n.Pos()).Line] = true
		code[set.Position(n.End()).Line] = true
		return true
	})
	for _, group := range file.Comments {
		for line := set.Position(group.Pos()).Line; line <= set.Position(group.End()).Line; line++ {
			if !code[line] {
				t.comment++
			}
		}
	}
	t.code += len(code)
}

// addTypes counts the exported types of a declaration of package llm. A named string or
// number is an enum; an alias counts as a type.
func (t *tree) addTypes(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		spec, ok := spec.(*ast.TypeSpec)
		if !ok || !spec.Name.IsExported() {
			continue
		}
		if _, ok := spec.Type.(*ast.Ident); ok && !spec.Assign.IsValid() {
			t.enums++
		} else {
			t.types++
		}
	}
}
