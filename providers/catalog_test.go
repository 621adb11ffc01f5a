package providers_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/providers"
)

func TestCatalogIsSound(t *testing.T) {
	entries := providers.Catalog()
	byName := map[string]providers.Entry{}
	for _, e := range entries {
		byName[e.String()] = e
	}
	date := providers.CatalogDate()
	if age := time.Since(date); date.IsZero() || age < -24*time.Hour {
		t.Errorf("the catalog's date is %v", date)
	}
	for _, e := range entries {
		name := e.String()
		switch {
		case e.Status == llm.StatusRetired && !e.RetiresAt.IsZero() && e.RetiresAt.After(date):
			t.Errorf("%s is retired and ends on %v, which is after the catalog's date", name, e.RetiresAt)
		case e.Status != llm.StatusRetired && !e.RetiresAt.IsZero() && !e.RetiresAt.After(date):
			t.Errorf("%s ended on %v and has the status %q", name, e.RetiresAt, e.Status)
		case e.Status == llm.StatusDeprecated && e.RetiresAt.IsZero():
			t.Errorf("%s is deprecated without a date", name)
		case e.Provider != "" && e.Status == llm.StatusUnknown:
			t.Errorf("%s has no status", name)
		case e.Provider == "" && (e.Access == "" || e.OwnedBy == "" || len(e.Sources) == 0):
			t.Errorf("%s does not say whose it is, how it is reached and where that is said", name)
		}
		if e.Prices != nil && (e.Prices.Input < 0 || e.Prices.Output < 0 || e.Prices.Input > 1000) {
			t.Errorf("%s has the prices %v", name, *e.Prices)
		}
		for _, m := range slices.Concat(e.Input, e.Output) {
			if !slices.Contains([]llm.Modality{llm.ModalityText, llm.ModalityImage, llm.ModalityAudio, llm.ModalityVideo, llm.ModalityFile, llm.ModalityEmbedding}, m) {
				t.Errorf("%s has the modality %q, which there is not", name, m)
			}
		}
		for _, c := range e.Capabilities {
			if !slices.Contains([]llm.Capability{llm.CanUseTools, llm.CanReason, llm.CanFollowJSON, llm.CanStream, llm.CanCache}, c) {
				t.Errorf("%s has the capability %q, which there is not", name, c)
			}
		}
		if e.Successor != "" && e.Provider != "" && e.Provider != "palm" {
			if s, ok := byName[e.Provider+"/"+e.Successor]; !ok {
				t.Errorf("the successor of %s is %s, which the catalog does not have", name, e.Successor)
			} else if s.Status == llm.StatusRetired {
				t.Errorf("the successor of %s is %s, which is retired", name, e.Successor)
			}
		}
	}
	for _, system := range []string{"ChatGPT (GPT-3.5)", "LLaMA", "LLaMA 2", "LaMDA", "Bard", "PaLM 2", "Alpaca", "Cerebras-GPT", "ELMAR"} {
		if _, ok := providers.Info(system); !ok {
			t.Errorf("the catalog does not have %s", system)
		}
	}
	llama2, _ := providers.Info("LLaMA 2")
	equal(t, "sizes of LLaMA 2", llama2.Sizes, []string{"7B", "13B", "70B"})
}

func TestInfo(t *testing.T) {
	for name, want := range map[string]string{
		"openai/gpt-4o-mini":                "gpt-4o-mini 128000 deprecated",
		"openai/gpt-4o-mini-2024-07-18":     "gpt-4o-mini 128000 deprecated", // an alias
		"openai/gpt-6.1-terra-2026-10-26":   "gpt-6.1-terra-2026-10-26 1050000 current",
		"gemini/gemini-3.8-flash":           "gemini-3.8-flash 1000000 current",
		"groq/llama-3.1-8b-instant":         "llama-3.1-8b-instant 131072 retired",
		"openai/gpt-3.5-turbo-0613":         "", // what holds for the name without a date need not hold for it
		"openai/gpt-4o-mini-search-preview": "",
		"openai/":                           "",
	} {
		got := ""
		if e, ok := providers.Info(name); ok {
			got = strings.Join([]string{e.Name, strconv.Itoa(e.ContextWindow), string(e.Status)}, " ")
		}
		equal(t, "info of "+name, got, want)
	}
}

// knownModel sets up a model of which the file says all.
const knownModel = `models:
  m:
    model: echo/m
    info: {max_output: 100, input: [text], output: [text], capabilities: [], STATUS}
`

