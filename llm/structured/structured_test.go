package structured_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/structured"
)

type ingredient struct {
	Name   string   `json:"name"`
	Amount *float64 `json:"amount"`
}

type recipe struct {
	Title       string            `json:"title"`
	Level       string            `json:"level" enum:"easy,hard"`
	Minutes     int               `json:"minutes" min:"1"`
	Ingredients []ingredient      `json:"ingredients"`
	Tags        map[string]string `json:"tags,omitempty"`
	Rest        time.Duration     `json:"rest,omitempty"`
}

const pancakes = `{"title":"Pancakes","level":"easy","minutes":20,"ingredients":[{"name":"flour","amount":0.5},{"name":"milk"}],"rest":"30m"}`

var wantPancakes = recipe{
	Title: "Pancakes", Level: "easy", Minutes: 20, Rest: 30 * time.Minute,
	Ingredients: []ingredient{{Name: "flour", Amount: new(0.5)}, {Name: "milk"}},
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pieces returns text in pieces of n bytes.
func pieces(text string, n int) []string {
	var list []string
	for text != "" {
		size := min(n, len(text))
		list = append(list, text[:size])
		text = text[size:]
	}
	return list
}

func TestGenerateReturnsTheValueAndTheResponse(t *testing.T) {
	p := llmtest.New(llmtest.Text(pancakes).Usage(10, 20))
	got, resp, err := structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("pancakes"))
	ok(t, err)
	equal(t, "value", got, wantPancakes)
	equal(t, "usage", resp.Usage.Output, llm.Known(20))
	format := p.Calls()[0].Request.Format
	equal(t, "name", format.Name, "recipe")
	equal(t, "strict", *format.Strict, true)
	if !strings.Contains(string(format.Schema), `"level":{"type":"string","enum":["easy","hard"]}`) {
		t.Errorf("the schema is %s", format.Schema)
	}
}

// Row: one stream that ends in the value or an error.
func TestStreamGrowsToTheValue(t *testing.T) {
	p := llmtest.New(llmtest.Text(pieces(pancakes, 4)...))
	answer := structured.Stream[recipe](t.Context(), p.Model(), llm.Prompt("pancakes"))
	var titles, levels []string
	var last recipe
	for part, err := range answer.Values() {
		ok(t, err)
		if len(titles) == 0 || titles[len(titles)-1] != part.Title {
			titles = append(titles, part.Title)
		}
		if len(levels) == 0 || levels[len(levels)-1] != part.Level {
			levels = append(levels, part.Level)
		}
		last = part
	}
	equal(t, "titles", titles, []string{"", "Pa", "Pancak", "Pancakes"})
	equal(t, "levels", levels, []string{"", "easy"})
	equal(t, "the last value", last, wantPancakes)
	equal(t, "text", answer.Response().Text(), pancakes)
}

func TestLeavingTheRangeEndsTheStream(t *testing.T) {
	p := llmtest.New(llmtest.Text(pieces(pancakes, 4)...))
	n := 0
	for range structured.Stream[recipe](t.Context(), p.Model(), llm.Prompt("pancakes")).Values() {
		n++
		break
	}
	equal(t, "values", n, 1)
}

// Row: refusal, filter, cut, invalid all look alike.
func TestReasonsOfMissingValuesDiffer(t *testing.T) {
	for reason, reply := range map[structured.Reason]llmtest.Reply{
		structured.Refused:  llmtest.Refusal("I will not."),
		structured.Cut:      llmtest.Text(pancakes[:40]).Finish(llm.FinishLength),
		structured.Filtered: llmtest.Text(pancakes[:40]).Finish(llm.FinishContentFilter),
		structured.Invalid:  llmtest.Text(`{"title":"x"}`),
	} {
		for _, stream := range []bool{false, true} {
			p := llmtest.New(reply.Usage(3, 4))
			var err error
			if stream {
				for _, e := range structured.Stream[recipe](t.Context(), p.Model(), llm.Prompt("x"), structured.Repairs(0)).Values() {
					err = e
				}
			} else {
				_, _, err = structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("x"), structured.Repairs(0))
			}
			failed, is := errors.AsType[*structured.Error](err)
			if !is {
				t.Fatalf("%s: got %v", reason, err)
			}
			equal(t, "reason", failed.Reason, reason)
			equal(t, "usage", failed.Usage.Output, llm.Known(4))
			if want := strings.TrimPrefix(failed.Raw, "{"); reason != structured.Refused && want == failed.Raw {
				t.Errorf("%s: the raw text is %q", reason, failed.Raw)
			}
		}
	}
	_, _, err := structured.Generate[recipe](t.Context(), llmtest.New(llmtest.Error(llm.Errorf(llm.Overloaded, "down"))).Model(), llm.Prompt("x"))
	equal(t, "an error of the call", llm.KindOf(err), llm.Overloaded)
	_, _, err = structured.Generate[recipe](t.Context(), llmtest.New(llmtest.Error(llm.Errorf(llm.ContentFilter, "no"))).Model(), llm.Prompt("x"))
	if failed, is := errors.AsType[*structured.Error](err); !is || failed.Reason != structured.Filtered {
		t.Errorf("a blocked prompt: got %v", err)
	}
}

