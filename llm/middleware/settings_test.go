package middleware_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/middleware"
)

// Settings that cannot be meant are refused where the middleware is made, by
// the field's name.
func TestBadSettingsAreRefusedByName(t *testing.T) {
	for _, tt := range []struct {
		settings maker
		names    string
	}{
		{middleware.Retry{MaxRetries: -1}, "Retry: MaxRetries is -1;"},
		{middleware.Retry{MinBackoff: -time.Second}, "Retry: MinBackoff is -1s;"},
		{middleware.Retry{MinBackoff: 2 * time.Second, MaxBackoff: time.Second}, "Retry: MaxBackoff is 1s, less than MinBackoff, 2s"},
		{middleware.Retry{MaxWait: -1}, "Retry: MaxWait is -1ns;"},
		{middleware.Retry{PerKind: map[llm.Kind]int{"odd": 1}}, `Retry: PerKind has "odd"; there is no such kind`},
		{middleware.Retry{PerKind: map[llm.Kind]int{llm.Server: -2}}, `Retry: PerKind is -2 for "server error";`},
		{middleware.Retry{Budget: middleware.RetryBudget{Tokens: -5}}, "Retry: Budget.Tokens is -5;"},
		{middleware.Retry{Budget: middleware.RetryBudget{Tokens: 5}}, "Retry: Budget.Tokens is 5, which no retry at the Cost of 14"},
		{middleware.Timeout{}, "Timeout: FirstEvent is zero, and so are Idle and Total;"},
		{middleware.Timeout{Idle: -1}, "Timeout: Idle is -1ns;"},
		{middleware.Timeout{Idle: 2, Total: 1}, "Timeout: Idle is 2ns, more than Total, 1ns"},
		{middleware.Timeout{FirstEvent: 2, Total: 1}, "Timeout: FirstEvent is 2ns, more than Total, 1ns"},
	} {
		t.Run(tt.names, func(t *testing.T) {
			made, err := tt.settings.Middleware()
			if made != nil || llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "middleware."+tt.names) {
				t.Errorf("the error is %v, want an invalid request that says %q", err, tt.names)
			}
		})
	}
}
