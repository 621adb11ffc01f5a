package catalog_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers/catalog"
)

// A model whose end is near has a warning, although its status says that it is current.
func TestCallsToAModelNearItsEndHaveAWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock begins on 2000-01-01
		for _, tt := range []struct {
			days      int
			successor string
			want      string
		}{
			{0, "", ""},
			{31, "", ""},
			{30, "", "scripted ends on 2000-01-31"},
			{3, "newer", "scripted ends on 2000-01-04: use newer"},
			{-1, "", "scripted ends on 1999-12-31"},
		} {
			info := llm.ModelInfo{Name: "scripted", Status: llm.StatusCurrent, Successor: tt.successor}
			if tt.days != 0 {
				info.RetiresAt = time.Now().AddDate(0, 0, tt.days)
			}
			model := llmtest.Always(llmtest.Text("Hello")).Model(llm.WithMiddleware(catalog.Check(info)))
			resp, err := model.Generate(t.Context(), llm.Prompt("Hi"))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range resp.Warnings {
				got += w.Message
				equal(t, "code", w.Code, llm.WarnDeprecated)
			}
			equal(t, "warning", got, tt.want)
		}
	})
}

func TestFlexCostsHalfAtItsVendors(t *testing.T) {
	for name, want := range map[string]float64{"openai/gpt-6-luna": 0.5, "gemini/gemini-3.8-flash": 0.5, "groq/openai/gpt-oss-20b": 0} {
		m, ok := catalog.Lookup(name)
		if !ok || m.Prices == nil {
			t.Fatalf("%s has no prices", name)
		}
		equal(t, "factor of "+name, m.Prices.FlexFactor, want)
	}
}
