package conformance

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Key is the credential with which a [Suite] wants its provider made. It never
// leaves the test's machine.
const Key = "key-of-llmtest-7d1f0c2b9e64"

// A Suite holds a provider to what package llm promises of all of them:
//
//	func TestConformance(t *testing.T) {
//		llmtest.Test(t, conformance.Suite{
//			Dialect: conformance.OpenAI(),
//			NewLimited: func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider {
//				p, err := openai.New(openai.Config{BaseURL: baseURL, HTTPClient: client, APIKey: conformance.Key, Limits: limits})
//				if err != nil {
//					t.Fatal(err)
//				}
//				return p
//			},
//		})
//	}
//
// What a provider cannot do is declared, with the reason; the checks of it are
// then skipped, and the log says why.
type Suite struct {
	// New returns a provider that sends its requests to baseURL, through client,
	// with [Key] as its credential. If it is an [io.Closer], it is closed when
	// the check is over. Nothing of it may be left then.
	New func(t testing.TB, baseURL string, client *http.Client) llm.Provider
	// NewLimited is New for a provider that keeps these limits, in place of New.
	// Without it, limits are not checked: providers that have none set New.
	NewLimited func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider
	// Dialect is what the provider speaks.
	Dialect Dialect
	// Model is the model that is asked for; empty is "scripted".
	Model string

	// Reasons for what the provider lacks. Empty is: it does not lack it.
	NoKey        string // it sends no credential
	NoReasoning  string // it does not pass on reasoning
	NoRefusals   string // it has no refusals but text
	NoTools      string // it has no tool calls
	NoUsage      string // its server reports no usage
	NoUnstreamed string // it only streams
	NoStreaming  string // it has answers in one piece only
	NoFinish     string // its server does not say why an answer ended
	NoEmbeddings string
	NoModelList  string

	patience time.Duration // 0 is the default
}

// TestProvider runs the suite, each check as a subtest. It takes a few seconds;
// no check touches a network but loopback.
func Test(t *testing.T, s Suite) {
	t.Helper()
	if lack := s.incomplete(); lack != "" {
		t.Fatalf("conformance: the Suite lacks its %s", lack)
	}
	for _, c := range s.checks() {
		t.Run(c.name, func(t *testing.T) {
			if lacks := firstOf(c.lacks, s.lacksStreaming(c.name)); lacks != "" {
				t.Skip("the suite declares that the provider does not have this: " + lacks)
			}
			c.run(t, &s)
		})
	}
}

// incomplete returns the name of a field that must be set and is not.
func (s *Suite) incomplete() string {
	d := &s.Dialect
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"New", s.New != nil || s.NewLimited != nil},
		{"Dialect.StreamType", d.StreamType != ""},
		{"Dialect.RenderStream", d.RenderStream != nil},
		{"Dialect.RenderWhole", d.RenderWhole != nil},
		{"Dialect.RenderError", d.RenderError != nil},
		{"Dialect.ErrorFrames", d.ErrorFrames != nil},
		{"Dialect.Complete", d.Complete != nil},
	} {
		if !field.set {
			return field.name
		}
	}
	return ""
}

// open returns a provider, within its own limits.
func (s *Suite) open(t testing.TB, baseURL string, client *http.Client) llm.Provider {
	if s.New == nil {
		return s.NewLimited(t, baseURL, client, llm.Limits{})
	}
	return s.New(t, baseURL, client)
}

// check is one thing to hold a provider to.
type check struct {
	name  string
	lacks string // why it does not apply, if it does not
	run   func(t testing.TB, s *Suite)
}

// checks returns the checks for the suite's dialect.
func (s *Suite) checks() []check {
	return slices.Concat(
		answerChecks(s), wireChecks(s), operationChecks(s),
		errorChecks(s), cutChecks(s), leaveChecks(s), limitChecks(s), callChecks(s), secretChecks(s),
	)
}

// wait is how long a check waits for what should happen at once. It is far more
// than any provider needs on the busiest machine: only what never happens takes
// that long.
func (s *Suite) wait() time.Duration {
	if s.patience == 0 {
		return time.Minute
	}
	return s.patience
}

func (s *Suite) model() string {
	if s.Model == "" {
		return modelName
	}
	return s.Model
}
