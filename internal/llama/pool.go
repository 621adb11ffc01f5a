package llama

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/parley-llm/parley/internal/llama/kernel"
)

// pool divides work among goroutines. Its workers wait on a channel, so they use no
// processor time when there is no work. Several goroutines may use one pool at once.
type pool struct {
	threads int
	jobs    chan *job
	workers sync.WaitGroup
}

// newPool starts threads − 1 workers: the goroutine that calls run works as well.
func newPool(threads int) *pool {
	p := &pool{threads: threads, jobs: make(chan *job, threads)}
	for range threads - 1 {
		p.workers.Go(p.work)
	}
	return p
}

// close ends the workers and waits for them. No run may be in progress.
func (p *pool) close() {
	close(p.jobs)
	p.workers.Wait()
}

func (p *pool) work() {
	var s kernel.Scratch
	for j := range p.jobs {
		j.work(&s)
	}
}

// job is a number of chunks of work. Workers claim them one by one.
type job struct {
	ctx     context.Context
	chunks  int64
	claimed atomic.Int64
	do      func(s *kernel.Scratch, chunk int)
	done    sync.WaitGroup // counts chunks
}

// work claims and does chunks until none is left. If the context is canceled, it claims
// them and does nothing.
func (j *job) work(s *kernel.Scratch) {
	for {
		i := j.claimed.Add(1) - 1
		if i >= j.chunks {
			return
		}
		if j.ctx.Err() == nil {
			j.do(s, int(i))
		}
		j.done.Done()
	}
}

// run calls do for each chunk, in any order and on several goroutines, and returns when all
// calls have returned. If ctx is canceled, it starts no more chunks and returns the cause.
//
// run does not wait for a worker to wake up: if the workers are late, the caller's goroutine
// does all chunks.
func (p *pool) run(ctx context.Context, s *kernel.Scratch, chunks int, do func(s *kernel.Scratch, chunk int)) error {
	j := &job{ctx: ctx, chunks: int64(chunks), do: do}
	j.done.Add(chunks)
	for range min(p.threads, chunks) - 1 {
		select {
		case p.jobs <- j:
		default: // the workers have enough to do
		}
	}
	j.work(s)
	j.done.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
