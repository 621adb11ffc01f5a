package conformance_test

import (
	"fmt"

	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
)

// Render a reply as the bytes that an Ollama server sends.
func ExampleDialect_Stream() {
	wire := conformance.Ollama().Stream(llmtest.Text("Hello").Usage(5, 1))
	fmt.Print(string(wire.Body))
	// Output:
	// {"model":"scripted","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello"},"done":false}
	// {"model":"scripted","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":1000000000,"prompt_eval_count":5,"eval_count":1}
}
