package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// cut is a reply that stops after n bytes of its body.
type cut struct {
	n      int
	broken bool // the connection breaks, instead of a clean end
	// complete is the number of bytes of a complete answer. frame is the offset of the end of
	// the frame that completes it. If the connection breaks between the two, success and
	// failure are both correct.
	complete, frame int
	cleanEnd        bool
	lossy           bool // the connection may lose bytes that were sent before it breaks
}

// mayEnd and mustEnd report whether the answer may be, and must be, a success.
func (c cut) mayEnd() bool { return c.n >= c.complete && !(c.broken && c.cleanEnd) }

func (c cut) mustEnd() bool { return c.mayEnd() && (!c.broken || c.n >= c.frame && !c.lossy) }

func (c cut) wire(w llmtest.HTTPReply) llmtest.HTTPReply {
	if c.broken {
		return w.CutReset(c.n)
	}
	return w.CutClean(c.n)
}

func (c cut) describe(w llmtest.HTTPReply) string {
	how := "ends cleanly"
	if c.broken {
		how = "breaks"
	}
	const around = 60
	return fmt.Sprintf("the body %s after %d of %d bytes (…%q), and the answer is complete from byte %d on",
		how, c.n, len(w.Body), w.Body[max(0, c.n-around):c.n], c.complete)
}

// cutOf returns the cut of a streamed reply after n bytes.
func cutOf(d Dialect, w llmtest.HTTPReply, n int, broken bool) cut {
	c := cut{n: n, broken: broken, complete: d.Complete(w.Body), cleanEnd: d.CleanEnd}
	for _, frame := range w.Frames() {
		if c.frame += len(frame); c.frame >= c.complete {
			break
		}
	}
	return c
}

func cutChecks(s *Suite) []check {
	d := s.Dialect
	var checks []check
	add := func(name, lacks string, run func(t testing.TB, s *Suite, broken bool)) {
		for _, way := range []string{"clean end", "broken connection"} {
			checks = append(checks, check{"cut/" + name + "/" + way, lacks, func(t testing.TB, s *Suite) {
				run(t, s, way == "broken connection")
			}})
		}
	}
	text := llmtest.Text("Hello", " 🦙", " world").Usage(12, 34)
	calls := llmtest.Text("So:").ToolCall("get_weather", `{"city":`, `"Paris"}`).ToolCall("get_time", `{"zone":"CET"}`).Usage(12, 34)
	streamed := func(reply llmtest.Reply) func(t testing.TB, s *Suite, broken bool) {
		return func(t testing.TB, s *Suite, broken bool) {
			w := d.Stream(reply)
			s.checkCuts(t, s.setup(t), reply, w, everyByte(w), broken)
		}
	}
	add("at every byte/text", "", streamed(text))
	add("at every byte/reasoning", s.NoReasoning, streamed(llmtest.Reasoning("Hm", "!").Text("Yes").Usage(12, 34)))
	add("at every byte/tool calls", s.NoTools, streamed(calls))
	add("at every byte/non-streaming", s.NoNonStreaming, func(t testing.TB, s *Suite, broken bool) {
		checkWholeCuts(t, s, text, broken)
	})
	add("long stream", "", func(t testing.TB, s *Suite, broken bool) {
		chunks := make([]string, 60)
		for i := range chunks {
			chunks[i] = fmt.Sprintf(" piece %d 🦙", i)
		}
		reply := llmtest.Text(chunks...).Usage(12, 34)
		w := d.Stream(reply)
		s.checkCuts(t, s.setup(t), reply, w, edges(w, 200), broken)
	})
	add("over real sockets", "", func(t testing.TB, s *Suite, broken bool) {
		w := d.Stream(text)
		s.checkCuts(t, s.setupWith(t, llmtest.NewLoopbackServer(t)), text, w, edges(w, 30), broken)
	})
	return checks
}

func everyByte(w llmtest.HTTPReply) []int {
	offsets := make([]int, len(w.Body)+1)
	for i := range offsets {
		offsets[i] = i
	}
	return offsets
}

