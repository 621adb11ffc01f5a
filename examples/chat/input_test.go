package main

import "testing"

func TestDraft(t *testing.T) {
	typed := func(lines ...string) (all []entry) {
		for _, line := range lines {
			all = append(all, entry{line: line})
		}
		return all
	}
	for name, tt := range map[string]struct {
		entries []entry
		want    string
	}{
		"a line":                 {typed("one"), "one"},
		"an empty line":          {typed(""), ""},
		"backslashes":            {typed(`one\`, `two\`, "three"), "one\ntwo\nthree"},
		"quotes":                 {typed(`"""`, "one", `  two\`, "", `"""`), "one\n  two\\"},
		"text beside the quotes": {typed(`"""one`, `two"""`), "one\ntwo"},
		"quotes in one line":     {typed(`"""one"""`), "one"},
		"only three quotes":      {typed(`"""`, `"""`), ""},
		"a pasted block":         {[]entry{{line: "one", pasted: true}, {line: "", pasted: true}, {line: "two", pasted: true}, {line: ""}}, "one\n\ntwo"},
		"a block and more":       {[]entry{{line: "one", pasted: true}, {line: "two and this"}}, "one\ntwo and this"},
		"a pasted backslash":     {[]entry{{line: `C:\`, pasted: true}, {line: "x"}}, "C:\\\nx"},
	} {
		var d draft
		for i, e := range tt.entries {
			if complete := d.add(e); complete != (i == len(tt.entries)-1) {
				t.Errorf("%s: complete after line %d: %v", name, i, complete)
			}
		}
		if got := d.text(); got != tt.want {
			t.Errorf("%s: the message is %q, want %q", name, got, tt.want)
		}
	}
}