func TestRequestsAreHeldToWhatIsKnownOfTheirModel(t *testing.T) {
	image := llm.User("what is this?", llm.Image{Data: []byte("x"), MediaType: "image/png"})
	for _, test := range []struct {
		name, status string
		req          llm.Request
		want         []string
	}{
		{"all is well", "status: current", llm.Request{}, nil},
		{"too long an answer", "status: current", llm.Request{MaxTokens: 101}, []string{"MaxTokens: m answers with at most 100 tokens, and 101 are asked for"}},
		{"tools", "status: current", llm.Request{Tools: []llm.Tool{{Name: "f"}}}, []string{"Tools: m is not known to use tools"}},
		{"a schema", "status: current", llm.Request{Format: &llm.Format{Schema: []byte("{}")}}, []string{"Format: m is not known to follow a JSON schema"}},
		{"JSON without a schema", "status: current", llm.Request{Format: &llm.Format{}}, nil},
		{"reasoning", "status: current", llm.Request{ReasoningEffort: llm.EffortHigh}, []string{"ReasoningEffort: m is not known to reason"}},
		{"no reasoning", "status: current", llm.Request{ReasoningEffort: llm.EffortNone}, nil},
		{"images", "status: current", llm.Request{Messages: []llm.Message{image, image}}, []string{"Messages: m is not known to take image"}},
		{"a deprecated model", "status: deprecated, retires: 2027-01-14, successor: n", llm.Request{}, []string{"m is deprecated and ends on 2027-01-14: use n"}},
		{"a retired model", "status: retired, successor: n", llm.Request{}, []string{"m is retired: use n"}},
		{"an embedding model", "status: current, output: [embedding]", llm.Request{}, []string{"m makes embeddings and does not chat"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := strings.Replace(knownModel, "STATUS", test.status, 1)
			if strings.Contains(test.status, "output:") {
				file = strings.Replace(file, "output: [text], ", "", 1)
			}
			setup := load(t, file, nil)
			model, err := setup.Model("m")
			if err != nil {
				t.Fatal(err)
			}
			req := test.req
			if req.Messages == nil {
				req.Messages = llm.Prompt("hi").Messages
			}
			resp, err := model.Generate(t.Context(), &req)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range resp.Warnings {
				got = append(got, w.String())
			}
			equal(t, "warnings", got, test.want)
			equal(t, "text", resp.Text(), "m at ")

			lastCall = nil
			req.FailOnUnsupported = true
			_, err = model.Generate(t.Context(), &req)
			if test.want == nil {
				equal(t, "error in strict mode", err, error(nil))
				return
			}
			_, message, found := strings.Cut(test.want[0], ": ")
			if !found || strings.HasPrefix(test.want[0], "m ") {
				message = test.want[0]
			}
			if err == nil || !strings.HasSuffix(err.Error(), message) {
				t.Errorf("the error in strict mode is %v, want %s", err, message)
			}
			if lastCall != nil {
				t.Error("the call was sent all the same")
			}
		})
	}
}

func TestModelThatIsGoneNamesItsSuccessor(t *testing.T) {
	gone = llmtest.New(llmtest.Error(&llm.Error{Kind: llm.NotFound, Status: 404, Message: "no such model"}))
	setup := load(t, "models: {m: {model: gone/m, info: {status: retired, retires: 2026-10-23, successor: n}}}", nil)
	model, err := setup.Model("m")
	if err != nil {
		t.Fatal(err)
	}
	_, err = model.Generate(t.Context(), llm.Prompt("hi"))
	if !errors.Is(err, llm.Retired) || !errors.Is(err, llm.NotFound) || !strings.Contains(err.Error(), "m is retired since 2026-10-23: use n") {
		t.Errorf("the error is %v", err)
	}
}

var gone llm.Provider = llmtest.New()

// BenchmarkChecked is what a call costs with and without a check, when there is nothing to say.
func BenchmarkChecked(b *testing.B) {
	for name, info := range map[string]string{"unknown model": "", "known model": ", info: {max_output: 100, input: [text], output: [text], capabilities: [tools]}"} {
		b.Run(name, func(b *testing.B) {
			setup, err := providers.LoadIn(write(b, "models: {m: {model: echo/m"+info+"}}"), variables(nil))
			if err != nil {
				b.Fatal(err)
			}
			defer setup.Close()
			model, err := setup.Model("m")
			if err != nil {
				b.Fatal(err)
			}
			req := llm.Prompt("hi")
			b.ReportAllocs()
			for b.Loop() {
				if _, err := model.Generate(context.Background(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
