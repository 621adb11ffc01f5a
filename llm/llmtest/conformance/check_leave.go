package conformance

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// leaveChecks check callers that stop reading or cancel before the end.
func leaveChecks(s *Suite) []check {
	d := s.Dialect
	text := longText.Usage(12, 34)
	begun, middle := begunAndMiddle(d)
	cancel := func(name, lacks string, wire llmtest.HTTPReply, nonStreaming bool, said string) check {
		return check{"cancel/" + name, lacks, func(t testing.TB, s *Suite) {
			e := s.setup(t, wire)
			call := e.chat()
			call.Request.NonStreaming = nonStreaming
			e.checkCancel(call, said)
		}}
	}
	return []check{
		{"break/at every event", "", checkBreak},
		{"break/while the server sends", "", func(t testing.TB, s *Suite) {
			e := s.setup(t, d.Stream(llmtest.Text(strings.Split(strings.Repeat("on and on ", 2000), "n ")...)))
			e.leaveAfter(e.chat(), 2)
			e.wantClosed("after leaving a stream that goes on")
		}},
		{"break/a stream whose rest is wrong", "", checkBreakBeforeError},
		{"break/by a panic", "", checkPanic},
		{"break from a whole reply whose rest is wrong", s.NoNonStreaming, checkBreakWhole},
		{"cancel/before the call", "", checkCancelBefore},
		{"cancel/while connecting", "", checkCancelConnecting},
		cancel("while waiting for the headers", "", llmtest.NoResponse(), false, ""),
		cancel("while waiting for the headers, non-streaming", s.NoNonStreaming, llmtest.NoResponse(), true, ""),
		cancel("while waiting for the first byte", "", begun.Stall(0), false, ""),
		cancel("between two frames", "", begun.Stall(len(begun.Body)), false, "Hello world, and so on"),
		cancel("inside a frame", "", begun.Stall(middle), false, "Hello world, and"),
		cancel("inside a non-streaming reply", s.NoNonStreaming, d.Whole(text).Stall(20), true, ""),
		{"cancel/from inside the loop", "", checkCancelInLoop},
		{"cancel/an embedding", s.NoEmbeddings, func(t testing.TB, s *Suite) {
			e := s.setup(t, llmtest.NoResponse())
			e.checkCancel(e.embed("one"), "")
		}},
		{"cancel/a listing of models", s.NoModelList, func(t testing.TB, s *Suite) {
			e := s.setup(t, llmtest.NoResponse())
			e.checkCancel(e.list(), "")
		}},
		{"cancel/by a deadline", "", checkDeadline},
	}
}

// longText is an answer that is left or cut.
var longText = llmtest.Text("Hello", " world", ", and", " so on")

// begunAndMiddle returns a reply with longText without an end, and an offset in the middle of
// its last frame. The frames before it have the text "Hello world, and".
func begunAndMiddle(d Dialect) (begun llmtest.HTTPReply, middle int) {
	begun = d.Stream(longText.Fail(nil))
	middle = len(begun.Body)
	if frames := begun.Frames(); len(frames) > 0 {
		middle -= (len(frames[len(frames)-1]) + 1) / 2
	}
	return begun, middle
}

// checkBreak leaves the loop at each event in turn, while the connection is open and the server
// sends nothing.
func checkBreak(t testing.TB, s *Suite) {
	reply := llmtest.Text("Hello", " world").Usage(12, 34)
	if s.NoTools == "" {
		reply = reply.ToolCall("get_weather", `{"city":`, `"Paris"}`)
	}
	wire := s.Dialect.Stream(reply)
	e := s.setup(t, wire)
	events := 0
	for _, err := range e.provider.Do(context.Background(), e.chat()) {
		if events++; err != nil {
			t.Fatalf("the server answered well, and the provider fails: %v", err)
		}
	}
	if s.Dialect.CleanEnd { // the body has no end, so there is no done event
		events--
	}
	for n := 1; n <= events; n++ {
		e.srv.Add(wire.Stall(len(wire.Body)))
		last := e.leaveAfter(e.chat(), n)
		when := "after leaving the loop at a " + last.Type.String() + " event"
		if last.Type == llm.EventDone {
			when += " (wait at most a moment for the rest of the body: the server may keep it open; see llmutil.DrainAndClose)"
		}
		e.wantClosed(when)
	}
}

