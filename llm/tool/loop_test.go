package tool_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/tool"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	runChild()
	goleak.VerifyTestMain(m)
}

type city struct {
	City string `json:"city"`
}

// echo returns a tool that answers with the city.
func echo(name string, options ...tool.Option) *tool.Tool {
	return tool.Must(tool.New(name, "", func(_ context.Context, in city) (string, error) { return name + " " + in.City, nil }, options...))
}

// counting returns a tool that counts its calls.
func counting(name string, n *atomic.Int64, options ...tool.Option) *tool.Tool {
	return tool.Must(tool.New(name, "", func(_ context.Context, in city) (string, error) { return fmt.Sprint(name, " ", n.Add(1)), nil }, options...))
}

// with returns a model with a loop.
func with(p *llmtest.Provider, loop *tool.Loop) *llm.Model {
	return p.Model(llm.WithOuterMiddleware(loop))
}

func tools(list ...*tool.Tool) []*tool.Tool { return list }

// resultsOf returns the results in messages, as "name: content", with "!" for errors.
func resultsOf(messages []llm.Message) []string {
	var texts []string
	for _, m := range messages {
		for _, part := range m.Parts {
			if r, ok := part.(llm.ToolResult); ok {
				mark := ""
				if r.IsError {
					mark = "!"
				}
				texts = append(texts, r.Name+mark+": "+r.Content)
			}
		}
	}
	return texts
}

// sendable checks that a history can be sent again.
func sendable(t *testing.T, history []llm.Message) {
	t.Helper()
	req := &llm.Request{Messages: append(history[:len(history):len(history)], llm.User("next"))}
	if err := req.Validate(); err != nil {
		t.Errorf("the history cannot be sent again: %v", err)
	}
}

func limitOf(err error) string {
	if e, ok := errors.AsType[*tool.LimitError](err); ok {
		return e.Limit
	}
	return fmt.Sprint(err)
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

func TestLoopRunsToolsUntilTheModelAnswers(t *testing.T) {
	p := llmtest.New(
		llmtest.Text("Let me see.").ToolCall("weather", `{"city":"Oslo"}`).Usage(10, 2),
		llmtest.Text("It rains.").Usage(20, 3))
	var events []string
	s := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Stream(t.Context(), llm.Prompt("Oslo?"))
	for ev, err := range s.Events() {
		ok(t, err)
		events = append(events, ev.Type.String())
	}
	resp := s.Response()
	equal(t, "events", events, strings.Fields(`step_start start text tool_call_start tool_call_delta tool_call_end tool_start tool_end step_end
		step_start start text step_end done`))
	equal(t, "messages", resp.Messages, []llm.Message{
		llm.Assistant("Let me see.", llm.ToolCall{ID: "call_1_1", Name: "weather", Arguments: `{"city":"Oslo"}`}),
		llm.ToolResults(llm.ToolResult{CallID: "call_1_1", Name: "weather", Content: "weather Oslo"}),
		llm.Assistant("It rains."),
	})
	equal(t, "usage", resp.Usage, llm.Usage{Input: llm.Known(30), Output: llm.Known(5)})
	equal(t, "text", resp.Text(), "It rains.")
	equal(t, "the second request", p.Calls()[1].Request.Messages, append([]llm.Message{llm.User("Oslo?")}, resp.Messages[:2]...))
}

// Row: a forced choice is sent again at each step.
func TestForcedChoiceIsForOneStep(t *testing.T) {
	p := llmtest.New(llmtest.ToolCall("weather", `{"city":"Oslo"}`), llmtest.Text("done"))
	req := llm.Prompt("Oslo?")
	req.ToolChoice = llm.ToolChoice{Mode: llm.ToolNamed, Name: "weather"}
	req.Tools = []llm.Tool{{Name: "weather"}}
	_, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), req)
	ok(t, err)
	equal(t, "the first choice", p.Calls()[0].Request.ToolChoice, req.ToolChoice)
	equal(t, "the second choice", p.Calls()[1].Request.ToolChoice, llm.ToolChoice{})
}

