// Command prose counts words that make a sentence hard to read, per 1,000 words: in Go
// comments, and in the string literals of the packages below llm, providers and internal,
// which have the texts of errors. The project's goal is fewer than 2 in each.
//
//	go run ./prose ../..            # counts by package and in total
//	go run ./prose -list ../..      # every occurrence, with file and line
//	go run ./prose -max 2 ../..     # exit status 1 if a total is 2 or more
//
// Test files, generated files and testdata are not counted. Strings without a space are not
// texts, nor are struct tags, except those of the key doc.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hard are words that name a thing by a clause, or that few readers know.
var hard = regexp.MustCompile(`(?i)\b(?:what|whatever|whoever|anew|but for|the want of|of its own)\b`)

// count is the number of words, and of hard ones among them.
type count struct{ words, hard int }

func (c *count) add(d count) {
	c.words += d.words
	c.hard += d.hard
}

// counts are the words of the comments and of the string literals of files.
type counts struct{ comments, strings count }

// rate is the number of hard words per 1,000 words.
func (c count) rate() float64 { return 1000 * float64(c.hard) / float64(max(c.words, 1)) }

func main() {
	list := flag.Bool("list", false, "print every occurrence")
	limit := flag.Float64("max", 0, "exit with status 1 if a total per 1,000 words is this or more")
	flag.Parse()
	root := "."
	if flag.NArg() > 0 {
		root = flag.Arg(0)
	}
	counts, err := countTree(root, *list)
	if err != nil {
		fmt.Fprintln(os.Stderr, "prose:", err)
		os.Exit(1)
	}
	var comments, strs count
	for _, dir := range slices.Sorted(maps.Keys(counts)) {
		c := counts[dir]
		comments.add(c.comments)
		strs.add(c.strings)
		if c.comments.hard > 0 {
			fmt.Printf("%6.1f  %5d of %6d  %s\n", c.comments.rate(), c.comments.hard, c.comments.words, dir)
		}
	}
	fmt.Printf("%6.2f  %5d of %6d words of comments in total\n", comments.rate(), comments.hard, comments.words)
	fmt.Printf("%6.2f  %5d of %6d words of string literals in total\n", strs.rate(), strs.hard, strs.words)
	if worst := max(comments.rate(), strs.rate()); *limit > 0 && worst >= *limit {
		fmt.Fprintf(os.Stderr, "prose: %.2f per 1,000 words: want fewer than %g; run with -list to see them\n", worst, *limit)
		os.Exit(1)
	}
}

// textRoots are the directories whose packages make texts for users of the library.
var textRoots = []string{"llm", "providers", "internal"}

// countTree counts the words of every Go file below root, by directory.
func countTree(root string, list bool) (map[string]counts, error) {
	all := map[string]counts{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		top, _, _ := strings.Cut(filepath.ToSlash(dir), "/")
		c, err := countFile(path, slices.Contains(textRoots, top), list)
		if err != nil {
			return err
		}
		sum := all[dir]
		sum.comments.add(c.comments)
		sum.strings.add(c.strings)
		all[dir] = sum
		return nil
	})
	return all, err
}

// countFile counts the words of one file, with its string literals if texts is set. A
// generated file counts as empty.
func countFile(path string, texts, list bool) (counts, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return counts{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		return counts{}, err
	}
	if ast.IsGenerated(file) || bytes.Contains(source[:min(len(source), 200)], []byte("DO NOT EDIT")) {
		return counts{}, nil
	}
	var all counts
	add := func(c *count, at token.Pos, text string) {
		found := hard.FindAllString(text, -1)
		c.add(count{len(strings.Fields(text)), len(found)})
		if list && len(found) > 0 {
			fmt.Printf("%s: %s\n", set.Position(at), strings.Join(found, ", "))
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			add(&all.comments, comment.Pos(), strings.TrimLeft(strings.TrimSuffix(comment.Text, "*/"), "/* \t"))
		}
	}
	if !texts {
		return all, nil
	}
	tags := map[*ast.BasicLit]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field: // visited before its tag
			if n.Tag != nil {
				tags[n.Tag] = true
			}
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if tags[n] {
				text = reflect.StructTag(text).Get("doc")
			}
			if err == nil && n.Kind == token.STRING && strings.Contains(text, " ") {
				add(&all.strings, n.Pos(), text)
			}
		}
		return true
	})
	return all, nil
}
