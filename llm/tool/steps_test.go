package tool_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/tool"
)

// Row: usage of the last step only; lost on error.
func TestUsageIsTheSumAndEachStepsOwn(t *testing.T) {
	failed := llm.Errorf(llm.Server, "down")
	failed.Partial = &llm.Response{Usage: llm.Usage{Input: llm.Known(3)}}
	p := llmtest.New(llmtest.ToolCall("weather", `{"city":"x"}`).Usage(10, 1), llmtest.ToolCall("weather", `{"city":"y"}`).Usage(20, 2), llmtest.Error(failed))
	s := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Stream(t.Context(), llm.Prompt("go"))
	var each []int
	var last error
	for ev, err := range s.Events() {
		last = err
		if ev.Type == llm.EventStepEnd {
			each = append(each, ev.Detail.(*llm.Step).Usage.Input.N)
		}
	}
	equal(t, "usage of each step", each, []int{10, 20})
	e, _ := errors.AsType[*llm.Error](last)
	equal(t, "usage in the error", e.Partial.Usage.Input.N, 33)
	equal(t, "messages in the error", len(e.Partial.Messages), 4)
}

// Row: signatures and reasoning items lost between steps, or put on the wrong part.
func TestSignaturesGoBackAsTheyCame(t *testing.T) {
	data := func(s string) *llm.ProviderData {
		return &llm.ProviderData{Provider: "llmtest", Format: "x", Data: []byte(s)}
	}
	one := llm.ToolCall{ID: "1", Name: "weather", Arguments: `{"city":"a"}`, ProviderData: data("signed")}
	two := llm.ToolCall{ID: "2", Name: "weather", Arguments: `{"city": "b"}`}
	p := llmtest.New(llmtest.Events(
		llm.Event{Type: llm.EventReasoning, Text: "hm", Detail: data("thought")},
		llm.Event{Type: llm.EventText, Text: "so"},
		llm.Event{Type: llm.EventToolCallStart, Detail: &one}, llm.Event{Type: llm.EventToolCallEnd, Detail: &one},
		llm.Event{Type: llm.EventToolCallStart, Index: 1, Detail: &two}, llm.Event{Type: llm.EventToolCallEnd, Index: 1, Detail: &two},
		llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}), llmtest.Text("done"))
	_, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	var got []string
	for _, part := range p.Calls()[1].Request.Messages[1].Parts {
		switch part := part.(type) {
		case llm.Reasoning:
			got = append(got, "reasoning "+string(part.ProviderData.Data))
		case llm.Text:
			got = append(got, "text "+part.Text)
		case llm.ToolCall:
			signature := ""
			if part.ProviderData != nil {
				signature = string(part.ProviderData.Data)
			}
			got = append(got, part.Arguments+signature)
		}
	}
	equal(t, "parts", got, []string{"reasoning thought", "text so", `{"city":"a"}signed`, `{"city": "b"}`})
}

// Row: context overflow in step 7.
func TestOverflowIsTrimmedOnceAndTriedAgain(t *testing.T) {
	full := llm.Errorf(llm.ContextLength, "too long")
	trims := 0
	trim := func(_ context.Context, messages []llm.Message) ([]llm.Message, error) {
		trims++
		return messages[len(messages)-2:], nil
	}
	call := llmtest.ToolCall("weather", `{"city":"x"}`)
	p := llmtest.New(call, llmtest.Error(full), llmtest.Text("done"))
	req := &llm.Request{Messages: []llm.Message{llm.User("old"), llm.Assistant("old"), llm.User("go")}}
	resp, err := with(p, &tool.Loop{Tools: tools(echo("weather")), Trim: trim}).Generate(t.Context(), req)
	ok(t, err)
	equal(t, "trims", trims, 1)
	equal(t, "messages of the response", len(resp.Messages), 3)
	equal(t, "messages after trimming", len(p.Calls()[2].Request.Messages), 2)

	p = llmtest.New(call, llmtest.Error(full), llmtest.Error(full))
	_, err = with(p, &tool.Loop{Tools: tools(echo("weather")), Trim: trim}).Generate(t.Context(), req)
	failed, _ := errors.AsType[*llm.Error](err)
	if failed == nil || failed.Kind != llm.ContextLength || len(failed.Partial.Messages) != 2 {
		t.Errorf("got %v", err)
	}

	trims = 0
	p = llmtest.New(call, llmtest.Text("done"))
	_, err = with(p, &tool.Loop{Tools: tools(echo("weather")), Trim: trim, ContextTokens: 1}).Generate(t.Context(), req)
	ok(t, err)
	equal(t, "trims before steps", trims, 2)
}

