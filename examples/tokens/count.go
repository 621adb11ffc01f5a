package main

import (
	"fmt"
	"io"
	"strings"
)

// row is a row of the table: an input and its counts.
type row struct {
	name   string
	bytes  int64
	tokens []int // one count for each model
}

// countAll prints a table of the counts of all inputs. It prints errors to standard error and
// returns the exit status.
func countAll(e env, models []model, inputs []input) int {
	var rows []row
	total := row{name: "total", tokens: make([]int, len(models))}
	status := 0
	for _, in := range inputs {
		r, err := count(e, models, in)
		if err != nil {
			fmt.Fprintln(e.stderr, "tokens:", err)
			status = 1
			continue
		}
		rows = append(rows, r)
		total.bytes += r.bytes
		for i, n := range r.tokens {
			total.tokens[i] += n
		}
	}
	if len(rows) > 1 {
		rows = append(rows, total)
	}
	if len(rows) > 0 {
		printTable(e.stdout, models, rows)
	}
	return status
}

// count reads an input once and counts its tokens for all models. Each model counts in a
// separate goroutine.
func count(e env, models []model, in input) (row, error) {
	source, size, err := in.open()
	if err != nil {
		return row{}, err
	}
	defer source.Close()
	type result struct {
		tokens int
		err    error
	}
	results := make([]chan result, len(models))
	feeds := make([]io.Writer, len(models))
	for i, m := range models {
		reader, writer := io.Pipe()
		results[i], feeds[i] = make(chan result, 1), writer
		go func() {
			n, err := m.encoding.CountReader(reader)
			reader.CloseWithError(err)
			results[i] <- result{n, err}
		}()
	}
	bar := newProgress(e, in.name, size)
	read, err := io.Copy(io.MultiWriter(feeds...), io.TeeReader(source, bar))
	bar.clear()
	counted := row{name: in.name, bytes: read}
	for i := range models {
		feeds[i].(*io.PipeWriter).CloseWithError(err) // nil becomes io.EOF
		r := <-results[i]
		counted.tokens = append(counted.tokens, r.tokens)
	}
	return counted, err
}

// printTable prints the rows with right-aligned numbers.
func printTable(w io.Writer, models []model, rows []row) {
	lines := [][]string{{"", "bytes"}}
	for _, m := range models {
		lines[0] = append(lines[0], m.name)
		if m.window > 0 {
			lines[0] = append(lines[0], "of "+grouped(int64(m.window)))
		}
	}
	for _, r := range rows {
		line := []string{r.name, grouped(r.bytes)}
		for i, m := range models {
			line = append(line, grouped(int64(r.tokens[i])))
			if m.window > 0 {
				line = append(line, fmt.Sprintf("%.1f %%", 100*float64(r.tokens[i])/float64(m.window)))
			}
		}
		lines = append(lines, line)
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, cell := range line {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// grouped formats a number with separators, for example 1,047,576.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
