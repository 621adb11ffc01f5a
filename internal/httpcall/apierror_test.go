package httpcall

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-llm/parley/internal/apierror"
	"github.com/parley-llm/parley/llm"
)

// fields holds the fields of an error that are derived from a reply's body.
type fields struct {
	Kind       llm.Kind
	Code       string
	Message    string
	RetryAfter time.Duration
}

func TestStatusErrorFormats(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   fields
	}{
		{
			"OpenAI's object", 400,
			`{"error":{"message":"Unsupported value: 'temperature'.","type":"invalid_request_error","param":"temperature","code":"unsupported_value"}}`,
			fields{Kind: llm.InvalidRequest, Code: "unsupported_value", Message: "Unsupported value: 'temperature'."},
		},
		{
			"OpenAI's object without a code", 404,
			`{"error":{"message":"Invalid URL (POST /v1/chat)","type":"invalid_request_error","param":null,"code":null}}`,
			fields{Kind: llm.NotFound, Code: "invalid_request_error", Message: "Invalid URL (POST /v1/chat)"},
		},
		{
			"OpenAI's exhausted quota is no rate limit", 429,
			`{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`,
			fields{Kind: llm.Quota, Code: "insufficient_quota", Message: "You exceeded your current quota"},
		},
		{
			"the code names the kind, whatever the type", 429,
			`{"error":{"message":"Rate limit reached","type":"tokens","code":"rate_limit_exceeded"}}`,
			fields{Kind: llm.RateLimited, Code: "rate_limit_exceeded", Message: "Rate limit reached"},
		},
		{
			"a prompt too long, by its code", 400,
			`{"error":{"message":"Too long.","type":"invalid_request_error","code":"context_length_exceeded"}}`,
			fields{Kind: llm.ContextLength, Code: "context_length_exceeded", Message: "Too long."},
		},
		{
			"a prompt too long, by its text", 400,
			`{"object":"error","message":"This model's maximum context length is 4096 tokens.","type":"BadRequestError","param":null,"code":400}`,
			fields{Kind: llm.ContextLength, Code: "BadRequestError", Message: "This model's maximum context length is 4096 tokens."},
		},
		{
			"a rate limit that speaks of lengths", 429,
			`{"error":{"message":"The prompt is too long for what is left of the minute."}}`,
			fields{Kind: llm.RateLimited, Message: "The prompt is too long for what is left of the minute."},
		},
		{
			"a rate limit without a code", 429,
			`{"error":{"message":"Limit reached; tokens per minute"}}`,
			fields{Kind: llm.RateLimited, Message: "Limit reached; tokens per minute"},
		},
		{
			"llama.cpp's overflow", 400,
			`{"error":{"code":400,"message":"request (4018 tokens) exceeds the available context size (2048 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":4018,"n_ctx":2048}}`,
			fields{
				Kind: llm.ContextLength, Code: "exceed_context_size_error",
				Message: "request (4018 tokens) exceeds the available context size (2048 tokens), try increasing it",
			},
		},
		{
			"Azure's filter, with the more exact word inside", 400,
			`{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter","status":400,` +
				`"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true}}}}}`,
			fields{Kind: llm.ContentFilter, Code: "ResponsibleAIPolicyViolation", Message: "The response was filtered"},
		},
		{
			"Azure's missing deployment", 404,
			`{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}`,
			fields{Kind: llm.NotFound, Code: "DeploymentNotFound", Message: "The API deployment for this resource does not exist."},
		},
		{
			"Azure's gateway", 401,
			`{ "statusCode": 401, "message": "Unauthorized. Access token is missing." }`,
			fields{Kind: llm.Auth, Message: "Unauthorized. Access token is missing."},
		},
		{
			"Azure's number in quotes", 401,
			`{"error":{"code":"401","message":"Access denied due to invalid subscription key."}}`,
			fields{Kind: llm.Auth, Code: "401", Message: "Access denied due to invalid subscription key."},
		},
		{
			"Google's bad key is a 400", 400,
			`{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[` +
				`{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"},` +
				`{"@type":"type.googleapis.com/google.rpc.LocalizedMessage","locale":"en-US","message":"API key not valid."}]}}`,
			fields{Kind: llm.Auth, Code: "API_KEY_INVALID", Message: "API key not valid."},
		},
		{
			"Google's own cancellation", 499,
			`{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}}`,
			fields{Kind: llm.Server, Code: "CANCELLED", Message: "The operation was cancelled."},
		},
		{
			"Google's time to wait", 429,
			`{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[` +
				`{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},` +
				`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"20.5s"}]}}`,
			fields{Kind: llm.RateLimited, Code: "RESOURCE_EXHAUSTED", Message: "Quota exceeded", RetryAfter: 20500 * time.Millisecond},
		},
		{
			"Google's time to wait, too long", 429,
			`{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"x/google.rpc.RetryInfo","retryDelay":"99999999h"}]}}`,
			fields{Kind: llm.RateLimited, Code: "RESOURCE_EXHAUSTED", Message: "Quota exceeded"},
		},
		{
			"Google's error in a list", 503,
			"[{\n  \"error\": {\n    \"code\": 503,\n    \"message\": \"The model is overloaded.\",\n    \"status\": \"UNAVAILABLE\"\n  }\n}\n]",
			fields{Kind: llm.Overloaded, Code: "UNAVAILABLE", Message: "The model is overloaded."},
		},
		{
			"Ollama's text", 404,
			`{"error":"model 'nope' not found"}`,
			fields{Kind: llm.NotFound, Message: "model 'nope' not found"},
		},
		{
			"Ollama's text that is JSON", 400,
			`{"error":"{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":3000,\"n_ctx\":2048}}"}`,
			fields{Kind: llm.ContextLength, Code: "exceed_context_size_error", Message: "the request exceeds the available context size"},
		},
		{
			"the whole body a string of JSON", 500,
			`"{\"message\":\"upstream is down\",\"code\":\"server_error\"}"`,
			fields{Kind: llm.Server, Code: "server_error", Message: "upstream is down"},
		},
		{"a gateway's message", 403, `{"message":"Forbidden"}`, fields{Kind: llm.Permission, Message: "Forbidden"}},
		{"a gateway's msg", 500, `{"code":500,"msg":"no upstream"}`, fields{Kind: llm.Server, Code: "500", Message: "no upstream"}},
		{"FastAPI's detail", 404, `{"detail":"Not Found"}`, fields{Kind: llm.NotFound, Message: "Not Found"}},
		{
			"FastAPI's details", 422,
			`{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{}}]}`,
			fields{Kind: llm.InvalidRequest, Code: "missing", Message: "body.messages: Field required"},
		},
		{
			"a message that is an API error itself", 429,
			`{"message":"{\"error\":{\"message\":\"no credit left\",\"code\":\"insufficient_quota\"}}"}`,
			fields{Kind: llm.Quota, Code: "insufficient_quota", Message: "no credit left"},
		},
		{
			"a code beside the error", 401,
			`{"error":"Invalid key","code":"invalid_api_key"}`,
			fields{Kind: llm.Auth, Code: "invalid_api_key", Message: "Invalid key"},
		},
		{
			"a web page", 502,
			"<!DOCTYPE html>\n<html><head><title>502 Bad\n Gateway</title></head><body><h1>502</h1>nginx</body></html>",
			fields{Kind: llm.Server, Message: "502 Bad Gateway"},
		},
		{"text", 503, "upstream connect error\r\n\tor disconnect", fields{Kind: llm.Overloaded, Message: "upstream connect error or disconnect"}},
		{
			"nothing", 500, "",
			fields{Kind: llm.Server, Message: "internal server error, and the server gave no reason"},
		},
		{"nothing, with a status of no standard", 529, " \n ", fields{Kind: llm.Overloaded, Message: "the server gave no reason"}},
		{"an empty object", 400, `{}`, fields{Kind: llm.InvalidRequest, Message: "bad request, and the server gave no reason"}},
		{"an empty list", 400, `[]`, fields{Kind: llm.InvalidRequest, Message: "[]"}},
		{"an error of null", 400, `{"error":null}`, fields{Kind: llm.InvalidRequest, Message: "bad request, and the server gave no reason"}},
		{"an error of a number", 400, `{"error":7}`, fields{Kind: llm.InvalidRequest, Message: "7"}},
		{"an error of true", 401, `{"error":true,"message":"no key"}`, fields{Kind: llm.Auth, Message: "no key"}},
		{"JSON that stops", 400, `{"error":{"message":"cut he`, fields{Kind: llm.InvalidRequest, Message: `{"error":{"message":"cut he`}},
		{"a code that is an object", 400, `{"error":{"message":"m","code":{"a":1}}}`, fields{Kind: llm.InvalidRequest, Message: "m"}},
		{"a code that is no status", 400, `{"error":{"message":"m","code":20015}}`, fields{Kind: llm.InvalidRequest, Code: "20015", Message: "m"}},
		{
			"a retired model", 404,
			`{"error":{"message":"The model 'gpt-4-32k' has been deprecated, use gpt-4o","type":"invalid_request_error","code":"model_not_found"}}`,
			fields{Kind: llm.Retired, Code: "model_not_found", Message: "The model 'gpt-4-32k' has been deprecated, use gpt-4o"},
		},
		{
			"Groq's retired model", 400,
			`{"error":{"message":"gone","type":"invalid_request_error","code":"model_decommissioned"}}`,
			fields{Kind: llm.Retired, Code: "model_decommissioned", Message: "gone"},
		},
		{
			"what a model cannot do", 400,
			`{"error":{"message":"registry.ollama.ai/library/m does not support tools","type":"invalid_request_error"}}`,
			fields{Kind: llm.Unsupported, Code: "invalid_request_error", Message: "registry.ollama.ai/library/m does not support tools"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, inMemory(t, says(tt.status, "application/json", tt.body)), llm.Limits{})
			e := refuse(t, c, post(anyURL, "{}"))
			equal(t, "error", fields{e.Kind, e.Code, e.Message, e.RetryAfter}, tt.want)
			equal(t, "status", e.Status, tt.status)
			equal(t, "call", []any{e.Provider, e.Model, e.Op}, []any{"test", "m", llm.OpChat})
		})
	}
}