// Row: a result of 1 MB.
func TestLargeResultsAreCutBetweenCharactersForTheModel(t *testing.T) {
	large := strings.Repeat("ä", 500_000)
	big := tool.Must(tool.New("big", "", func(context.Context, struct{}) (string, error) { return large, nil }))
	p := llmtest.New(llmtest.ToolCall("big", `{}`), llmtest.Text("done"))
	whole := 0
	s := with(p, &tool.Loop{Tools: tools(big)}).Stream(t.Context(), llm.Prompt("go"))
	for ev, err := range s.Events() {
		ok(t, err)
		if end, is := ev.Detail.(*llm.ToolEnd); is {
			whole = len(end.Result.Content)
		}
	}
	equal(t, "bytes for the program", whole, 1_000_000)
	got := resultsOf(s.Response().Messages)[0]
	if want := "big: " + strings.Repeat("ä", 16<<10) + "\n[The result was cut: these are 32768 of 1000000 bytes.]"; got != want {
		t.Errorf("the model gets %d bytes, ending in %q", len(got), got[len(got)-100:])
	}

	reply := llmtest.Text("")
	for range 8 {
		reply = reply.ToolCall("big", `{}`)
	}
	p = llmtest.New(reply, llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(big), MaxResults: 8000, MaxRepeats: tool.Unlimited}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	sum := 0
	for _, r := range resultsOf(resp.Messages) {
		sum += len(r)
	}
	if sum > 9000 {
		t.Errorf("the results of a step have %d bytes", sum)
	}
}

// Row: images in results.
func TestResultsCanHaveImages(t *testing.T) {
	photo := tool.Must(tool.New("photo", "", func(context.Context, struct{}) ([]llm.Part, error) {
		return []llm.Part{llm.Text{Text: "a cat"}, llm.Image{Data: []byte("png")}}, nil
	}))
	p := llmtest.New(llmtest.ToolCall("photo", `{}`), llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(photo)}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "parts", resp.Messages[1].Parts[0].(llm.ToolResult).Parts, []llm.Part{llm.Text{Text: "a cat"}, llm.Image{Data: []byte("png")}})
}

// Row: tools change in mid-run.
func TestStepKeepsItsToolsInTheOrderOfTheirNames(t *testing.T) {
	p := llmtest.New(llmtest.ToolCall("b", `{"city":"x"}`), llmtest.ToolCall("b", `{"city":"x"}`), llmtest.Text("done"))
	loop := &tool.Loop{Tools: tools(echo("b"), echo("a")), BeforeStep: func(_ context.Context, step *tool.Step) error {
		switch step.N {
		case 1:
			step.Tools = tools(echo("c"), echo("a"))
		case 2:
			step.Tools = nil
		}
		return nil
	}}
	resp, err := with(p, loop).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	var names []string
	for _, call := range p.Calls() {
		var list []string
		for _, tl := range call.Request.Tools {
			list = append(list, tl.Name)
		}
		names = append(names, strings.Join(list, " "))
	}
	equal(t, "tools of each step", names, []string{"a b", "a c", ""})
	equal(t, "results", resultsOf(resp.Messages), []string{"b: b x", `b!: There is no tool "b". The tools are: a, c.`})
	if p.Calls()[2].Request.Tools != nil {
		t.Error("an empty set of tools was sent")
	}
}

// Row: repeated identical calls.
func TestIdenticalCallsWithIdenticalResultsAreATypedError(t *testing.T) {
	p := llmtest.Always(llmtest.ToolCall("weather", `{"city":"x"}`))
	_, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), llm.Prompt("go"))
	equal(t, "limit", limitOf(err), "MaxRepeats")
	equal(t, "requests", len(p.Calls()), 3)
	empty := tool.Must(tool.New("find", "", func(context.Context, struct{}) ([]string, error) { return []string{}, nil }))
	p = llmtest.New(llmtest.ToolCall("find", `{}`), llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(empty)}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "an empty result", resultsOf(resp.Messages), []string{"find: (no results)"})
}

func TestLimitsOfTimeAndCost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := llmtest.Always(llmtest.ToolCall("weather", `{"city":"x"}`).Wait(4*time.Second).Usage(1_000_000, 0))
		loop := &tool.Loop{Tools: tools(echo("weather")), MaxTime: 10 * time.Second, MaxRepeats: tool.Unlimited}
		_, err := with(p, loop).Generate(t.Context(), llm.Prompt("go"))
		equal(t, "limit", limitOf(err), "MaxTime")
		equal(t, "kind", llm.KindOf(err), llm.Timeout)
		loop = &tool.Loop{Tools: tools(echo("weather")), MaxCost: 2.5, MaxRepeats: tool.Unlimited,
			Prices: func(string, string) (llm.Prices, bool) { return llm.Prices{Input: 1}, true }}
		_, err = with(p, loop).Generate(t.Context(), llm.Prompt("go"))
		equal(t, "limit", limitOf(err), "MaxCost")
		failed, _ := errors.AsType[*llm.Error](err)
		equal(t, "usage", failed.Partial.Usage.Input.N, 3_000_000)
		sendable(t, failed.Partial.Messages)
	})
}

