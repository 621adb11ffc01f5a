package provider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-llm/parley/llm"
)

func TestSplit(t *testing.T) {
	long := strings.Repeat("x", 100) // 51 tokens by the estimate
	for name, tt := range map[string]struct {
		limits EmbedLimits
		texts  []string
		want   []int
	}{
		"no limit":                {EmbedLimits{}, []string{"a", "b", "c"}, []int{3}},
		"by count":                {EmbedLimits{Inputs: 2}, []string{"a", "b", "c", "d", "e"}, []int{2, 2, 1}},
		"exactly":                 {EmbedLimits{Inputs: 2}, []string{"a", "b"}, []int{2}},
		"one by one":              {EmbedLimits{Inputs: 1}, []string{"a", "b"}, []int{1, 1}},
		"by tokens":               {EmbedLimits{Tokens: 102}, []string{long, long, long, "a"}, []int{2, 2}},
		"a text above the limit":  {EmbedLimits{Tokens: 50}, []string{"a", long, "b"}, []int{1, 1, 1}},
		"by both":                 {EmbedLimits{Inputs: 3, Tokens: 102}, []string{long, "a", "b", "c", long, long}, []int{3, 2, 1}},
		"a long text comes first": {EmbedLimits{Tokens: 50}, []string{long, "a", "b"}, []int{1, 2}},
	} {
		var sizes []int
		batches := tt.limits.Split(tt.texts)
		for _, b := range batches {
			sizes = append(sizes, len(b))
		}
		if !slices.Equal(sizes, tt.want) || !slices.Equal(slices.Concat(batches...), tt.texts) {
			t.Errorf("%s: the batches are %v, want %v", name, sizes, tt.want)
		}
	}
}

func call(n int) *llm.Call {
	return &llm.Call{Op: llm.OpEmbed, Embed: &llm.EmbedRequest{Inputs: slices.Repeat([]string{"a"}, n)}}
}

// Several requests are sent at the same time, and the answer has the order of the texts.
func TestEmbedSendsSeveralRequestsAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, sent atomic.Int32
		begun := time.Now()
		got, err := Embed(t.Context(), call(5000), EmbedLimits{Inputs: 100}, func(_ context.Context, texts []string) (*EmbedBatch, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer now.Add(-1)
			n := sent.Add(1)
			time.Sleep(time.Duration(60-n) * time.Second) // later requests answer first
			return &EmbedBatch{
				Model: "m", Vectors: slices.Repeat([][]float32{{float32(len(texts))}}, len(texts)), Usage: llm.Usage{Input: llm.Known(len(texts))},
			}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Vectors) != 5000 || got.Usage.Input != llm.Known(5000) || got.Model != "m" {
			t.Errorf("there are %d vectors of %q with the usage %v", len(got.Vectors), got.Model, got.Usage)
		}
		if most.Load() != embedRequests || sent.Load() != 50 {
			t.Errorf("%d requests, of which %d at the same time", sent.Load(), most.Load())
		}
		if took := time.Since(begun); took > 10*time.Minute {
			t.Errorf("the call took %v", took)
		}
	})
}

// The first failure ends the call. The other requests are cancelled, and none is begun.
func TestEmbedEndsWithTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("the third request fails")
		var sent atomic.Int32
		_, err := Embed(t.Context(), call(100), EmbedLimits{Inputs: 1}, func(ctx context.Context, _ []string) (*EmbedBatch, error) {
			if sent.Add(1) == 3 {
				time.Sleep(time.Second)
				return nil, cause
			}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if err != cause || sent.Load() != embedRequests {
			t.Errorf("the error is %v after %d requests", err, sent.Load())
		}
	})
}
