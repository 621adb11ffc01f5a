package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// showAll prints the tokens of all inputs for each model. It returns the exit status.
func showAll(e env, models []model, inputs []input) int {
	out := bufio.NewWriter(e.stdout)
	defer out.Flush()
	status := 0
	for _, in := range inputs {
		text, err := readAll(in)
		if err != nil {
			fmt.Fprintln(e.stderr, "tokens:", err)
			status = 1
			continue
		}
		for _, m := range models {
			if len(models)+len(inputs) > 2 {
				fmt.Fprintf(out, "%s, %s:\n", printable(in.name), m.name)
			}
			if e.isTerminal(e.stdout) {
				showColored(out, m, text)
				continue
			}
			for id, piece := range m.encoding.Tokens(text) {
				fmt.Fprintf(out, "%d\t%q\n", id, piece)
			}
		}
	}
	return status
}

// readAll reads an input as text.
func readAll(in input) (string, error) {
	source, _, err := in.open()
	if err != nil {
		return "", err
	}
	defer source.Close()
	data, err := io.ReadAll(source)
	return string(data), err
}

// backgrounds are used in turn, so that adjacent tokens have different colors.
var backgrounds = []string{"\x1b[48;5;153;38;5;16m", "\x1b[48;5;157;38;5;16m", "\x1b[48;5;229;38;5;16m", "\x1b[48;5;224;38;5;16m", "\x1b[48;5;189;38;5;16m"}

// showColored prints text with a background color for each token. Tokens that together form
// one character have the same color and are underlined.
func showColored(w io.Writer, m model, text string) {
	const (
		underlined = "\x1b[4m"
		reset      = "\x1b[0m"
	)
	count, part := 0, ""
	shown := 0
	for _, piece := range m.encoding.Tokens(text) {
		count++
		whole := part == ""
		if part += piece; !utf8.ValidString(part) {
			continue
		}
		style := backgrounds[shown%len(backgrounds)]
		if !whole {
			style += underlined
		}
		// Colors are reset at the end of a line, because a terminal would fill the rest of the
		// line. A newline is shown as ↵, because it can be a token or a part of one.
		fmt.Fprint(w, style, strings.ReplaceAll(printable(part), "\n", "↵"+reset+"\n"+style), reset)
		shown, part = shown+1, ""
	}
	if part != "" {
		fmt.Fprintf(w, "%q", part)
	}
	fmt.Fprintf(w, "\n%s tokens (%s)\n", grouped(int64(count)), m.encoding.Name())
}

// printable replaces control characters with caret notation. Security: escape sequences in a
// file cannot control the terminal.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || r == '\t' || !unicode.IsControl(r):
			b.WriteRune(r)
		case r < ' ' || r == 0x7F:
			b.WriteString("^" + string(r^0x40))
		default:
			fmt.Fprintf(&b, "\\x%02x", r)
		}
	}
	return b.String()
}
