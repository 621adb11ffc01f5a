package config_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sayers are the functions of this package that take a message, and the index of that argument.
var sayers = map[string]int{"add": 1, "invalidf": 0, "refuse": 1, "New": 0, "warn": 0}

// loaderFiles are the files with the messages about a config file. The other errors are for
// callers of the package.
var loaderFiles = []string{
	"builder.go", "chain.go", "check.go", "connect.go", "decode.go", "facts.go", "file.go", "groups.go", "invalid.go", "key.go", "reading.go",
	"stores.go", "suggest.go", "table.go", "untrusted.go", "../../llm/egress/list.go",
}

// TestEveryMessageOfTheLoaderIsShown looks up each message of the loader in the golden file, or
// in a test if a file alone does not cause it.
func TestEveryMessageOfTheLoaderIsShown(t *testing.T) {
	var shown strings.Builder
	for _, pattern := range []string{goldenErrors, "*_test.go", "../all/*_test.go", "../../llm/egress/*_test.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("there is no %s (%v)", pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			shown.Write(data)
		}
	}
	said := 0
	for _, name := range loaderFiles {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			message, ok := messageIn(call)
			if !ok {
				return true
			}
			said++
			if !regexp.MustCompile(message).MatchString(shown.String()) {
				t.Errorf("%s: neither %s nor a test shows this message: %s", files.Position(call.Pos()), goldenErrors, message)
			}
			return true
		})
	}
	if said < 80 {
		t.Errorf("%d messages were looked up: is the test looking in the right place?", said)
	}
}

// messageIn returns a pattern of the message in a call. It reports false if the call has no
// message, or one without constant text.
func messageIn(call *ast.CallExpr) (pattern string, ok bool) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	if name == "Errorf" {
		name = "invalidf"
	}
	at, says := sayers[name]
	if !says || len(call.Args) <= at {
		return "", false
	}
	pattern = patternOf(call.Args[at])
	return pattern, strings.Trim(pattern, ".*") != ""
}

var verbs = regexp.MustCompile(`%[a-z]`)

// patternOf returns a pattern of the text of an expression. Its variable parts match any text.
func patternOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return ".*"
		}
		return verbs.ReplaceAllString(regexp.QuoteMeta(text), ".*")
	case *ast.BinaryExpr:
		return patternOf(e.X) + patternOf(e.Y)
	}
	return ".*"
}
