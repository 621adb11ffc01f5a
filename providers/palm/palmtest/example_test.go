package palmtest_test

import (
	"fmt"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/palm"
	"github.com/parley-llm/parley/providers/palm/palmtest"
)

// The server answers with a script, so that a program can be tested without PaLM.
func Example() {
	test := func(t *testing.T) {
		srv := palmtest.New(t, palmtest.Answer{Text: "It is short."}, palmtest.Answer{Filter: "SAFETY"})
		p, err := palm.New(palm.Config{BaseURL: srv.URL})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		model := llm.New(p, "chat-bison-001")
		resp, err := model.Generate(t.Context(), llm.Prompt("Well?"))
		fmt.Println(resp.Text(), err)
		_, err = model.Generate(t.Context(), llm.Prompt("And?"))
		fmt.Println(llm.KindOf(err))
	}
	_ = test // in your test
}