// Rows: repair for ever, with the whole history; model writes "3".
func TestInvalidAnswerIsRepairedOnceWithAllFindings(t *testing.T) {
	invalid := `{"title":"Pancakes","level":"simple","minutes":"20","ingredients":[{"nam":"flour"}]}`
	p := llmtest.New(llmtest.Text(invalid).Usage(10, 1), llmtest.Text(pancakes).Usage(20, 2))
	got, resp, err := structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("pancakes"))
	ok(t, err)
	equal(t, "value", got, wantPancakes)
	equal(t, "usage", resp.Usage, llm.Usage{Input: llm.Known(30), Output: llm.Known(3)})
	messages := p.Calls()[1].Request.Messages
	equal(t, "messages", len(messages), 3)
	for _, want := range []string{"/level: ", "/minutes: ", "/ingredients/0: ", `rename "nam"`} {
		if !strings.Contains(messages[2].Text(), want) {
			t.Errorf("the findings lack %s: %s", want, messages[2].Text())
		}
	}
	p = llmtest.Always(llmtest.Text(invalid).Usage(1, 1))
	_, _, err = structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("pancakes"))
	failed, _ := errors.AsType[*structured.Error](err)
	if failed == nil || failed.Reason != structured.Invalid || len(failed.Findings) < 4 || failed.Usage.Input != llm.Known(2) {
		t.Errorf("got %#v", failed)
	}
	equal(t, "requests", len(p.Calls()), 2)
}

func TestRepairedStreamEndsInTheValue(t *testing.T) {
	p := llmtest.New(llmtest.Text(`{"title":"wrong"}`), llmtest.Text(pieces(pancakes, 10)...))
	var last recipe
	for part, err := range structured.Stream[recipe](t.Context(), p.Model(), llm.Prompt("pancakes")).Values() {
		ok(t, err)
		last = part
	}
	equal(t, "value", last, wantPancakes)
}

type even struct{ N int }

func (e even) Validate() error {
	if e.N%2 != 0 {
		return fmt.Errorf("N is %d; it must be even", e.N)
	}
	return nil
}

func TestValidateOfTheTypeIsPartOfTheValidation(t *testing.T) {
	p := llmtest.New(llmtest.Text(`{"N":3}`), llmtest.Text(`{"N":4}`))
	got, _, err := structured.Generate[even](t.Context(), p.Model(), llm.Prompt("x"))
	ok(t, err)
	equal(t, "value", got, even{4})
	if text := p.Calls()[1].Request.Messages[2].Text(); !strings.Contains(text, "N is 3; it must be even") {
		t.Error(text)
	}
}

// ladder is a backend that refuses the best ways to ask.
type ladder struct {
	*llmtest.Provider
	formats, tools bool
}

func (l ladder) Do(ctx context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		req := call.Request
		switch {
		case req.Format != nil && !l.formats:
			yield(llm.Event{}, &llm.Error{Kind: llm.InvalidRequest, Status: 400, Message: "compiled grammar is too large"})
		case req.ToolChoice.Mode == llm.ToolNamed && !l.tools:
			warning := &llm.Warning{Code: llm.WarnChanged, Setting: "ToolChoice", Message: "the model decides"}
			_ = yield(llm.Event{Type: llm.EventStart, Detail: &llm.Start{}}, nil) && yield(llm.Event{Type: llm.EventWarning, Detail: warning}, nil) &&
				yield(llm.Event{Type: llm.EventText, Text: "never read"}, nil)
		default:
			l.Provider.Do(ctx, call)(yield)
		}
	}
}

// Rows: grammar too big; fences, text around, reasoning before.
func TestBackendThatCannotIsAskedInTheNextWayWithAWarning(t *testing.T) {
	for name, test := range map[string]struct {
		backend  ladder
		reply    llmtest.Reply
		warnings int
	}{
		"native": {ladder{formats: true, tools: true}, llmtest.Text(pieces(pancakes, 9)...), 0},
		"tool":   {ladder{tools: true}, llmtest.Text("Here:").ToolCall("recipe", pieces(pancakes, 9)...), 1},
		"prompt": {ladder{}, llmtest.Text(append([]string{"Sure!\n```json\n"}, append(pieces(pancakes, 9), "\n```\nEnjoy.")...)...), 2},
	} {
		t.Run(name, func(t *testing.T) {
			for _, stream := range []bool{false, true} {
				test.backend.Provider = llmtest.New(test.reply)
				model := llm.New(test.backend, "scripted")
				var got recipe
				var resp *llm.Response
				var err error
				parts := 0
				if stream {
					answer := structured.Stream[recipe](t.Context(), model, llm.Prompt("x"))
					for got, err = range answer.Values() {
						parts++
					}
					resp = answer.Response()
					if parts < 5 {
						t.Errorf("%d parts", parts)
					}
				} else {
					got, resp, err = structured.Generate[recipe](t.Context(), model, llm.Prompt("x"))
				}
				ok(t, err)
				equal(t, "value", got, wantPancakes)
				equal(t, "warnings", len(resp.Warnings), test.warnings)
				req := &llm.Request{Messages: append([]llm.Message{llm.User("x")}, append(resp.Messages, llm.User("more"))...)}
				ok(t, req.Validate())
				if !strings.Contains(resp.Text(), pancakes) {
					t.Errorf("the text is %q", resp.Text())
				}
			}
		})
	}
	p := llmtest.New(llmtest.ToolCall("recipe", `{"title":"x"}`), llmtest.ToolCall("recipe", pancakes))
	_, _, err := structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("x"), structured.From(structured.Tool))
	ok(t, err)
	equal(t, "a repaired call", len(p.Calls()[1].Request.Messages), 3)
}

