// Command mutate measures how many small changes of the code the tests notice. It takes a
// sample of the places in a package where an operator can be replaced, replaces one at a time,
// and runs the tests of the package. A change that fails no test is printed: it needs a test,
// unless the changed code has the same meaning.
//
//	go run ./mutate -n 20 -seed 1 ../.. ./llm ./llm/middleware
//
// The files are not modified: the go command reads the changed file by its flag -overlay.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// replacements has an operator for each operator that is replaced.
var replacements = map[token.Token]token.Token{
	token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL,
	token.BREAK: token.CONTINUE, token.CONTINUE: token.BREAK,
}

// mutant is one replaced operator.
type mutant struct {
	file      string
	line, at  int // at is the offset in bytes
	from, to  string
	statement string // the line with the operator
}

func main() {
	n := flag.Int("n", 20, "number of mutants of each package")
	seed := flag.Uint64("seed", 1, "seed of the sample")
	limit := flag.Duration("timeout", 2*time.Minute, "limit for the tests of one mutant")
	flag.Parse()
	if flag.NArg() < 2 {
		fmt.Fprintln(os.Stderr, "usage: mutate [flags] ROOT PACKAGE...")
		os.Exit(2)
	}
	if err := run(flag.Arg(0), flag.Args()[1:], *n, *seed, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(root string, packages []string, n int, seed uint64, limit time.Duration) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	for _, pkg := range packages {
		all, err := mutantsOf(filepath.Join(root, pkg))
		if err != nil {
			return err
		}
		random := rand.New(rand.NewPCG(seed, seed))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		killed, tested := 0, 0
		for _, m := range all[:min(n, len(all))] {
			noticed, builds, err := m.test(root, pkg, limit)
			switch {
			case err != nil:
				return err
			case !builds:
				continue // such as a difference of two strings
			case noticed:
				killed++
			default:
				fmt.Printf("%s:%d: %s instead of %s survives: %s\n", m.file, m.line, m.to, m.from, m.statement)
			}
			tested++
		}
		fmt.Printf("%s: %d of %d mutants noticed, of %d places\n", pkg, killed, tested, len(all))
	}
	return nil
}

// mutantsOf returns the mutants of the package in a folder.
func mutantsOf(folder string) (all []mutant, err error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, 0)
		if err != nil {
			return nil, err
		}
		lines := bytes.Split(source, []byte("\n"))
		add := func(pos token.Pos, operator token.Token) {
			if to, ok := replacements[operator]; ok {
				p := set.Position(pos)
				all = append(all, mutant{file, p.Line, p.Offset, operator.String(), to.String(), string(bytes.TrimSpace(lines[p.Line-1]))})
			}
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.BinaryExpr:
				add(node.OpPos, node.Op)
			case *ast.BranchStmt:
				add(node.TokPos, node.Tok)
			case *ast.UnaryExpr:
				if node.Op == token.NOT {
					p := set.Position(node.OpPos)
					all = append(all, mutant{file, p.Line, p.Offset, "!", "", string(bytes.TrimSpace(lines[p.Line-1]))})
				}
			}
			return true
		})
	}
	return all, nil
}

// test runs the tests of the package with the mutant.
func (m *mutant) test(root, pkg string, limit time.Duration) (noticed, builds bool, err error) {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, false, err
	}
	defer os.RemoveAll(folder)
	source, err := os.ReadFile(m.file)
	if err != nil {
		return false, false, err
	}
	changed := filepath.Join(folder, "changed.go")
	text := string(source[:m.at]) + m.to + string(source[m.at+len(m.from):])
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{m.file: changed}})
	if err != nil {
		return false, false, err
	}
	list := filepath.Join(folder, "overlay.json")
	for name, data := range map[string][]byte{changed: []byte(text), list: overlay} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return false, false, err
		}
	}
	command := func(args ...string) error {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		c := exec.CommandContext(ctx, "go", args...)
		c.Dir, c.WaitDelay = root, time.Second
		return c.Run()
	}
	if command("build", "-overlay="+list, pkg) != nil {
		return false, false, nil
	}
	return command("test", "-count=1", "-failfast", "-overlay="+list, pkg) != nil, true, nil
}
