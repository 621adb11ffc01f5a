package conformance

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Key is the credential for the providers that a [Suite] opens. It is only sent to servers of
// the test.
const Key = "key-of-llmtest-7d1f0c2b9e64"

// Suite describes a provider for [Test]:
//
//	func TestConformance(t *testing.T) {
//		conformance.Test(t, conformance.Suite{
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
// Set a field such as NoTools to a reason if the provider does not support the feature. The
// checks of the feature are then skipped, and the log has the reason.
type Suite struct {
	// New returns a provider that sends its requests to baseURL with client. Its credential is
	// [Key]. If the provider is an [io.Closer], it is closed at the end of each check. After
	// that, none of its goroutines and connections may be left.
	New func(t testing.TB, baseURL string, client *http.Client) llm.Provider
	// NewLimited is like New, for a provider with limits. Set New or NewLimited. Limits are
	// checked only if NewLimited is set.
	NewLimited func(t testing.TB, baseURL string, client *http.Client, limits llm.Limits) llm.Provider
	// Dialect is the dialect of the provider.
	Dialect Dialect
	// Model is the name of the model in calls. The default is "scripted".
	Model string

	// A non-empty string skips the checks of a feature. It is the reason why the provider does
	// not support it.
	NoKey          string // sends no credential
	NoReasoning    string // does not pass on reasoning
	NoRefusals     string // has no refusals other than text
	NoTools        string // has no tool calls
	NoUsage        string // its server reports no usage
	NoNonStreaming string // only streams
	NoStreaming    string // has only answers in one piece
	NoFinish       string // its server sends no finish reason
	NoEmbeddings   string
	NoModelList    string

	patience time.Duration // 0 means the default
}

// Test runs the checks of the suite, each as a subtest. It takes a few seconds. The checks use
// no network except loopback.
func Test(t *testing.T, s Suite) {
	t.Helper()
	if lack := s.incomplete(); lack != "" {
		t.Fatalf("conformance: the Suite has no %s: set it", lack)
	}
	for _, c := range s.checks() {
		t.Run(c.name, func(t *testing.T) {
			if lacks := firstOf(c.lacks, s.lacksStreaming(c.name)); lacks != "" {
				t.Skip("the suite declares that the provider does not support this: " + lacks)
			}
			c.run(t, &s)
		})
	}
}

// incomplete returns the name of a required field that is not set, or "".
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

// open returns a provider with its default limits.
func (s *Suite) open(t testing.TB, baseURL string, client *http.Client) llm.Provider {
	if s.New == nil {
		return s.NewLimited(t, baseURL, client, llm.Limits{})
	}
	return s.New(t, baseURL, client)
}

// check is one check of a provider.
type check struct {
	name  string
	lacks string // the reason to skip it, or ""
	run   func(t testing.TB, s *Suite)
}

// checks returns all checks for the dialect of the suite.
func (s *Suite) checks() []check {
	return slices.Concat(
		answerChecks(s), wireChecks(s), operationChecks(s),
		errorChecks(s), cutChecks(s), leaveChecks(s), limitChecks(s), callChecks(s), secretChecks(s),
	)
}

// wait returns the maximum time that a check waits for an event that should happen
// immediately. It is long enough for a busy machine.
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