// Rows: no limit at all by default; the limit is reached.
func TestLimitOfStepsIsEightAndATypedErrorWithTheWork(t *testing.T) {
	var n atomic.Int64
	p := llmtest.Always(llmtest.ToolCall("count", `{"city":"x"}`).Usage(1, 1))
	_, err := with(p, &tool.Loop{Tools: tools(counting("count", &n))}).Generate(t.Context(), llm.Prompt("go"))
	equal(t, "limit", limitOf(err), "MaxSteps")
	failed, _ := errors.AsType[*llm.Error](err)
	equal(t, "requests", len(p.Calls()), 8)
	equal(t, "messages", len(failed.Partial.Messages), 16)
	equal(t, "usage", failed.Partial.Usage.Input, llm.Known(8))
	sendable(t, append([]llm.Message{llm.User("go")}, failed.Partial.Messages...))

	p = llmtest.Always(llmtest.ToolCall("count", `{"city":"x"}`))
	loop := &tool.Loop{Tools: tools(counting("count", &n)), MaxSteps: tool.Unlimited, MaxCalls: 20}
	_, err = with(p, loop).Generate(t.Context(), llm.Prompt("go"))
	equal(t, "limit of an unlimited loop", limitOf(err), "MaxCalls")
	equal(t, "requests of an unlimited loop", len(p.Calls()), 21)
}

