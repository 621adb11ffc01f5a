// Package measured compares offline token counts of recorded requests with the usage that
// their servers reported, and checks the tables in docs/tokens.md. It is for the tests of
// the providers.
package measured

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

// Count is the offline count of a recorded request and the reported usage.
type Count struct {
	Family string // family of models, with the API if it is not the usual one
	Of     *llm.Request
	Count  llm.TokenCount
	Usage  int
}

// feature returns the part of the request that is hardest to count.
func (c *Count) feature() string {
	calls := 0
	for _, m := range c.Of.Messages {
		calls = max(calls, len(m.ToolCalls()))
	}
	switch {
	case c.Of.Format != nil:
		return "JSON schema"
	case calls > 1:
		return "tools, several calls and results"
	case calls > 0:
		return "tools, a call and its result"
	case len(c.Of.Tools) > 0:
		return "tools"
	}
	return "text"
}

var update = flag.Bool("update", false, "write the table of measured token counts to docs/tokens.md")

// Check reports counts that are marked exact but differ from the usage. It also compares
// the table of all counts with the table of the given name in docs/tokens.md. The file
// must be two directories above the test's. With the flag -update, Check writes the table
// to the file instead.
func Check(t *testing.T, name string, all []Count) {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("no recorded request was counted")
	}
	for _, c := range all {
		if c.Count.Exact && c.Count.Tokens != c.Usage {
			t.Errorf("%s, %s: the count is marked exact and is %d, but the server reports %d", c.Family, c.feature(), c.Count.Tokens, c.Usage)
		}
	}
	t.Logf("%d recorded requests counted", len(all))

	begin, end := "<!-- measured, "+name+": begin -->\n", "<!-- measured, "+name+": end -->\n"
	path := filepath.Join("..", "..", "docs", "tokens.md")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, hasBegin := strings.Cut(string(data), begin)
	want, after, hasEnd := strings.Cut(rest, end)
	if !hasBegin || !hasEnd {
		t.Fatalf("%s does not contain the markers of the table, the lines %q and %q", path, begin, end)
	}
	got := table(all)
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+got+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	providertest.Equal(t, "the table in docs/tokens.md (write it with -update)", want, got)
}

// table returns a table with a row for each family and feature.
func table(all []Count) string {
	slices.SortStableFunc(all, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Family, b.Family), cmp.Compare(a.feature(), b.feature()))
	})
	var b strings.Builder
	b.WriteString("| model | request | replies | equal | off by, mean | off by, worst | of tokens |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for len(all) > 0 {
		first := all[0]
		n := slices.IndexFunc(all, func(c Count) bool { return c.Family != first.Family || c.feature() != first.feature() })
		if n < 0 {
			n = len(all)
		}
		equals, sum, worst, of := 0, 0, 0, 0
		for _, c := range all[:n] {
			off := c.Count.Tokens - c.Usage
			if off == 0 {
				equals++
			}
			sum += max(off, -off)
			if max(off, -off) > max(worst, -worst) {
				worst, of = off, c.Usage
			}
			if worst == 0 {
				of = max(of, c.Usage)
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %.1f | %+d | %d |\n", first.Family, first.feature(), n, equals, float64(sum)/float64(n), worst, of)
		all = all[n:]
	}
	return b.String()
}
