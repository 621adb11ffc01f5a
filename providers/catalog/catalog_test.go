package catalog_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestCatalogIsSound(t *testing.T) {
	entries := catalog.All()
	byName := map[string]catalog.Model{}
	for _, e := range entries {
		byName[e.String()] = e
	}
	date := catalog.Date()
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
				t.Errorf("%s has the modality %q, which does not exist", name, m)
			}
		}
		for _, c := range e.Capabilities {
			if !slices.Contains([]llm.Capability{llm.CanUseTools, llm.CanReason, llm.CanFollowJSON, llm.CanStream, llm.CanCache}, c) {
				t.Errorf("%s has the capability %q, which does not exist", name, c)
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
		if _, ok := catalog.Lookup(system); !ok {
			t.Errorf("the catalog does not have %s", system)
		}
	}
	llama2, _ := catalog.Lookup("LLaMA 2")
	equal(t, "sizes of LLaMA 2", llama2.Sizes, []string{"7B", "13B", "70B"})
}

func TestLookup(t *testing.T) {
	for name, want := range map[string]string{
		"openai/gpt-4o-mini":                "gpt-4o-mini 128000 deprecated",
		"openai/gpt-4o-mini-2024-07-18":     "gpt-4o-mini 128000 deprecated", // an alias
		"openai/gpt-6.1-terra-2026-10-26":   "gpt-6.1-terra-2026-10-26 1050000 current",
		"gemini/gemini-3.8-flash":           "gemini-3.8-flash 1000000 current",
		"groq/llama-3.1-8b-instant":         "llama-3.1-8b-instant 131072 retired",
		"openai/gpt-3.5-turbo-0613":         "", // facts about the name without a date can be wrong for it
		"openai/gpt-4o-mini-search-preview": "",
		"openai/":                           "",
	} {
		got := ""
		if e, ok := catalog.Lookup(name); ok {
			got = strings.Join([]string{e.Name, strconv.Itoa(e.ContextWindow), string(e.Status)}, " ")
		}
		equal(t, "facts of "+name, got, want)
	}
}

func TestCallersMayChangeWhatTheyGet(t *testing.T) {
	const name = "openai/gpt-4o"
	before, _ := catalog.Lookup(name)
	changed, _ := catalog.Lookup(name)
	changed.Input[0], changed.Aliases[0], changed.Prices.Input = "x", "x", -1
	after, _ := catalog.Lookup(name)
	equal(t, "the catalog after a change of a result", after, before)
}

// BenchmarkLookup measures the first lookup as well as the later ones: there is nothing to
// prepare.
func BenchmarkLookup(b *testing.B) {
	for _, name := range []string{"openai/gpt-6-luna", "together/openai/gpt-oss-120b", "openai/gpt-4o-2024-11-20", "openai/unknown"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				catalog.Lookup(name)
			}
		})
	}
}

func BenchmarkAll(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		catalog.All()
	}
}