// Row: the last answer "without tools" by leaving tools out of the request.
func TestLastAnswerKeepsTheToolsWithChoiceNone(t *testing.T) {
	var n atomic.Int64
	p := llmtest.Always(llmtest.Text("so").ToolCall("count", `{"city":"x"}`))
	resp, err := with(p, &tool.Loop{Tools: tools(counting("count", &n)), MaxSteps: 2, AnswerAtLimit: true}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	last := p.Calls()[1].Request
	equal(t, "the choice", last.ToolChoice.Mode, llm.ToolNone)
	equal(t, "the tools", len(last.Tools), 1)
	equal(t, "results", resultsOf(resp.Messages), []string{"count: count 1", "count!: Not started: no tool may be called now."})
	sendable(t, resp.Messages)
}

// Row: unknown tool name.
func TestUnknownToolIsAnsweredWithTheNames(t *testing.T) {
	p := llmtest.New(llmtest.ToolCall("wether", `{}`), llmtest.Text("sorry"))
	var failures []error
	s := with(p, &tool.Loop{Tools: tools(echo("weather"), echo("time"))}).Stream(t.Context(), llm.Prompt("go"))
	for ev, err := range s.Events() {
		ok(t, err)
		if end, is := ev.Detail.(*llm.ToolEnd); is {
			failures = append(failures, end.Err)
		}
	}
	equal(t, "results", resultsOf(s.Response().Messages), []string{`wether!: There is no tool "wether". The tools are: time, weather.`})
	equal(t, "events with errors", len(failures), 1)
}

type order struct {
	ID    int    `json:"id"`
	Count int    `json:"count,omitempty" min:"1"`
	Note  string `json:"note,omitempty"`
}

// Row: arguments are no JSON.
func TestArgumentsAreNeverGuessed(t *testing.T) {
	ran := 0
	buy := tool.Must(tool.New("buy", "", func(context.Context, order) (string, error) { ran++; return "bought", nil }))
	look := tool.Must(tool.New("look", "", func(context.Context, struct{ At *int }) (string, error) { return "seen", nil }))
	for arguments, want := range map[string]string{
		`{"id": 1`:                 `JSON`,
		`{"id":1,}`:                `JSON`,
		`id=1`:                     `JSON`,
		`{"id":"1"}`:               "/id: must be",
		`{"ID":1,"count":0}`:       "member \"id\" is missing: add it, or rename \"ID\"",
		``:                         `member "id" is missing`,
		`{"id":1,"count":0,"x":2}`: "/count: must be at least 1",
	} {
		p := llmtest.New(llmtest.ToolCall("buy", arguments).ToolCall("look"), llmtest.Text("sorry"))
		resp, err := with(p, &tool.Loop{Tools: tools(buy, look)}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		got := resultsOf(resp.Messages)
		if !strings.HasPrefix(got[0], "buy!: The arguments of buy are invalid") || !strings.Contains(got[0], want) || !strings.Contains(got[0], `The JSON Schema of the arguments: {"type":"object"`) {
			t.Errorf("%s: got %q, want …%s…", arguments, got[0], want)
		}
		equal(t, "a tool without required fields", got[1], "look: seen")
	}
	equal(t, "calls that ran", ran, 0)
}

// Row: call cut off by length, or relabelled tool_calls.
func TestNothingRunsAfterLengthOrAFilter(t *testing.T) {
	for _, reason := range []llm.FinishReason{llm.FinishLength, llm.FinishContentFilter} {
		var n atomic.Int64
		p := llmtest.New(llmtest.Text("a").ToolCall("count", `{"city":"x"}`).Finish(reason))
		resp, err := with(p, &tool.Loop{Tools: tools(counting("count", &n))}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		equal(t, "calls", n.Load(), 0)
		equal(t, "reason", resp.FinishReason, reason)
		equal(t, "results", resultsOf(resp.Messages), []string{"count!: Not started: the answer of the model was cut."})
		sendable(t, resp.Messages)
	}
	var n atomic.Int64
	p := llmtest.New(llmtest.ToolCall("count", `{"city":"x`).Finish(llm.FinishToolCalls), llmtest.Text("sorry"))
	_, err := with(p, &tool.Loop{Tools: tools(counting("count", &n))}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "calls with half arguments", n.Load(), 0)
}

func TestNothingRunsAfterAnError(t *testing.T) {
	var n atomic.Int64
	p := llmtest.New(llmtest.Text("a").ToolCall("count", `{"city":"x"}`).Fail(nil))
	_, err := with(p, &tool.Loop{Tools: tools(counting("count", &n))}).Generate(t.Context(), llm.Prompt("go"))
	failed, _ := errors.AsType[*llm.Error](err)
	if failed == nil || failed.Kind != llm.Incomplete {
		t.Fatalf("got %v", err)
	}
	equal(t, "calls", n.Load(), 0)
	sendable(t, failed.Partial.Messages)
}

// Row: finish reason stop although there are calls.
func TestCallsDecideNotTheReason(t *testing.T) {
	for _, reason := range []llm.FinishReason{llm.FinishStop, llm.FinishOther} {
		p := llmtest.New(llmtest.ToolCall("weather", `{"city":"x"}`).Finish(reason), llmtest.Text("done"))
		resp, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		equal(t, "text", resp.Text(), "done")
	}
}

// calls returns an answer with calls that have these ids and cities, of the tool "weather".
func calls(idsAndCities ...string) llmtest.Reply {
	var events []llm.Event
	for i := 0; i < len(idsAndCities); i += 2 {
		call := llm.ToolCall{ID: idsAndCities[i], Name: "weather", Arguments: `{"city":"` + idsAndCities[i+1] + `"}`}
		events = append(events, llm.Event{Type: llm.EventToolCallStart, Index: i / 2, Detail: &call}, llm.Event{Type: llm.EventToolCallEnd, Index: i / 2, Detail: &call})
	}
	return llmtest.Events(append(events, llm.Event{Type: llm.EventDone, Detail: &llm.Done{FinishReason: llm.FinishToolCalls}})...)
}

// Row: no id, or the same id in each turn or twice in one answer.
func TestCallsWithoutIDsOrWithEqualIDsArePairedByPosition(t *testing.T) {
	for _, id := range []string{"", "name:0"} {
		p := llmtest.New(calls(id, "a", id, "b"), calls(id, "c"), llmtest.Text("done"))
		resp, err := with(p, &tool.Loop{Tools: tools(echo("weather"))}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		equal(t, "results", resultsOf(resp.Messages), []string{"weather: weather a", "weather: weather b", "weather: weather c"})
		sendable(t, append([]llm.Message{llm.User("go")}, resp.Messages...))
	}
}

// Rows: results in order of completion; parallel calls written back as separate messages.
func TestResultsAreOneMessageInTheOrderOfTheCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := tool.Must(tool.New("slow", "", func(_ context.Context, in struct{ Seconds int }) (int, error) {
			time.Sleep(time.Duration(in.Seconds) * time.Second)
			return in.Seconds, nil
		}))
		p := llmtest.New(llmtest.ToolCall("slow", `{"Seconds":3}`).ToolCall("slow", `{"Seconds":1}`).ToolCall("slow", `{"Seconds":2}`), llmtest.Text("done"))
		begin := time.Now()
		resp, err := with(p, &tool.Loop{Tools: tools(slow)}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		equal(t, "messages", len(resp.Messages), 3)
		equal(t, "results", resultsOf(resp.Messages), []string{"slow: 3", "slow: 1", "slow: 2"})
		equal(t, "time", time.Since(begin), 3*time.Second)
	})
}

// Row: tools that must not run at once.
func TestSerialToolsRunAloneAndParallelOnesWithinALimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most, alone := 0, 0, true
		work := func(name string, options ...tool.Option) *tool.Tool {
			return tool.Must(tool.New(name, "", func(context.Context, struct{}) (string, error) {
				mu.Lock()
				running++
				most = max(most, running)
				alone = alone && (name != "serial" || running == 1)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				alone = alone && (name != "serial" || running == 1)
				running--
				mu.Unlock()
				return "", nil
			}, options...))
		}
		reply := llmtest.Text("")
		for _, name := range []string{"free", "free", "free", "serial", "free", "serial", "free", "free"} {
			reply = reply.ToolCall(name, `{}`)
		}
		p := llmtest.New(reply, llmtest.Text("done"))
		_, err := with(p, &tool.Loop{Tools: tools(work("free"), work("serial", tool.Serial())), MaxParallel: 2, MaxRepeats: tool.Unlimited}).Generate(t.Context(), llm.Prompt("go"))
		ok(t, err)
		equal(t, "most at once", most, 2)
		equal(t, "serial tools ran alone", alone, true)
	})
}

