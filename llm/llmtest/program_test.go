package llmtest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/openai"
)

// The tests of this file are also examples of tests of a program that need a *testing.T.

// patiently is a function of a program: it repeats the request while the server is overloaded.
func patiently(ctx context.Context, model *llm.Model, question string) (string, error) {
	for {
		resp, err := model.Generate(ctx, llm.Prompt(question))
		if e, ok := errors.AsType[*llm.Error](err); ok && e.Kind == llm.Overloaded {
			select {
			case <-time.After(max(time.Second, e.RetryAfter)):
				continue
			case <-ctx.Done():
				return "", llm.FromContext(ctx)
			}
		}
		if err != nil {
			return "", err
		}
		return resp.Text(), nil
	}
}

// Waits are exact on the fake clock, and take no real time.
func TestPatientlyWaitsAsLongAsTheServerSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := llmtest.Error(&llm.Error{Kind: llm.Overloaded, RetryAfter: 30 * time.Second})
		p := llmtest.New(busy, busy, llmtest.Text("At last.").Wait(2*time.Second))

		begun := time.Now()
		got, err := patiently(t.Context(), p.Model(), "Now?")
		if got != "At last." || err != nil {
			t.Errorf("the answer is %q, %v; want At last.", got, err)
		}
		if waited, want := time.Since(begun), 62*time.Second; waited != want {
			t.Errorf("it took %v, want %v", waited, want)
		}
	})
}

// The same over HTTP, with error replies in the format of the server.
func TestPatientlyUnderstandsTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialect := conformance.OpenAI()
		srv := llmtest.NewServer(t,
			dialect.ErrorReply(&llm.Error{Status: http.StatusServiceUnavailable, RetryAfter: time.Minute}),
			dialect.Stream(llmtest.Text("At last.")).Pace(100*time.Millisecond),
		)
		begun := time.Now()
		got, err := patiently(t.Context(), openAIModel(t, srv), "Now?")
		if got != "At last." || err != nil {
			t.Errorf("the answer is %q, %v; want At last.", got, err)
		}
		if waited := time.Since(begun); waited < time.Minute {
			t.Errorf("it asked again after %v, want a minute at least", waited)
		}
	})
}

// A program must not treat a cut answer as complete.
func TestSummarizeTakesNoHalfAnswers(t *testing.T) {
	whole := conformance.OpenAI().Stream(llmtest.Text("It is ", "short."))
	end := conformance.OpenAI().Complete(whole.Body)
	for n := range end {
		srv := llmtest.NewServer(t, whole.CutReset(n))
		summary, err := summarize(t.Context(), openAIModel(t, srv), "A long text.")
		if summary != "" || !errors.Is(err, llm.Incomplete) {
			t.Fatalf("with the connection broken after %d of %d bytes, the summary is %q, error %v; want none, and %v",
				n, end, summary, err, llm.Incomplete)
		}
	}
}

func openAIModel(t *testing.T, srv *llmtest.Server) *llm.Model {
	t.Helper()
	p, err := openai.New(openai.Config{BaseURL: srv.URL, APIKey: "any", HTTPClient: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	return llm.New(p, "gpt-4o-mini")
}
