// Command prose counts words in Go comments that make a sentence hard to read, per 1,000
// words. The project's goal is fewer than 2.
//
//	go run ./prose ../..            # counts by package and in total
//	go run ./prose -list ../..      # every occurrence, with file and line
//	go run ./prose -max 2 ../..     # exit status 1 if the total is 2 or more
//
// Test files, generated files and testdata are not counted.
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
	"regexp"
	"slices"
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

// rate is the number of hard words per 1,000 words.
func (c count) rate() float64 { return 1000 * float64(c.hard) / float64(max(c.words, 1)) }

func main() {
	list := flag.Bool("list", false, "print every occurrence")
	limit := flag.Float64("max", 0, "exit with status 1 if the total per 1,000 words is this or more")
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
	var total count
	for _, dir := range slices.Sorted(maps.Keys(counts)) {
		c := counts[dir]
		total.add(c)
		if c.hard > 0 {
			fmt.Printf("%6.1f  %5d of %6d  %s\n", c.rate(), c.hard, c.words, dir)
		}
	}
	fmt.Printf("%6.2f  %5d of %6d words of comments in total\n", total.rate(), total.hard, total.words)
	if *limit > 0 && total.rate() >= *limit {
		fmt.Fprintf(os.Stderr, "prose: %.2f per 1,000 words: want fewer than %g; run with -list to see them\n", total.rate(), *limit)
		os.Exit(1)
	}
}

// countTree counts the comments of every Go file below root, by directory.
func countTree(root string, list bool) (map[string]count, error) {
	counts := map[string]count{}
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
		c, err := countFile(path, list)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		sum := counts[dir]
		sum.add(c)
		counts[dir] = sum
		return nil
	})
	return counts, err
}

// countFile counts the comments of one file. A generated file counts as empty.
func countFile(path string, list bool) (count, error) {
	source, err := os.ReadFile(path)
	if err != nil {
		return count{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		return count{}, err
	}
	if ast.IsGenerated(file) || bytes.Contains(source[:min(len(source), 200)], []byte("DO NOT EDIT")) {
		return count{}, nil
	}
	var c count
	for _, group := range file.Comments {
		for _, comment := range group.List {
			text := strings.TrimLeft(strings.TrimSuffix(comment.Text, "*/"), "/* \t")
			c.words += len(strings.Fields(text))
			found := hard.FindAllString(text, -1)
			c.hard += len(found)
			if list && len(found) > 0 {
				fmt.Printf("%s: %s\n", set.Position(comment.Pos()), strings.Join(found, ", "))
			}
		}
	}
	return c, nil
}