// Rows: a panic; one failed call returns early; error text with keys, paths, stack.
func TestErrorsStayInTheProgramUnlessTheyAreForTheModel(t *testing.T) {
	secret := errors.New("open /home/ada/.key: sk-123")
	fail := func(name string, err error) *tool.Tool {
		return tool.Must(tool.New(name, "", func(context.Context, struct{}) (string, error) {
			if err == nil {
				panic("sk-123")
			}
			return "", err
		}))
	}
	all := tools(fail("secret", secret), fail("panics", nil), fail("told", tool.Error("No such city: Olso.")), fail("kind", &llm.Error{Kind: llm.RateLimited, Message: "sk-123"}),
		fail("wrapped", fmt.Errorf("context: %w", tool.Errorf("Try %d.", 2))), echo("weather"))
	reply := llmtest.Text("")
	for _, tl := range all[:5] {
		reply = reply.ToolCall(tl.Name(), `{}`)
	}
	p := llmtest.New(reply.ToolCall("weather", `{"city":"x"}`), llmtest.Text("done"))
	ends := map[string]error{}
	s := with(p, &tool.Loop{Tools: all}).Stream(t.Context(), llm.Prompt("go"))
	for ev, err := range s.Events() {
		ok(t, err)
		if end, is := ev.Detail.(*llm.ToolEnd); is {
			ends[end.Call.Name] = end.Err
		}
	}
	equal(t, "results", resultsOf(s.Response().Messages), []string{
		"secret!: The tool failed.", "panics!: The tool failed unexpectedly.", "told!: No such city: Olso.",
		"kind!: The tool failed: rate limited.", "wrapped!: Try 2.", "weather: weather x",
	})
	if !errors.Is(ends["secret"], secret) {
		t.Errorf("the event has the error %v", ends["secret"])
	}
	panicked, is := errors.AsType[*tool.PanicError](ends["panics"])
	if !is || panicked.Value != "sk-123" || !strings.Contains(string(panicked.Stack), "loop_test.go") {
		t.Errorf("the event of the panic has the error %v", ends["panics"])
	}
}

