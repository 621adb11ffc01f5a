package apierror

import (
	"reflect"
	"testing"
	"unicode"
)

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"", "x", `{"error":{"message":"m","type":"t","code":"c"}}`, `[{"error":{"code":400,"message":"m","status":"S","details":[{"@type":"a.RetryInfo","retryDelay":"20s"}]}}]`,
		`{"error":"{\"error\":{\"code\":400,\"message\":\"m\"}}"}`, `{"message":"m"}`, `{"detail":[{"msg":"m"}]}`, `<html><title>t</title>`,
		`"\"\\\"x\\\"\""`, `{"error":{"message":{"message":"m"},"code":"503"}}`, `{"error":{"innererror":{"code":"x"}}}`, "\xff\xfe{}", `{"code":599}`,
		`{"error":{"message":"Provider returned error","code":400,"metadata":{"raw":"{\"error\":{\"message\":\"m\"}}","provider_name":"P","reasons":["r"]}}}`,
		`{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}`, `{"errors":[{"code":1,"message":"a"},"b"]}`, `{"error x":"y"}`,
	} {
		f.Add([]byte(seed), 400)
		f.Add([]byte(seed), 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, status int) {
		parsed := Read(data)
		if again := Read(data); !reflect.DeepEqual(parsed, again) {
			t.Errorf("two results differ: %+v, %+v", parsed, again)
		}
		for _, r := range parsed.Message {
			if !unicode.IsPrint(r) {
				t.Errorf("the message has the unprintable %U: %.100q", r, parsed.Message)
			}
		}
		if len(parsed.Message) > MaxExcerpt+len("…") {
			t.Errorf("the message has %d bytes", len(parsed.Message))
		}
		if parsed.RetryAfter < 0 || parsed.RetryAfter >= maxWait {
			t.Errorf("RetryAfter is %v", parsed.RetryAfter)
		}
		if parsed.number != 0 && (parsed.number < 100 || parsed.number > 599) {
			t.Errorf("the number %d is not an HTTP status", parsed.number)
		}
		if status >= 100 && status <= 599 && parsed.Kind(status) == "" {
			t.Errorf("an API error with the status %d has no kind", status)
		}
	})
}
