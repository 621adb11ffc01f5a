package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// letters is a model whose vectors count the letters a and b in a text.
func letters(sizes *[]int) *llm.Model {
	return llmtest.Always(llmtest.Func(func(_ context.Context, call *llm.Call) llm.Events {
		*sizes = append(*sizes, len(call.Embed.Inputs))
		var vectors [][]float32
		for _, text := range call.Embed.Inputs {
			vectors = append(vectors, []float32{float32(strings.Count(text, "a")), float32(strings.Count(text, "b"))})
		}
		return func(yield func(llm.Event, error) bool) {
			_ = yield(llm.Event{Type: llm.EventResult, Detail: &llm.EmbedResponse{Vectors: vectors}}, nil) &&
				yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
		}
	})).Model()
}

func TestSearch(t *testing.T) {
	var sizes []int
	hits, err := search(t.Context(), letters(&sizes), []string{"bb", "", "a b", "aa", "none"}, "a")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range hits {
		got = append(got, fmt.Sprintf("%.2f %s", h.similarity, h.line))
	}
	if diff := cmp.Diff([]string{"1.00 aa", "0.71 a b", "0.00 bb", "0.00 none"}, got); diff != "" {
		t.Errorf("hits (-want +got):\n%s", diff)
	}
}

func TestSearchBatches(t *testing.T) {
	var sizes []int
	hits, err := search(t.Context(), letters(&sizes), strings.Split(strings.Repeat("a\n", 150), "\n"), "b")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{64, 64, 23}, sizes); diff != "" || len(hits) != 150 {
		t.Errorf("got %d hits; sizes of the requests (-want +got):\n%s", len(hits), diff)
	}
}