func TestToolThatEndsItsGoroutineIsAFailedCall(t *testing.T) {
	exits := tool.Must(tool.New("exits", "", func(context.Context, struct{}) (string, error) { panicOrExit(); return "", nil }))
	p := llmtest.New(llmtest.ToolCall("exits", `{}`), llmtest.Text("done"))
	resp, err := with(p, &tool.Loop{Tools: tools(exits)}).Generate(t.Context(), llm.Prompt("go"))
	ok(t, err)
	equal(t, "results", resultsOf(resp.Messages), []string{"exits!: The tool failed unexpectedly."})
}

// Row: a tool hangs, or ignores its context.
func TestToolThatHangsIsLeftAndReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		hangs := tool.Must(tool.New("hangs", "", func(context.Context, struct{}) (string, error) { <-release; return "", nil }, tool.CallTimeout(5*time.Second)))
		obeys := tool.Must(tool.New("obeys", "", func(ctx context.Context, _ struct{}) (string, error) { <-ctx.Done(); return "", ctx.Err() },
			tool.CallTimeout(3*time.Second), tool.ReadOnly()))
		p := llmtest.New(llmtest.ToolCall("hangs", `{}`).ToolCall("obeys", `{}`), llmtest.Text("done"))
		ends := map[string]error{}
		s := with(p, &tool.Loop{Tools: tools(hangs, obeys)}).Stream(t.Context(), llm.Prompt("go"))
		for ev, err := range s.Events() {
			ok(t, err)
			if end, is := ev.Detail.(*llm.ToolEnd); is {
				ends[end.Call.Name] = end.Err
			}
		}
		equal(t, "results", resultsOf(s.Response().Messages), []string{
			"hangs!: The call did not finish within 5s. It may have had effects.", "obeys!: The call did not finish within 3s.",
		})
		if !errors.Is(ends["hangs"], tool.ErrAbandoned) || !errors.Is(ends["obeys"], tool.ErrTimeout) {
			t.Errorf("errors in the events: %v", ends)
		}
		close(release)
	})
}

// Rows: cancelled between call and result; history made valid by deleting the call.
func TestCancelledLoopClosesItsHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		first := tool.Must(tool.New("first", "", func(ctx context.Context, _ struct{}) (string, error) {
			cancel()
			<-ctx.Done()
			return "", ctx.Err()
		}, tool.Serial()))
		p := llmtest.New(llmtest.Text("a").ToolCall("weather", `{"city":"x"}`).ToolCall("first", `{}`).ToolCall("weather", `{"city":"y"}`))
		_, err := with(p, &tool.Loop{Tools: tools(first, echo("weather"))}).Generate(ctx, llm.Prompt("go"))
		failed, _ := errors.AsType[*llm.Error](err)
		if failed == nil || failed.Kind != llm.Canceled {
			t.Fatalf("got %v", err)
		}
		equal(t, "results", resultsOf(failed.Partial.Messages), []string{
			"weather: weather x", "first!: The call was cancelled before it finished. It may have had effects.", "weather!: Not started: the tool loop was cancelled.",
		})
		equal(t, "calls", len(failed.Partial.ToolCalls()), 3)
		sendable(t, append([]llm.Message{llm.User("go")}, failed.Partial.Messages...))
	})
}
