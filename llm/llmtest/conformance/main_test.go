package conformance

import (
	"testing"

	"go.uber.org/goleak"
)

// Providers with flaws leave goroutines on purpose. All other goroutines must end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/parley-llm/parley/llm/llmtest/conformance.(*mini).forgotten"))
}
