package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// asProgram is an environment variable. If it is set, the test binary runs the chat program
// with the scripted provider.
const asProgram = "CHAT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		providers.Register("scripted", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return newScripted(), nil }})
		main()
	}
	goleak.VerifyTestMain(m)
}
