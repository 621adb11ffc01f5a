package apierror

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

func TestRowsOfTheTables(t *testing.T) {
	check := func(name, key, source string) {
		t.Helper()
		if key != strings.ToLower(key) || strings.TrimSpace(key) == "" {
			t.Errorf("%s %q is not in lower case", name, key)
		}
		if !strings.HasPrefix(source, "https://") && !strings.Contains(source, "#") {
			t.Errorf("%s %q has the source %q, want an address or an issue", name, key, source)
		}
	}
	for code, row := range codes {
		check("code", code, row.source)
		if row.rank == unknown || row.kind == "" {
			t.Errorf("code %q has no rank or no kind", code)
		}
		e := Error{codes: []string{strings.ToUpper(code)}}
		if kind := e.Kind(0); kind != row.kind {
			t.Errorf("code %q has the kind %q, want %q", code, kind, row.kind)
		}
	}
	seen := map[string]bool{}
	for _, row := range texts {
		check("text", row.text, row.source)
		if seen[row.text] {
			t.Errorf("text %q has two rows", row.text)
		}
		seen[row.text] = true
		if len(refines[row.kind]) == 0 {
			t.Errorf("text %q has the kind %q, which refines nothing", row.text, row.kind)
		}
		e := Error{texts: []string{"Error: " + strings.ToUpper(row.text) + "."}}
		if kind := e.Kind(0); kind != row.kind {
			t.Errorf("text %q has the kind %q, want %q: an earlier row matches it", row.text, kind, row.kind)
		}
	}
}

func TestPrecedence(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   llm.Kind
	}{
		{"an exact code before the status", 429, `{"error":{"code":"insufficient_quota"}}`, llm.Quota},
		{"an exact code before a text", 400, `{"error":{"code":"invalid_api_key","message":"prompt is too long"}}`, llm.Auth},
		{"a nested code before an outer one", 429, `{"error":{"code":"rate_limit_exceeded","metadata":{"raw":{"error":{"code":"insufficient_quota"}}}}}`, llm.Quota},
		{"a text before a code that is not exact", 429, `{"error":{"code":"rate_limit_exceeded","message":"insufficient balance"}}`, llm.Quota},
		{"a code that is not exact before the status", 400, `{"error":{"code":"rate_limit_exceeded"}}`, llm.RateLimited},
		{"a valid key from an address that is not allowed", 401, `{"error":{"code":"ip_not_authorized"}}`, llm.Permission},
		{"a precise status before a word for any error", 503, `{"error":{"type":"server_error"}}`, llm.Overloaded},
		{"a word for any error without a status", 0, `{"error":{"type":"server_error"}}`, llm.Server},
		{"a status in the body before a word for any error", 0, `{"error":{"type":"api_error","status_code":401}}`, llm.Auth},
		{"the status of the reply before the one in the body", 429, `{"error":{"code":500}}`, llm.RateLimited},
		{"a text about lengths in a rate limit", 429, `{"error":{"message":"prompt is too long"}}`, llm.RateLimited},
		{"a text about lengths in a rate limit without a status", 0, `{"error":{"code":"rate_limit_error","message":"prompt is too long"}}`, llm.RateLimited},
		{"nothing", 0, `{"error":{"message":"something"}}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := Read([]byte(tt.body))
			if kind := e.Kind(tt.status); kind != tt.want {
				t.Errorf("the kind is %q, want %q", kind, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	for body, want := range map[string]bool{
		`{"error":"x"}`: true, `{"detail":"x"}`: true, `{"code":"x","message":"m"}`: true, `{"errors":[{"message":"m"}]}`: true,
		`{"base_resp":{"status_code":1000,"status_msg":"m"}}`: true, `{"error parsing tool call":"m"}`: true, `{"type":"error"}`: true,

		``: false, `[]`: false, `"error"`: false, `{}`: false, `{"error":null}`: false, `{"error":""}`: false,
		`{"base_resp":{"status_code":0,"status_msg":"success"},"choices":null}`: false,
		`{"object":"list","data":[]}`:                                           false,
		`{"id":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}`:   false,
		`{"model":"m","message":{"role":"assistant","content":"error x"}}`:      false,
		`{"choices":[],"usage":{"prompt_tokens":1}}`:                            false,
		`{"status":"success"}`:                                                  false, `{"status":"ok"}`: false, `{"tokens":[1,2]}`: false,
	} {
		if _, got := Find([]byte(body)); got != want {
			t.Errorf("Find(%s) = %v, want %v", body, got, want)
		}
	}
}
