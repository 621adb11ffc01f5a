package main

import (
	"bytes"
	"strings"
	"testing"
)

// shown replaces the escape sequences by short names.
func shown(text string) string {
	return strings.NewReplacer(bold, "<b>", italic, "<i>", underline, "<u>", cyan, "<c>", plain, "</>", "\x1b[J", "<clear>", "\x1b[2A", "<up2>", "\x1b[1A", "<up1>", "\r", "<cr>").Replace(text)
}

func TestMarkdown(t *testing.T) {
	for block, want := range map[string]string{
		"plain text":                  "plain text",
		"a *b* **c** `d`":             "a <i>b</> <b>c</> <c>d</>",
		"# Title":                     "<b>Title</>",
		"- a\n- b":                    "• a\n• b",
		"3. a\n4. b":                  "3. a\n4. b",
		"- a\n  - b":                  "• a\n  • b",
		"> a\n> b":                    "│ a\n│ b",
		"```go\nx := 1\n\ny\n```":     "<c>x := 1\n\ny</>",
		"[a](https://x.ex)":           "<u>a</> (https://x.ex)",
		"<https://x.example>":         "<u>https://x.example</>",
		"a\nb":                        "a\nb",
		"| a | b |\n| - | - |":        "| a | b |\n| - | - |",
		"one two three four five six": "one two three four\nfive six",
		"# one two three four five":   "<b>one two three four\nfive</>",
		"a <b>c</b>":                  "a <b>c</b>",
		"**a *b***":                   "<b>a <i>b</><b></>",
	} {
		if got := shown(renderMarkdown(block, 20)); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", block, got, want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, bold + "a" + plain: 1, "日本": 4, "e\u0301": 1, "a\tb": 9, "": 0} {
		if got := columnsOf(text); got != want {
			t.Errorf("%q has %d columns, want %d", text, got, want)
		}
	}
}

// The text is on the screen at once, and each block is replaced when it has ended.
func TestAnswerIsRenderedBlockByBlock(t *testing.T) {
	for name, tt := range map[string]struct {
		pieces []string
		height int
		want   string
	}{
		"plain text is not written twice": {[]string{"a", "b\n", "\n", "c"}, 24, "ab\n\nc"},
		"a list":                          {[]string{"- a\n", "- b", "\n\nc"}, 24, "- a\n- b\n\n<cr>\x1b[3A<clear>• a\n• b\n\nc"},
		"an empty line in code":           {[]string{"```\na\n\nb\n", "```\n"}, 24, "```\na\n\nb\n```\n<cr>\x1b[5A<clear><c>a\n\nb</>\n"},
		"the end of the answer":           {[]string{"**a**"}, 24, "**a**<cr><clear><b>a</>"},
		"two blocks in one piece":         {[]string{"*a*\n\n*b*\n\nc"}, 24, "*a*\n\n<cr><up2><clear><i>a</>\n\n*b*\n\n<cr><up2><clear><i>b</>\n\nc"},
		"a block larger than the screen":  {[]string{"- a\n- b\n- c\n- d"}, 3, "- a\n- b\n- c\n- d"},
		"escape sequences of a model":     {[]string{"*\x1b[2Ja*"}, 24, "*[2Ja*<cr><clear><i>[2Ja</>"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			p := &pretty{screen: &screen{out: output{w: &b, terminal: true}}, size: func() (int, int, error) { return 80, tt.height, nil }}
			for _, piece := range tt.pieces {
				p.add(piece)
			}
			p.flush()
			if got := shown(b.String()); got != tt.want {
				t.Errorf("the screen gets\n%q, want\n%q", got, tt.want)
			}
		})
	}
}
