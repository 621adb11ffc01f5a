package interop

import (
	"os"
	"testing"

	"github.com/parley-llm/parley/internal/interop/ollamatest"
)

// ollama is the server that the tests of this package share.
var ollama ollamatest.Shared

func TestMain(m *testing.M) { os.Exit(ollama.Main(m)) }
