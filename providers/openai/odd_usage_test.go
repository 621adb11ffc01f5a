package openai_test

import (
	"testing"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/openai"
)

// TestOddUsageLosesNoAnswer checks that a usage of another form costs the usage only.
func TestOddUsageLosesNoAnswer(t *testing.T) {
	known := func(in, out int) llm.Usage { return llm.Usage{Input: llm.Known(in), Output: llm.Known(out)} }
	for usage, want := range map[string]llm.Usage{
		`{"prompt_tokens":1e3,"completion_tokens":2.0}`:                    known(1000, 2),
		`{"prompt_tokens":1.5,"completion_tokens":2}`:                      {Output: llm.Known(2)},
		`{"prompt_tokens":"12","completion_tokens":"3"}`:                   known(12, 3),
		`{"prompt_tokens":9223372036854775808}`:                            {},
		`{"prompt_tokens":9223372036854775807,"completion_tokens":-1}`:     {},
		`{"prompt_tokens":-5,"completion_tokens":-7}`:                      {},
		`{"prompt_tokens":3,"completion_tokens":4,"total_tokens":"seven"}`: known(3, 4),
		`[]`:  {},
		`"x"`: {},
	} {
		client := providertest.InMemory(t, providertest.Says(200, "text/event-stream",
			"data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\n"+
				"data: {\"choices\":[],\"usage\":"+usage+"}\n\ndata: [DONE]\n\n"))
		p, err := openai.New(openai.Config{BaseURL: "http://server.test/v1", APIKey: "sk-12345678", HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := llm.New(p, "m").Generate(t.Context(), llm.Prompt("x"))
		if err != nil {
			t.Errorf("usage %s: %v", usage, err)
			continue
		}
		if resp.Text() != "hi" || resp.Usage != want {
			t.Errorf("usage %s: text %q, usage %v", usage, resp.Text(), resp.Usage)
		}
		if warned := len(resp.Warnings) > 0; want == (llm.Usage{}) && !warned {
			t.Errorf("usage %s: no warning", usage)
		}
	}
}
