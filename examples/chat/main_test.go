package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
)

// asProgram is set in the environment of a test binary that is to be the chat
// program itself, with the scripted provider linked in.
const asProgram = "CHAT_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		providers.Register("scripted", providers.Driver{New: func(providers.Config) (llm.Provider, error) { return newScripted(), nil }})
		main()
	}
	goleak.VerifyTestMain(m)
}