// checkPanic panics in the body of the loop. A failed assertion in a test has the same effect.
func checkPanic(t testing.TB, s *Suite) {
	begun := s.Dialect.Stream(llmtest.Text("Hello", " world").Fail(nil))
	e := s.setup(t, begun.Stall(len(begun.Body)))
	const failure = "conformance: the body of the loop fails"
	func() {
		defer func() {
			if r := recover(); r != failure {
				t.Errorf("the body of the loop panicked with %q, and its caller sees %v", failure, r)
			}
		}()
		e.provider.Do(context.Background(), e.chat())(func(llm.Event, error) bool { panic(failure) })
	}()
	e.wantClosed("after the body of the loop panicked")
}

// checkBreakBeforeError leaves the loop at each event before an error that has arrived already.
// The error must not be passed on.
func checkBreakBeforeError(t testing.TB, s *Suite) {
	broken := s.Dialect.Stream(llmtest.Text("Hello", " world").Fail(&llm.Error{Kind: llm.Server, Message: "the engine has stalled"}))
	e := s.setup(t)
	e.srv.Handle(func(*llmtest.Request) llmtest.HTTPReply { return broken.Pieces(len(broken.Body)) })
	e.leaveAtEach(e.chat())
}

// checkBreakWhole leaves the loop at each event of a reply in one piece that does not contain
// the end of the answer.
func checkBreakWhole(t testing.TB, s *Suite) {
	events, _ := llmtest.Text("Hello world").Fail(nil).Events() // an error instead of the end
	e := s.setup(t)
	e.srv.Handle(func(*llmtest.Request) llmtest.HTTPReply {
		return llmtest.JSON(http.StatusOK, string(s.Dialect.RenderWhole(events)))
	})
	e.leaveAtEach(e.nonStreaming())
}

// leaveAtEach makes the same call several times, and leaves it at each event in turn.
func (e *env) leaveAtEach(call *llm.Call) {
	e.Helper()
	events := 0
	for _, err := range e.provider.Do(context.Background(), call) {
		if err == nil {
			events++
		}
	}
	for n := range events {
		e.leaveAfter(call, n+1)
	}
	if events == 0 {
		e.Errorf("the reply says something before it goes wrong, and the provider passes on nothing of it")
	}
}

// leaveAfter makes a call, stops reading at the n-th event, and returns that event.
func (e *env) leaveAfter(call *llm.Call, n int) (last llm.Event) {
	e.Helper()
	seen := 0
	ctx, inTime := e.bounded()
	e.provider.Do(ctx, call)(func(ev llm.Event, err error) bool {
		seen++
		switch {
		case seen > n && err != nil:
			e.Errorf("the loop was left at event %d, and the provider goes on with the error: %v", n, err)
		case seen > n:
			e.Errorf("the loop was left at event %d, and the provider goes on with a %s event", n, ev.Type)
		case err != nil:
			e.Errorf("event %d is an error: %v", seen, err)
		}
		last = ev
		return seen < n && err == nil
	})
	if !inTime() {
		e.Fatalf("the loop was left at event %d, and the provider has not returned %v later: close the body without reading it, because the server may keep it open (see llmutil.DrainAndClose)", n, e.suite.wait())
	}
	if seen < n || e.Failed() {
		e.Fatalf("the loop cannot be left at event %d: there are %d events", n, seen)
	}
	return last
}

func checkCancelBefore(t testing.TB, s *Suite) {
	e := s.setup(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := e.askWith(ctx, e.chat())
	e.wantCanceled(err)
	if n := len(e.srv.Requests()); n > 0 {
		t.Errorf("the context was canceled before the call, and %d requests were made", n)
	}
}

func checkCancelConnecting(t testing.TB, s *Suite) {
	srv := llmtest.NewServer(t)
	dialing := make(chan struct{})
	var once sync.Once
	srv.Client().Transport.(*http.Transport).DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		once.Do(func() { close(dialing) })
		<-ctx.Done()
		return nil, ctx.Err()
	}
	e := s.setupWith(t, srv)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	answer := e.begin(ctx, e.chat(), func(llm.Event) {})
	select {
	case <-dialing:
	case <-time.After(e.suite.wait()):
		t.Fatalf("the provider has not connected within %v: does it use the client that New is given?", s.wait())
	}
	e.cancelAndWait(cancel, answer)
}