// Row: tools and a format in one request.
func TestFormatCanBeSentWithTheLastStepOnly(t *testing.T) {
	p := llmtest.New(llmtest.ToolCall("weather", `{"city":"x"}`), llmtest.Text("free"), llmtest.Text(`{"a":1}`))
	req := llm.Prompt("go")
	req.Format = &llm.Format{Schema: json.RawMessage(`{"type":"object"}`)}
	resp, err := with(p, &tool.Loop{Tools: tools(echo("weather")), FormatLast: true}).Generate(t.Context(), req)
	ok(t, err)
	var formats []bool
	for _, call := range p.Calls() {
		formats = append(formats, call.Request.Format != nil)
	}
	equal(t, "steps with a format", formats, []bool{false, false, true})
	equal(t, "the last choice", p.Calls()[2].Request.ToolChoice.Mode, llm.ToolNone)
	equal(t, "text", resp.Text(), `{"a":1}`)
	equal(t, "messages", len(resp.Messages), 3)
	equal(t, "warnings", len(resp.Warnings), 1)
}

func TestHooksSeeAndStopSteps(t *testing.T) {
	p := llmtest.Always(llmtest.ToolCall("weather", `{"city":"x"}`))
	denied := 0
	loop := &tool.Loop{
		Tools:      tools(echo("weather")),
		BeforeCall: func(context.Context, llm.ToolCall) error { denied++; return tool.Error("Not today.") },
		AfterStep: func(_ context.Context, step *llm.Step) error {
			if step.N == 1 {
				return tool.ErrStop
			}
			return nil
		},
	}
	resp, err := with(p, loop).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "results", resultsOf(resp.Messages), []string{"weather!: Not today.", "weather!: Not today."})
	equal(t, "hooks", denied, 2)
}

func TestResetOfOneStepKeepsTheEarlierOnes(t *testing.T) {
	p := llmtest.New(llmtest.ToolCall("weather", `{"city":"x"}`), llmtest.Events(
		llm.Event{Type: llm.EventText, Text: "wrong"}, llm.Event{Type: llm.EventReset}, llm.Event{Type: llm.EventText, Text: "right"},
		llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}))
	resp, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "messages", len(resp.Messages), 3)
	equal(t, "text", resp.Text(), "right")
}

func TestInvalidSettingsFailEveryCall(t *testing.T) {
	p := llmtest.New()
	for want, loop := range map[string]*tool.Loop{
		"MaxSteps is -2":              {MaxSteps: -2},
		"MaxCost is 1":                {MaxCost: 1},
		"ContextTokens is 1":          {ContextTokens: 1},
		`two tools have the name "a"`: {Tools: tools(echo("a"), echo("a"))},
		"Tools[0] is nil":             {Tools: tools(nil)},
		"MaxTime is -1s":              {MaxTime: -time.Second},
	} {
		_, err := with(p, loop).Generate(t.Context(), llm.Prompt("go"))
		if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
}

func TestResultsThatCannotBeSentAreErrors(t *testing.T) {
	empty := tool.Must(tool.New("empty", "", func(context.Context, struct{}) (llm.Image, error) { return llm.Image{}, nil }))
	binary := tool.Must(tool.New("binary", "", func(context.Context, struct{}) (string, error) { return "a\xffb", nil }))
	fails := tool.Must(tool.New("fails", "", func(context.Context, struct{}) (string, error) { return "", tool.Error("a\xffb") }))
	p := llmtest.New(llmtest.ToolCall("empty", `{}`).ToolCall("binary", `{}`).ToolCall("fails", `{}`), llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(empty, binary, fails)}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "results", resultsOf(resp.Messages), []string{"empty!: The tool failed: invalid request.", "binary: a\uFFFDb", "fails!: a\uFFFDb"})
	sendable(t, resp.Messages)
}

func TestLeavingTheRangeEndsTheToolsThatRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		waits := tool.Must(tool.New("waits", "", func(ctx context.Context, _ struct{}) (string, error) {
			<-ctx.Done()
			ended++
			return "", ctx.Err()
		}))
		for _, leaveAt := range []int{1, 2} {
			p := llmtest.New(llmtest.ToolCall("waits", `{}`).ToolCall("waits", `{}`))
			starts := 0
			begin := time.Now()
			for ev, err := range with(p, &tool.Loop{Tools: tools(waits), MaxParallel: 2}).Stream(t.Context(), llm.Prompt("go")).Events() {
				ok(t, err)
				if ev.Type == llm.EventToolStart {
					if starts++; starts == leaveAt {
						break
					}
				}
			}
			equal(t, "time to leave", time.Since(begin), 0)
		}
		equal(t, "functions that ended", ended, 1)
	})
}

func TestLongErrorTextsAreCut(t *testing.T) {
	fails := tool.Must(tool.New("fails", "", func(context.Context, struct{}) (string, error) { return "", tool.Error(strings.Repeat("x", 1_000_000)) }))
	p := llmtest.New(llmtest.ToolCall("fails", `{}`), llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(fails)}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	if got := len(resultsOf(resp.Messages)[0]); got > 33<<10 {
		t.Errorf("the model gets %d bytes", got)
	}
}
