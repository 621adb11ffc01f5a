package providertest

import (
	"testing"

	"github.com/parley-llm/parley/internal/deepcopy"
	"github.com/parley-llm/parley/llm"
)

// WithoutDigests returns a copy of collected messages without the digests of their provider
// data, which tests of an answer's content do not spell out. It fails the test if data has
// no digest.
func WithoutDigests(t testing.TB, messages []llm.Message) []llm.Message {
	t.Helper()
	messages = deepcopy.Of(messages)
	for _, m := range messages {
		for group, data := range m.Items() {
			if data == nil {
				continue
			}
			if data.PartsDigest == "" {
				t.Errorf("the provider data of the parts %v is not bound to them", group)
			}
			data.PartsDigest = ""
		}
	}
	return messages
}
