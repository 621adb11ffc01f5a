package conformance

import (
	"testing"

	"go.uber.org/goleak"
)

// The tests of the suite leave goroutines on purpose, in providers with flaws;
// all others must end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/parley-llm/parley/llm/llmtest/conformance.(*mini).forgotten"))
}
