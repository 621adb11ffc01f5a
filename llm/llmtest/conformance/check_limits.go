package conformance

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// shortTime is a limit that expires during a check. It is short enough to keep tests fast.
const shortTime = 50 * time.Millisecond

// limitChecks check servers that are too slow, or send too large pieces.
func limitChecks(s *Suite) []check {
	d := s.Dialect
	begun := d.Stream(llmtest.Text("Hello", " world").Fail(nil)) // "Hello world" without an end
	late := func(name string, limits llm.Limits, wire llmtest.HTTPReply) check {
		return check{"limit/on " + name, s.unlimited(), func(t testing.TB, s *Suite) { checkLate(t, s, limits, wire) }}
	}
	return []check{
		late("the first piece/no headers", llm.Limits{FirstEvent: shortTime}, llmtest.NoResponse()),
		late("the first piece/headers alone", llm.Limits{FirstEvent: shortTime}, begun.Stall(0)),
		late("the next piece", llm.Limits{Idle: shortTime}, begun.Stall(len(begun.Body))),
		late("the whole call", llm.Limits{Total: shortTime}, begun.Stall(len(begun.Body))),
		{"limit/on the size of a piece", s.unlimited(), checkTooLarge},
	}
}

// unlimited returns the reason why the suite cannot check limits, or "".
func (s *Suite) unlimited() string {
	if s.NewLimited == nil {
		return "the Suite has no NewLimited"
	}
	return ""
}

// within returns the suite for a provider with these limits.
func (s *Suite) within(limits llm.Limits) *Suite {
	limited := *s
	limited.New = func(t testing.TB, baseURL string, client *http.Client) llm.Provider {
		return s.NewLimited(t, baseURL, client, limits)
	}
	return &limited
}

// checkLate checks a reply that stalls until a limit expires.
func checkLate(t testing.TB, s *Suite, limits llm.Limits, wire llmtest.HTTPReply) {
	e := s.within(limits).setupHurried(t, wire)
	resp, err := e.mustFail(e.chat(), llm.Timeout)
	if !strings.Contains(err.Message, shortTime.String()) {
		t.Errorf("the error does not say that it was the limit of %v: %v", shortTime, err)
	}
	if problem := e.notThere(resp, wanted(llmtest.Text("Hello", " world"))); problem != "" {
		t.Errorf("%s: %s", problem, describe(resp))
	}
	e.wantClosed("after the limit ran out")
}

// checkTooLarge checks a piece of an answer that exceeds the limit, after a smaller one.
func checkTooLarge(t testing.TB, s *Suite) {
	const limit = 64 << 10
	small, large := strings.Repeat("small ", 8<<10), strings.Repeat("large ", 16<<10)
	e := s.within(llm.Limits{FrameBytes: limit}).setup(t, s.Dialect.Stream(llmtest.Text(small)), s.Dialect.Stream(llmtest.Text("so: ", large)))
	e.mustAnswer(e.chat(), llmtest.Text(small))
	e.mustFail(e.chat(), llm.Protocol)
	e.wantClosed("after a piece that is too large")
}
