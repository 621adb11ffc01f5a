package openai

import (
	"os"
	"path/filepath"
	"testing"
)

// ResponsesExchanges returns the recorded exchanges of the Responses API. It skips
// the test as Exchanges does.
func ResponsesExchanges(t testing.TB) []Exchange {
	t.Helper()
	root := os.Getenv("PARLEY_CONFORMANCE")
	if root == "" {
		t.Skip("PARLEY_CONFORMANCE is not set: there are no recorded replies to test against")
	}
	files, err := filepath.Glob(filepath.Join(root, "openai-responses", "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no recordings of the Responses API in %s (%v)", root, err)
	}
	var all []Exchange
	for _, file := range files {
		all = append(all, readCassette(t, root, file)...)
	}
	return all
}
