package readme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every exported function, method, type, constant and variable must have a comment. A
// group of constants or variables may share one.
func TestExportedNamesAreDocumented(t *testing.T) {
	names := 0
	for _, dir := range publicPackages(t) {
		files, documented := token.NewFileSet(), false
		for _, file := range parsed(t, files, dir) {
			documented = documented || file.Doc != nil
			for _, decl := range file.Decls {
				names += checkDecl(t, files, decl)
			}
		}
		if !documented {
			t.Errorf("package %s has no comment", dir)
		}
	}
	if names < 500 {
		t.Errorf("found only %d exported names: check the directories of the test", names)
	}
}

// publicPackages returns the directories of all packages that other modules can import.
func publicPackages(t *testing.T) []string {
	t.Helper()
	dirs := map[string]bool{}
	for _, tree := range []string{"llm", "providers"} {
		err := filepath.WalkDir(filepath.Join("..", "..", tree), func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "internal" || entry.Name() == "testdata"):
				return fs.SkipDir
			case strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go"):
				dirs[filepath.Dir(path)] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}

// parsed returns the files of a package without its tests.
func parsed(t *testing.T, files *token.FileSet, dir string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file)
	}
	return all
}

// checkDecl returns the number of exported names in the declaration.
func checkDecl(t *testing.T, files *token.FileSet, decl ast.Decl) int {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() || !exportedReceiver(d) {
			return 0
		}
		if d.Doc == nil {
			t.Errorf("%s: %s has no comment", files.Position(d.Pos()), d.Name.Name)
		}
		return 1
	case *ast.GenDecl:
		n := 0
		for _, spec := range d.Specs {
			n += checkSpec(t, files, d, spec)
		}
		return n
	}
	return 0
}

func checkSpec(t *testing.T, files *token.FileSet, group *ast.GenDecl, spec ast.Spec) int {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return 0
		}
		if group.Doc == nil && s.Doc == nil {
			t.Errorf("%s: type %s has no comment", files.Position(s.Pos()), s.Name.Name)
		}
		return 1
	case *ast.ValueSpec:
		n := 0
		for _, name := range s.Names {
			if !name.IsExported() {
				continue
			}
			n++
			if group.Doc == nil && s.Doc == nil && s.Comment == nil {
				t.Errorf("%s: %s has no comment", files.Position(name.Pos()), name.Name)
			}
		}
		return n
	}
	return 0
}

// exportedReceiver reports whether a function is not a method, or is a method of an
// exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.Ident:
			return t.IsExported()
		default:
			return true
		}
	}
}
