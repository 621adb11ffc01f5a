package llm_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// Values that were stored with the spelling of earlier versions, with spaces, stay readable.
func TestValuesAreReadInBothSpellings(t *testing.T) {
	type stored struct {
		Kind       llm.Kind
		Op         llm.Op
		Finish     llm.FinishReason
		Code       llm.WarningCode
		Capability llm.Capability
		PerKind    map[llm.Kind]int
	}
	want := stored{
		llm.RateLimited, llm.OpCountTokens, llm.FinishToolCalls, llm.WarnUsageUnknown, llm.CanFollowJSON,
		map[llm.Kind]int{llm.Server: 1},
	}
	const today = `{"Kind":"rate_limited","Op":"count_tokens","Finish":"tool_calls","Code":"usage_unknown",` +
		`"Capability":"json_schema","PerKind":{"server_error":1}}`
	const earlier = `{"Kind":"rate limited","Op":"count tokens","Finish":"tool calls","Code":"usage unknown",` +
		`"Capability":"json schema","PerKind":{"server error":1}}`
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "JSON", today, string(data))
	for _, text := range []string{today, earlier} {
		var got stored
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		check(t, "value of "+text, want, got)
	}
}

func TestKindsAreLoggedByTheirValue(t *testing.T) {
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("failed", "kind", llm.RateLimited)
		if !bytes.Contains(b.Bytes(), []byte("rate_limited")) {
			t.Errorf("a %s handler logs the kind as %s", name, &b)
		}
	}
}
