package llm_test

import (
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

func TestLimitsWithDefaults(t *testing.T) {
	const frame, reply = 32 << 20, 1 << 30
	for _, test := range []struct {
		name      string
		set, want llm.Limits
	}{
		{"zeros are defaults", llm.Limits{}, llm.Limits{Connect: 15 * time.Second, FirstEvent: 10 * time.Minute, Idle: 5 * time.Minute, FrameBytes: frame, ReplyBytes: reply}},
		{"negative times, which are none, stay", llm.Limits{Connect: -1, FirstEvent: -1, Idle: -1, Total: -1, FrameBytes: -1}, llm.Limits{Connect: -1, FirstEvent: -1, Idle: -1, Total: -1, FrameBytes: frame, ReplyBytes: reply}},
		{"what is set stays", llm.Limits{Connect: 1, FirstEvent: 2, Idle: 3, Total: 4, FrameBytes: 5, ReplyBytes: 6}, llm.Limits{Connect: 1, FirstEvent: 2, Idle: 3, Total: 4, FrameBytes: 5, ReplyBytes: 6}},
	} {
		check(t, test.name, test.want, test.set.WithDefaults())
		check(t, test.name+", twice", test.want, test.set.WithDefaults().WithDefaults())
	}
}
