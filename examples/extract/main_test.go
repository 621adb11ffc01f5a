package main

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm/llmtest"
)

func TestExtractPrintsTheOrderAfterOneRepair(t *testing.T) {
	p := llmtest.New(
		llmtest.Text(`{"customer":{"name":"Ada"},"lines":[],"priority":"high"}`),
		llmtest.Text(`{"customer":{"name":"Ada","email":null},"lines":[{"product":"nails",`, `"size":"M4","quantity":2},{"product":"hammer","quantity":1,"optional":true}],"priority":"urgent"}`))
	var out, progress strings.Builder
	if err := extract(t.Context(), p.Model(), strings.NewReader("Two boxes …"), &out, &progress); err != nil {
		t.Fatal(err)
	}
	const want = `{
  "customer": {
    "name": "Ada",
    "email": null
  },
  "lines": [
    {
      "product": "nails",
      "size": "M4",
      "quantity": 2
    },
    {
      "product": "hammer",
      "quantity": 1,
      "optional": true
    }
  ],
  "priority": "urgent"
}
`
	if out.String() != want {
		t.Errorf("got %s", &out)
	}
	if progress.String() != "line 1 …\nline 2 …\n" {
		t.Errorf("the progress is %q", &progress)
	}
	if got := p.Calls()[1].Request.Messages[3].Text(); !strings.Contains(got, "/lines: ") || !strings.Contains(got, "/priority: ") {
		t.Errorf("the findings are %q", got)
	}
}
