package main

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	reader "github.com/yuin/goldmark/text"
)

// More escape sequences.
const (
	bold      = "\x1b[1m"
	italic    = "\x1b[3m"
	underline = "\x1b[4m"
	cyan      = "\x1b[36m"
)

// renderMarkdown returns a block of Markdown as text for a terminal, wrapped at the width.
// Line breaks in a paragraph stay.
//
// Security: the block must not contain control characters.
func renderMarkdown(block string, width int) string {
	source := []byte(block)
	m := &markdown{source: source}
	root := goldmark.DefaultParser().Parse(reader.NewReader(source))
	var out []string
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		out = append(out, m.block(n, width))
	}
	return strings.Join(out, "\n\n")
}

// markdown renders the nodes of one source.
type markdown struct{ source []byte }

// block returns a block, without a line break at its end.
func (m *markdown) block(n ast.Node, width int) string {
	switch n := n.(type) {
	case *ast.Heading:
		return wrap(bold+m.inline(n, bold)+plain, width)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		return cyan + m.lines(n) + plain
	case *ast.HTMLBlock:
		return m.lines(n)
	case *ast.ThematicBreak:
		return strings.Repeat("─", min(width, 40))
	case *ast.Blockquote:
		return prefixed(m.blocks(n, width-2, "\n"), "│ ", "│ ")
	case *ast.List:
		separator := "\n"
		if !n.IsTight {
			separator = "\n\n"
		}
		var items []string
		number := n.Start
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			mark := "• "
			if n.IsOrdered() {
				mark = fmt.Sprintf("%d. ", number)
				number++
			}
			indent := strings.Repeat(" ", len([]rune(mark)))
			items = append(items, prefixed(m.blocks(item, width-len(indent), "\n"), mark, indent))
		}
		return strings.Join(items, separator)
	}
	return wrap(m.inline(n, ""), width)
}

// blocks returns the blocks inside another.
func (m *markdown) blocks(n ast.Node, width int, separator string) string {
	var out []string
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		out = append(out, m.block(child, max(width, 10)))
	}
	return strings.Join(out, separator)
}

// lines returns the text of a block that is not parsed.
func (m *markdown) lines(n ast.Node) string {
	var b strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		b.Write(line.Value(m.source))
	}
	return strings.TrimRight(b.String(), "\n")
}

// inline returns the text inside a block. The style is the one to return to after a part with
// another style.
func (m *markdown) inline(n ast.Node, style string) string {
	var b strings.Builder
	styled := func(own, text string) { b.WriteString(own + text + plain + style) }
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			b.Write(child.Segment.Value(m.source))
			if child.SoftLineBreak() || child.HardLineBreak() {
				b.WriteByte('\n')
			}
		case *ast.String:
			b.Write(child.Value)
		case *ast.CodeSpan:
			styled(cyan, m.inline(child, cyan))
		case *ast.Emphasis:
			own := italic
			if child.Level > 1 {
				own = bold
			}
			styled(own, m.inline(child, own))
		case *ast.Link:
			styled(underline, m.inline(child, underline))
			if to := string(child.Destination); to != m.inline(child, "") {
				b.WriteString(" (" + to + ")")
			}
		case *ast.AutoLink:
			styled(underline, string(child.URL(m.source)))
		case *ast.RawHTML:
			for i := range child.Segments.Len() {
				segment := child.Segments.At(i)
				b.Write(segment.Value(m.source))
			}
		default:
			b.WriteString(m.inline(child, style))
		}
	}
	return b.String()
}

// prefixed puts a prefix before the first line, and another before the rest.
func prefixed(text, first, rest string) string {
	return first + strings.ReplaceAll(text, "\n", "\n"+rest)
}