// Row: top-level array, scalar, union.
func TestValuesThatAreNoObjects(t *testing.T) {
	list, _, err := structured.Generate[[]string](t.Context(), llmtest.New(llmtest.Text(`["a","b"]`)).Model(), llm.Prompt("x"))
	ok(t, err)
	equal(t, "list", list, []string{"a", "b"})
	number, _, err := structured.Generate[int](t.Context(), llmtest.New(llmtest.Text(`42`)).Model(), llm.Prompt("x"))
	ok(t, err)
	equal(t, "number", number, 42)
	table, _, err := structured.Generate[map[string]int](t.Context(), llmtest.New(llmtest.ToolCall("answer", `{"a":1}`)).Model(), llm.Prompt("x"), structured.From(structured.Tool))
	ok(t, err)
	equal(t, "map", table, map[string]int{"a": 1})
	p := llmtest.New(llmtest.ToolCall("answer", `{"value":`, `["a"`, `]}`))
	var last []string
	for part, err := range structured.Stream[[]string](t.Context(), p.Model(), llm.Prompt("x"), structured.From(structured.Tool)).Values() {
		ok(t, err)
		last = part
	}
	equal(t, "wrapped list", last, []string{"a"})
}

// Rows: 64-bit integers; time, durations.
func TestExactNumbersAndTimes(t *testing.T) {
	type exact struct {
		N    int64
		When time.Time
		For  time.Duration
		Note *string
	}
	const text = `{"N":9007199254740993,"When":"2026-11-30T10:00:00Z","For":"1h30m","Note":null}`
	got, _, err := structured.Generate[exact](t.Context(), llmtest.New(llmtest.Text(text)).Model(), llm.Prompt("x"))
	ok(t, err)
	equal(t, "value", got, exact{N: 9007199254740993, When: time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC), For: 90 * time.Minute})
	for _, wrong := range []string{
		`{"N":9223372036854775808,"When":"2026-11-30T10:00:00Z","For":"1h"}`, `{"N":1,"When":"today","For":"1h"}`, `{"N":1,"When":"2026-11-30T10:00:00Z","For":"an hour"}`,
	} {
		_, _, err := structured.Generate[exact](t.Context(), llmtest.New(llmtest.Text(wrong)).Model(), llm.Prompt("x"), structured.Repairs(0))
		if failed, is := errors.AsType[*structured.Error](err); !is || failed.Reason != structured.Invalid {
			t.Errorf("%s: got %v", wrong, err)
		}
	}
}

// Row: the server fails open: 200 and free text.
func TestErrorSaysThatTheSchemaWasNotEnforced(t *testing.T) {
	p := llmtest.Always(llmtest.Text("I think pancakes are nice."))
	_, _, err := structured.Generate[recipe](t.Context(), p.Model(), llm.Prompt("x"), structured.From(structured.Prompt))
	if err == nil || !strings.Contains(err.Error(), "the backend did not enforce the schema") {
		t.Errorf("got %v", err)
	}
}

func TestTypesWithoutASchemaAndNilRequestsAreErrors(t *testing.T) {
	_, _, err := structured.Generate[struct{ F func() }](t.Context(), llmtest.New().Model(), llm.Prompt("x"))
	if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), ".F (func())") {
		t.Errorf("got %v", err)
	}
	_, _, err = structured.Generate[recipe](t.Context(), llmtest.New().Model(), nil)
	equal(t, "a nil request", llm.KindOf(err), llm.InvalidRequest)
}

func TestHistoryOfTheProgramIsNotChanged(t *testing.T) {
	history := make([]llm.Message, 1, 10)
	history[0] = llm.User("x")
	p := llmtest.New(llmtest.Text(`{}`), llmtest.Text(pancakes))
	_, _, err := structured.Generate[recipe](t.Context(), p.Model(), &llm.Request{Messages: history})
	ok(t, err)
	if history[:2][1].Role != "" {
		t.Error("messages were written behind the history")
	}
}

func FuzzAnswersNeverPanic(f *testing.F) {
	f.Add(pancakes)
	f.Add("```json\n[[[[{")
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(`"`+"x"+`"`)) || len(text) > 5000 {
			return
		}
		for _, rung := range []structured.Rung{structured.Native, structured.Prompt} {
			answer := structured.Stream[recipe](t.Context(), llmtest.New(llmtest.Text(pieces(text, 3)...)).Model(), llm.Prompt("x"), structured.Repairs(0), structured.From(rung))
			for range answer.Values() {
			}
		}
	})
}
