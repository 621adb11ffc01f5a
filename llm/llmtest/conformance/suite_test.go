package conformance

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/tbtest"
)

func miniSuite(t *testing.T, f flaw) Suite {
	return Suite{
		Dialect: Ollama(),
		NewLimited: func(_ testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
			m := &mini{base: baseURL, client: client, key: Key, limits: limits, flaw: f, over: make(chan struct{})}
			t.Cleanup(m.endLeft)
			return m
		},
		NoRefusals: "the dialect has no refusals",
	}
}

func TestSuitePassesFlawlessProvider(t *testing.T) {
	Test(t, miniSuite(t, flawless))
}

func TestSuiteCatches(t *testing.T) {
	for _, tt := range []struct {
		flaw  flaw
		check string // the check that must fail
		says  string // text of its failure
	}{
		{cutIsSuccess, "cut/at every byte/text/clean end", "a cut passes as success: the body ends cleanly after"},
		{cutIsSuccess, "cut/over real sockets/clean end", "a cut passes as success: the body ends cleanly after"},
		{leaksBody, "break/at every event", "after leaving the loop at a text event, the provider keeps a connection open"},
		{leaksGoroutine, "break/at every event", "goroutines that the provider started are left after the check"},
		{goesOn, "break/at every event", "the loop was left at event 1, and the provider goes on with a text event"},
		{complainsAfter, "break from a whole reply whose rest is wrong", "the loop was left at event 1, and the provider goes on with the error"},
		{complainsAfter, "break/a stream whose rest is wrong", "the loop was left at event 1, and the provider goes on with a"},
		{losesErrors, "error in the stream/after text/a line", `the error is of kind "incomplete reply", want "server error"`},
		{losesErrors, "error in the stream/at once/an object", `want "server error"`},
		{losesPartial, "error in the stream/after text/a line", `the text before the error is "", want "Hello wor"`},
		{ignoresContext, "cancel/while waiting for the headers", "the context is canceled, and the call has not ended"},
		{ignoresContext, "cancel/before the call", `want "canceled"`},
		{waitsForEver, "limit/on the first piece/no headers", "the provider has not come to an end within"},
		{waitsForEver, "limit/on the next piece", "the provider has not come to an end within"},
		{waitsForEver, "limit/on the size of a piece", "the provider reports success"},
		{hidesCause, "cancel/inside a frame", "does not match context.Canceled"},
		{showsKey, "secret/not in the error/server echoes it in a refusal", "the credential shows in the error's text"},
		{keyInURL, "secret/sent in a header", "the credential is in the URL"},
		{takesKeyAlong, "secret/not sent to another host/307", "takes the credential to elsewhere.test"},
		{modifiesCall, "call/is not modified", "the provider has modified the call"},
		{shortLines, "line of 300 KB/streamed", "line too long"},
		{splitsCharacters, "text beyond ASCII/streamed", "is not whole UTF-8"},
		{inventsUsage, "usage/not reported is unknown", "the usage is 0 in, 0 out, want unknown in, unknown out"},
		{dropsRetryAfter, "refusal/retry after 20 seconds", "the error's RetryAfter is 0s, want 20s"},
		{oneKind, "refusal/429", `the error is of kind "invalid request", want "rate limited"`},
		{takesWebPages, "not the API/web page with status 200", "the provider reports success"},
		{sendsEarly, "call/nothing is sent before the range", "its events were not ranged over"},
		{connectsAnew, "call/connections are used again", "take 5 connections, want 1"},
		{endsTwice, "text/streamed", "an event follows the done event"},
		{inventsArguments, "several tool calls/streamed", "the arguments of tool call 2 are"},
		{mixesCalls, "call/many at once", "one of many calls at once gets the answer"},
		{losesLastChunk, "text/streamed", "the text differs from byte"},
		{losesEndText, "wire/the last text comes with the end", "the text differs from byte"},
		{goesOnAfterError, "refusal/500", "an event follows the error, which must be the last"},
		{triesAgain, "refusal/500", "has no reply: add replies to the script"},
		{triesAgain, "cut/at every byte/text/broken connection", "has no reply: add replies to the script"},
		{repeatsIDs, "several tool calls/streamed", `the id of tool call 0 is "call_0"`},
		{dropsUsage, "usage/reported/streamed", "the usage is unknown in, unknown out, want"},
		{leaksOnPanic, "break/by a panic", "after the body of the loop panicked, the provider keeps a connection open"},
		{appendsInPlace, "call/is not modified", "appended to the request's Messages in place"},
		{modifiesInputs, "call/is not modified/embedding", "the provider has modified the call"},
		{takesRefusals, "listing models/refused", "the provider reports success"},
		{showsKeyOfLists, "secret/not in the error/server echoes it to a listing of models", "the credential shows in the error's text"},
		{listsForEver, "cancel/a listing of models", "the context is canceled, and the call has not ended"},
		{twoUsages, "embedding", "EmbedResponse.Usage is 3 in, unknown out, and the usage of the done event is unknown in, unknown out"},
		{plainErrors, "refusal/500", "the error is a *errors.errorString, want an *llm.Error"},
	} {
		t.Run(string(tt.flaw)+" in "+strings.ReplaceAll(tt.check, "/", ", "), func(t *testing.T) {
			t.Parallel()
			sockets := strings.Contains(tt.check, "real sockets")
			inBubble(t, sockets, func(t *testing.T) {
				s := miniSuite(t, tt.flaw)
				if !sockets {
					s.patience = 200 * time.Millisecond // of the fake clock
				}
				r := runCheck(t, &s, tt.check)
				if !r.Failed() {
					t.Fatalf("a provider that %s passes the check %q", tt.flaw, tt.check)
				}
				if log := strings.Join(r.Messages(), "\n"); !strings.Contains(log, tt.says) {
					t.Errorf("the check %q fails without saying %q:\n%s", tt.check, tt.says, log)
				}
			})
		})
	}
}