// edges returns the offsets around the edges of all frames, and n other offsets. The result is
// the same in each run.
func edges(w llmtest.HTTPReply, n int) []int {
	offsets := []int{0}
	at := 0
	for _, frame := range w.Frames() {
		at += len(frame)
		offsets = append(offsets, at-1, at, min(at+1, len(w.Body)))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range n {
		offsets = append(offsets, random.IntN(len(w.Body)))
	}
	slices.Sort(offsets)
	return slices.Compact(offsets)
}

func (s *Suite) checkCuts(t testing.TB, e *env, reply llmtest.Reply, w llmtest.HTTPReply, offsets []int, broken bool) {
	if s.Dialect.Complete(w.Body) < 0 {
		t.Fatalf("the dialect %s does not find the end of a complete answer: Dialect.Complete returns -1 for %s",
			s.Dialect.Name, short(string(w.Body)))
	}
	for _, n := range offsets {
		c := cutOf(s.Dialect, w, n, broken)
		c.lossy = e.onLoopback()
		e.srv.Add(c.wire(w))
		e.checkCut(e.chat(), reply, w, c)
	}
}

// checkWholeCuts cuts a reply in one piece. It is complete only with all of its bytes.
func checkWholeCuts(t testing.TB, s *Suite, reply llmtest.Reply, broken bool) {
	e := s.setup(t)
	w := s.Dialect.Whole(reply)
	for n := range len(w.Body) + 1 {
		c := cut{n: n, broken: broken, complete: len(w.Body), frame: len(w.Body)}
		e.srv.Add(c.wire(w))
		e.checkCut(e.nonStreaming(), reply, w, c)
	}
}

// checkCut makes a call whose reply is cut. The call must return the complete answer, or an
// error with the beginning of the answer.
func (e *env) checkCut(call *llm.Call, reply llmtest.Reply, w llmtest.HTTPReply, c cut) {
	e.Helper()
	resp, err := e.ask(call)
	if e.Failed() { // the failure has been reported
		e.Fatalf("that was when %s", c.describe(w))
	}
	want := wanted(reply)
	switch {
	case err == nil && !c.mayEnd():
		e.Fatalf("a cut passes as success: %s\n got: %s\nwant: an error of kind %s", c.describe(w), describe(resp), oneOf(cutKinds))
	case err == nil:
		if problem := e.difference(resp, want); problem != "" {
			e.Fatalf("the answer is complete, but %s: %s\n got: %s\nwant: %s", problem, c.describe(w), describe(resp), describe(want))
		}
		if resp.FinishReason != e.finish(want) || !resp.Usage.IsZero() && resp.Usage != want.Usage {
			e.Fatalf("the answer does not end as it should: %s\n got: %s\nwant: %s", c.describe(w), describe(resp), describe(want))
		}
	case c.mustEnd():
		e.Fatalf("a complete answer is lost: %s\n got: %v\nwant: %s", c.describe(w), err, describe(want))
	case !slices.Contains(cutKinds, err.Kind):
		e.Fatalf("%s: the error is of kind %q, want %s: %v", c.describe(w), err.Kind, oneOf(cutKinds), err)
	default:
		if problem := e.notThere(resp, want); problem != "" {
			e.Fatalf("%s: %s\n got: %s\nof: %s", c.describe(w), problem, describe(resp), describe(want))
		}
	}
}

// cutKinds are the allowed kinds of error for a cut.
var cutKinds = []llm.Kind{llm.Incomplete, llm.Protocol, llm.Network}

// notThere returns the content of a partial answer that is not a prefix of the whole one, or
// "".
func (e *env) notThere(got, whole *llm.Response) string {
	switch {
	case !strings.HasPrefix(whole.Text(), got.Text()):
		return "the partial text is not how the text begins"
	case !strings.HasPrefix(whole.Reasoning(), got.Reasoning()):
		return "the partial reasoning is not how the reasoning begins"
	}
	calls := got.ToolCalls()
	if len(calls) > len(whole.ToolCalls()) {
		return "there are more tool calls than the server sent"
	}
	if problem := e.callsDiffer(calls, whole.ToolCalls()[:len(calls)]); problem != "" {
		return "a tool call that was cut passes as complete: " + problem
	}
	return ""
}
