package provider

import (
	"context"
	"fmt"
	"sync"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// EmbedLimits are the limits of one request for embeddings. Zero means no limit.
type EmbedLimits struct {
	Inputs int // texts
	Tokens int // of all texts together
}

// EmbedBatch is the answer to one request for embeddings.
type EmbedBatch struct {
	Reply   *httpcall.Reply // closed; its headers remain readable
	Model   string
	Vectors [][]float32
	Usage   llm.Usage
	Warned  bool // the dialect's own warning applies
}

// embedRequests is the number of requests of one call that are sent at the same time.
const embedRequests = 4

// Split returns the texts in batches within the limits. A text above the limit of tokens is a
// batch alone. Tokens are estimated generously, with one for two bytes, because most servers
// reject the whole request if there are too many.
func (l EmbedLimits) Split(texts []string) [][]string {
	var batches [][]string
	start, tokens := 0, 0
	for i, text := range texts {
		size := len(text)/2 + 1
		full := l.Inputs > 0 && i-start >= l.Inputs || l.Tokens > 0 && tokens+size > l.Tokens
		if full && i > start {
			batches, start, tokens = append(batches, texts[start:i]), i, 0
		}
		tokens += size
	}
	return append(batches, texts[start:])
}

// Embed answers a call for embeddings with as many requests as the limits require, several at
// the same time. The vectors are in the order of the texts, and the usage is the sum. If a
// request fails, the others are cancelled and the call fails.
func Embed(
	ctx context.Context, call *llm.Call, limits EmbedLimits, send func(ctx context.Context, texts []string) (*EmbedBatch, error),
) (*EmbedBatch, error) {
	batches := limits.Split(call.Embed.Inputs)
	if len(batches) == 1 {
		return complete(send(ctx, batches[0]))(batches[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		running sync.WaitGroup
		lock    sync.Mutex // guards next and failure
		next    int
		failure error // the first one; later ones can be its consequence
		answers = make([]*EmbedBatch, len(batches))
	)
	take := func() int {
		lock.Lock()
		defer lock.Unlock()
		if failure != nil || next == len(batches) {
			return -1
		}
		next++
		return next - 1
	}
	for range min(embedRequests, len(batches)) {
		running.Go(func() {
			for i := take(); i >= 0; i = take() {
				answer, err := complete(send(ctx, batches[i]))(batches[i])
				if err != nil {
					lock.Lock()
					if failure == nil {
						failure = err
					}
					lock.Unlock()
					cancel()
					return
				}
				answers[i] = answer
			}
		})
	}
	running.Wait()
	if failure != nil {
		return nil, failure
	}
	return join(answers), nil
}

// complete returns a function that checks that an answer has a vector for each text.
func complete(b *EmbedBatch, err error) func(texts []string) (*EmbedBatch, error) {
	return func(texts []string) (*EmbedBatch, error) {
		if err == nil && len(b.Vectors) != len(texts) {
			return nil, b.Reply.ReplyError(llm.Protocol, fmt.Sprintf("the reply has %d vectors for %d inputs", len(b.Vectors), len(texts)))
		}
		return b, err
	}
}

// join returns all answers as one.
func join(answers []*EmbedBatch) *EmbedBatch {
	all := &EmbedBatch{Reply: answers[0].Reply, Model: answers[0].Model}
	usage := make([]llm.Usage, len(answers))
	for i, b := range answers {
		all.Vectors = append(all.Vectors, b.Vectors...)
		all.Warned = all.Warned || b.Warned
		usage[i] = b.Usage
	}
	all.Usage = llm.SumUsage(usage...)
	return all
}