// inBubble runs a test on a fake clock. The clock advances only when all goroutines of the test
// wait, so the test does not depend on the load of the machine. Sockets do not work there.
func inBubble(t *testing.T, sockets bool, test func(t *testing.T)) {
	if sockets {
		test(t)
		return
	}
	synctest.Test(t, test)
}

func TestSuiteSkipsOnlyWhatIsDeclaredMissing(t *testing.T) {
	s := miniSuite(t, flawless)
	before := len(s.checks())
	s.NoTools, s.NoReasoning, s.NoNonStreaming, s.NoUsage = "no tools", "no reasoning", "no whole replies", "no usage"
	s.NoEmbeddings, s.NoModelList, s.NoKey = "no embeddings", "no list", "no key"
	s.NewLimited = nil
	skipped := make(map[string]int)
	for _, c := range s.checks() {
		if c.lacks != "" {
			skipped[c.lacks]++
		}
	}
	if n := len(s.checks()); n != before {
		t.Errorf("there are %d checks where things are declared missing, and %d where not: none may vanish", n, before)
	}
	for _, reason := range []string{
		s.NoTools, s.NoReasoning, s.NoRefusals, s.NoNonStreaming, s.NoUsage, s.NoEmbeddings, s.NoModelList, s.NoKey,
		"the Suite has no NewLimited",
	} {
		if skipped[reason] == 0 {
			t.Errorf("no check is skipped for the reason %q; skipped: %v", reason, skipped)
		}
	}
}

func TestSuiteSaysWhatItLacks(t *testing.T) {
	s := miniSuite(t, flawless)
	if lack := s.incomplete(); lack != "" {
		t.Errorf("a complete suite is said to lack %s", lack)
	}
	s.Dialect.ErrorFrames = nil
	if lack, want := s.incomplete(), "Dialect.ErrorFrames"; lack != want {
		t.Errorf("the suite is said to lack %q, want %q", lack, want)
	}
}

func TestCheckNamesAreUnique(t *testing.T) {
	for _, d := range []Dialect{OpenAI(), Ollama(), Gemini()} {
		s := Suite{Dialect: d}
		seen := make(map[string]bool)
		for _, c := range s.checks() {
			if seen[c.name] {
				t.Errorf("dialect %s: two checks have the name %q", d.Name, c.name)
			}
			seen[c.name] = true
		}
	}
}

// runCheck runs one check of the suite, and returns its failures.
func runCheck(t *testing.T, s *Suite, name string) *tbtest.Recorder {
	t.Helper()
	for _, c := range s.checks() {
		if c.name == name {
			r := &tbtest.Recorder{TB: t}
			r.Run(func() { c.run(r, s) })
			return r
		}
	}
	t.Fatalf("the suite has no check %q", name)
	return nil
}

func TestSuiteNeedsOneWayToMakeAProvider(t *testing.T) {
	limited := miniSuite(t, "")
	plain := limited
	plain.NewLimited = nil
	if lack := plain.incomplete(); lack != "New" {
		t.Errorf("a Suite that makes no provider lacks %q, want New", lack)
	}
	plain.New = func(t testing.TB, baseURL string, client *http.Client) llm.Provider {
		return limited.NewLimited(t, baseURL, client, llm.Limits{})
	}
	for name, s := range map[string]Suite{"New": plain, "NewLimited": limited} {
		if lack := s.incomplete(); lack != "" {
			t.Errorf("a Suite with %s lacks %q", name, lack)
		}
		if p, ok := s.open(t, "http://x", nil).(*mini); !ok || p.limits != (llm.Limits{}) {
			t.Errorf("%s makes the provider %v, want one without limits of the test's", name, p)
		}
	}
}