// errImpatient is the cause of canceled contexts.
var errImpatient = errors.New("conformance: the caller canceled")

// checkCancel cancels a call whose reply stalls, after the text said has arrived.
func (e *env) checkCancel(call *llm.Call, said string) {
	e.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	heard := make(chan struct{})
	var once sync.Once
	var text string
	hear := func(more string) {
		if text += more; text == said {
			once.Do(func() { close(heard) })
		}
	}
	hear("") // if no text is expected
	answer := e.begin(ctx, call, func(ev llm.Event) {
		if ev.Type == llm.EventText {
			hear(ev.Text)
		}
	})
	e.wantStalled()
	select {
	case <-heard:
	case <-time.After(e.suite.wait()):
		e.Fatalf("the server has sent %q, and the provider has not passed all of it on within %v", said, e.suite.wait())
	}
	resp := e.cancelAndWait(cancel, answer)
	if got := resp.Text(); got != said {
		e.Errorf("the partial text of the canceled call is %q, want %q", got, said)
	}
	e.wantClosed("after the call was canceled")
}

// outcome is the result of a call made by another goroutine.
type outcome struct {
	resp *llm.Response
	err  *llm.Error
}

// begin makes a call in a new goroutine.
func (e *env) begin(ctx context.Context, call *llm.Call, watch func(llm.Event)) <-chan outcome {
	answer := make(chan outcome, 1)
	go func() {
		resp, err := e.askWatching(ctx, call, watch)
		answer <- outcome{resp, err}
	}()
	return answer
}

// cancelAndWait cancels the call and returns the partial answer.
func (e *env) cancelAndWait(cancel context.CancelCauseFunc, answer <-chan outcome) *llm.Response {
	e.Helper()
	cancel(errImpatient)
	select {
	case a := <-answer:
		e.wantCanceled(a.err)
		if !errors.Is(a.err, errImpatient) {
			e.Errorf("the error does not match the cause with which the context was canceled: %v", a.err)
		}
		return a.resp
	case <-time.After(e.suite.wait()):
		e.Fatalf("the context is canceled, and the call has not ended %v later", e.suite.wait())
		return nil
	}
}

func (e *env) wantCanceled(err *llm.Error) {
	e.Helper()
	switch {
	case err == nil:
		e.Fatalf("the context is canceled, and the call reports success")
	case err.Kind != llm.Canceled:
		e.Fatalf("the context is canceled, and the error is of kind %q, want %q: %v", err.Kind, llm.Canceled, err)
	case !errors.Is(err, context.Canceled):
		e.Fatalf("the error does not match context.Canceled: %v", err)
	}
}

// checkCancelInLoop cancels between two events, when no read is in progress.
func checkCancelInLoop(t testing.TB, s *Suite) {
	begun := s.Dialect.Stream(llmtest.Text("Hello", " world").Fail(nil))
	e := s.setup(t, begun.Stall(len(begun.Body)))
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	answer := e.begin(ctx, e.chat(), func(ev llm.Event) {
		if ev.Type == llm.EventText {
			cancel(errImpatient)
		}
	})
	e.cancelAndWait(func(error) {}, answer)
	e.wantClosed("after the call was canceled")
}

func checkDeadline(t testing.TB, s *Suite) {
	begun := s.Dialect.Stream(llmtest.Text("Hello", " world").Fail(nil))
	e := s.setupHurried(t, begun.Stall(len(begun.Body)))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := e.askWith(ctx, e.chat())
	switch {
	case err == nil:
		t.Fatal("the deadline has passed, and the call reports success")
	case err.Kind != llm.Timeout || !errors.Is(err, context.DeadlineExceeded):
		t.Fatalf("the deadline has passed, and the error is of kind %q, want %q and a match for context.DeadlineExceeded: %v",
			err.Kind, llm.Timeout, err)
	}
	e.wantClosed("after the deadline")
}
