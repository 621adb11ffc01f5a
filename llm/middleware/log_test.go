package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/llm/middleware"
)

// logged sets the Logger of a Log, and returns a function that returns its only record.
func logged(t *testing.T, l *middleware.Log) (*middleware.Log, func() map[string]any) {
	var out bytes.Buffer
	l.Logger = slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			if a.Value.Kind() == slog.KindDuration {
				return slog.String(a.Key, a.Value.Duration().String())
			}
			return a
		},
	}))
	return l, func() map[string]any {
		t.Helper()
		var record map[string]any
		if err := json.Unmarshal(out.Bytes(), &record); err != nil {
			t.Fatalf("there is not one record: %v\n%s", err, out.String())
		}
		return record
	}
}

func TestLogWritesOneRecordOfEachCall(t *testing.T) {
	refused := &llm.Error{
		Kind: llm.InvalidRequest, Status: 400, Code: "bad_setting", RequestID: "req_1", Message: "the text 'my secret plan' is bad",
	}
	other := llmtest.Always(llmtest.Text("Hello").Usage(3, 1)).Named("second").Model(llm.WithName("other"))
	for _, tt := range []struct {
		name  string
		log   *middleware.Log
		reply llmtest.Reply
		more  piece // inside of Log
		leave bool
		want  map[string]any
	}{
		{"done", &middleware.Log{}, llmtest.Text("Hel", "lo").Usage(3, 2).Wait(time.Second).Pace(time.Second), nil, false, map[string]any{
			"level": "INFO", "outcome": "done", "duration": "4s", "first": "2s", "pieces": 2.0, "finish": "stop",
			"input": 3.0, "output": 2.0, "response_id": "reply_1",
		}},
		{"at another level", &middleware.Log{Level: slog.LevelDebug}, llmtest.Text("Hello"), nil, false, map[string]any{
			"level": "DEBUG", "outcome": "done", "duration": "0s", "first": "1ns", "pieces": 1.0, "finish": "stop", "response_id": "reply_1",
		}},
		{"failed", &middleware.Log{}, llmtest.Error(refused), nil, false, map[string]any{
			"level": "ERROR", "outcome": "failed", "duration": "0s", "error": "invalid_request", "status": 400.0,
			"code": "bad_setting", "request_id": "req_1",
		}},
		{"cut", &middleware.Log{}, llmtest.Text("Hel", "lo").CutAfter(1, nil), nil, false, map[string]any{
			"level": "ERROR", "outcome": "failed", "duration": "0s", "first": "1ns", "pieces": 1.0, "error": "incomplete_reply",
			"response_id": "reply_1",
		}},
		{"left", &middleware.Log{}, llmtest.Text("Hel", "lo"), nil, true, map[string]any{
			"level": "INFO", "outcome": "left", "duration": "0s", "first": "1ns", "pieces": 1.0, "response_id": "reply_1",
		}},
		{"cancelled", &middleware.Log{}, failure(llm.Canceled), nil, false, map[string]any{
			"level": "INFO", "outcome": "failed", "duration": "0s", "error": "canceled",
		}},
		{"fallen back", &middleware.Log{}, failure(llm.Overloaded), &middleware.Fallback{To: []middleware.FallbackTarget{{Model: other}}}, false, map[string]any{
			"level": "INFO", "outcome": "done", "duration": "0s", "first": "1ns", "pieces": 1.0, "finish": "stop",
			"input": 3.0, "output": 1.0, "response_id": "reply_1", "answered_by": "second/other", "attempts": 2.0,
		}},
		{"with its content", &middleware.Log{Content: true}, llmtest.Text("Hel", "lo"), nil, false, map[string]any{
			"level": "INFO", "outcome": "done", "duration": "0s", "first": "1ns", "pieces": 2.0, "finish": "stop", "response_id": "reply_1",
			"messages": `[{"version":1,"role":"user","parts":[{"type":"text","text":"Hi"}]}]`, "answer": "Hello",
		}},
		{"with its content, failed", &middleware.Log{Content: true}, llmtest.Error(refused), nil, false, map[string]any{
			"level": "ERROR", "outcome": "failed", "duration": "0s", "error": "invalid_request", "status": 400.0, "code": "bad_setting",
			"request_id": "req_1", "messages": `[{"version":1,"role":"user","parts":[{"type":"text","text":"Hi"}]}]`,
			"error_message": "parley: llmtest/scripted: invalid request (400): the text 'my secret plan' is bad [request req_1]",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				log, record := logged(t, tt.log)
				inside := []piece{log}
				if tt.more != nil {
					inside = append(inside, tt.more)
				}
				model := llmtest.New(tt.reply).Model(use(t, inside...))
				for ev := range model.Stream(t.Context(), llm.Prompt("Hi")).Events() {
					if tt.leave && ev.Type == llm.EventText {
						break
					}
				}
				tt.want["msg"], tt.want["op"] = "llm call", "chat"
				tt.want["provider"], tt.want["model"] = "llmtest", "scripted"
				equal(t, "the record", record(), tt.want)
			})
		})
	}
}

func TestLogHasNoSecrets(t *testing.T) {
	const secret = "sk-very-secret"
	d := conformance.OpenAI()
	srv := llmtest.NewServer(t, d.ErrorReply(&llm.Error{Status: 401, Message: "bad key " + secret}))
	log, record := logged(t, &middleware.Log{Content: true})
	model := overHTTPWithKey(t, srv, secret, use(t, log))
	ask(t, model).want(t, "", llm.Auth)
	text, err := json.Marshal(record())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) {
		t.Errorf("the record has the key: %s", text)
	}
}

func TestLogThatIsNotEnabledWritesNothing(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	model := llmtest.New(llmtest.Text("Hello")).Model(use(t, &middleware.Log{Logger: logger}))
	stream(context.Background(), model, llm.Prompt("Hi")).want(t, "start text done", "")
}

func TestLogHasTheCostAndMarksCacheHits(t *testing.T) {
	p := llmtest.Always(llmtest.Text("Hello").Usage(1e6, 1e6))
	cache := &middleware.Cache{Sampled: true}
	for i, want := range []map[string]any{{"cost": 3.0, "cache": nil}, {"cost": 0.0, "cache": "hit"}} {
		log, record := logged(t, &middleware.Log{})
		model := p.Model(llm.WithPrices(llm.Prices{Input: 1, Output: 2}), llm.WithMiddleware(log, cache))
		if _, err := model.Generate(t.Context(), llm.Prompt("Hi")); err != nil {
			t.Fatal(err)
		}
		got := record()
		equal(t, "the record of call "+string(rune('1'+i)), map[string]any{"cost": got["cost"], "cache": got["cache"]}, want)
	}
	log, record := logged(t, &middleware.Log{})
	if _, err := p.Model(llm.WithMiddleware(log)).Generate(t.Context(), llm.Prompt("Hi")); err != nil {
		t.Fatal(err)
	}
	if cost, ok := record()["cost"]; ok {
		t.Errorf("without prices, the cost is %v", cost)
	}
}