func TestKindOfStatusWithoutBody(t *testing.T) {
	for status, want := range map[int]llm.Kind{
		304: llm.Protocol,
		400: llm.InvalidRequest, 405: llm.InvalidRequest, 409: llm.InvalidRequest, 413: llm.InvalidRequest,
		418: llm.InvalidRequest, 422: llm.InvalidRequest,
		401: llm.Auth, 402: llm.Quota, 403: llm.Permission, 404: llm.NotFound, 408: llm.Timeout, 429: llm.RateLimited,
		500: llm.Server, 501: llm.Server, 502: llm.Server, 504: llm.Server, 520: llm.Server, 599: llm.Server,
		503: llm.Overloaded, 529: llm.Overloaded,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			c := client(t, inMemory(t, says(status, "text/plain", "")), llm.Limits{})
			e := refuse(t, c, post(anyURL, "{}"))
			equal(t, "kind", e.Kind, want)
			equal(t, "status", e.Status, status)
		})
	}
}

func TestKindOfErrorInsideReply(t *testing.T) {
	for _, tt := range []struct {
		name string
		data string
		want fields
	}{
		{"a code", `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`, fields{llm.RateLimited, "rate_limit_exceeded", "slow down", 0}},
		{"a number", `{"error":{"message":"bad gateway","code":502}}`, fields{llm.Server, "502", "bad gateway", 0}},
		{"a number in quotes", `{"error":{"message":"busy","code":"503"}}`, fields{llm.Overloaded, "503", "busy", 0}},
		{"a number beside the error", `{"error":{"message":"slow down","code":"request_quota_exceeded"},"status_code":429}`, fields{llm.RateLimited, "request_quota_exceeded", "slow down", 0}},
		{"a text", `{"error":"the runner died"}`, fields{llm.Incomplete, "", "the runner died", 0}},
		{"bare text", `the runner died`, fields{llm.Incomplete, "", "the runner died", 0}},
		{"nothing", ``, fields{llm.Incomplete, "", "the server ended the answer with an error and gave no reason", 0}},
		{
			"Google's", `{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"google.rpc.RetryInfo","retryDelay":"2s"}]}}`,
			fields{llm.RateLimited, "RESOURCE_EXHAUSTED", "m", 2 * time.Second},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := client(t, inMemory(t, says(200, "text/event-stream", "")), llm.Limits{})
			r, err := c.Do(t.Context(), post(anyURL, "{}"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			e := r.APIError([]byte(tt.data), llm.Incomplete)
			equal(t, "error", fields{e.Kind, e.Code, e.Message, e.RetryAfter}, tt.want)
			equal(t, "status", e.Status, 200)
		})
	}
}

func TestHostileErrorBodies(t *testing.T) {
	nest := func(open, inner, close string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(close, n)
	}
	for name, body := range map[string]string{
		"errors in errors":      nest(`{"error":`, `"x"`, `}`, 5000),
		"lists in lists":        nest(`[`, `1`, `]`, 9000),
		"beyond JSON's depth":   nest(`{"error":`, `"x"`, `}`, 20000),
		"a long text":           strings.Repeat("é", 40000),
		"a long title":          "<title>" + strings.Repeat("x", 50000) + "</title>",
		"a title without end":   "<title>" + strings.Repeat("<title>", 5000),
		"control characters":    "a\x00\x01\x1b[31mred\x7f\u202eb\u200b\xff\xfe",
		"letters that grow":     strings.Repeat("İ", 100) + "<title>x</title>",
		"a string in a string":  `{"error":"\"\\\"x\\\"\""}`,
		"an endless line break": strings.Repeat("\r\n", 30000),
	} {
		t.Run(name, func(t *testing.T) {
			c := client(t, inMemory(t, says(500, "application/json", body)), llm.Limits{})
			e := refuse(t, c, post(anyURL, "{}"))
			equal(t, "kind", e.Kind, llm.Server)
			checkPrintable(t, e.Message)
		})
	}
}

// checkPrintable checks that a message is one printable line of limited length.
func checkPrintable(t testing.TB, message string) {
	t.Helper()
	if len(message) > apierror.MaxExcerpt+len("…")+100 {
		t.Errorf("the message has %d bytes, more than the bound of %d", len(message), apierror.MaxExcerpt)
	}
	if !utf8.ValidString(message) {
		t.Errorf("the message is not valid UTF-8: %q", message)
	}
	for _, r := range message {
		if !unicode.IsPrint(r) {
			t.Errorf("the message has the unprintable %U: %.100q", r, message)
			break
		}
	}
}

func TestIsSet(t *testing.T) {
	for raw, want := range map[string]bool{"": false, "null": false, `""`: true, "0": true, "false": true, "{}": true} {
		if got := IsSet(json.RawMessage(raw)); got != want {
			t.Errorf("IsSet(%s) = %v, want %v", raw, got, want)
		}
	}
}
