package llama

import (
	"context"

	"github.com/parley-llm/parley/internal/llama/kernel"
)

// forward holds the activations of one batch of tokens. Vectors of tokens follow each other.
type forward struct {
	x                  []float32 // the residual stream
	in                 kernel.Input
	query, key, value  []float32
	attended           kernel.Input
	gate, up           []float32
	inner              kernel.Input
	out                []float32
	sin, cos           []float32
	scratch            kernel.Scratch
	position           int // of the first token
	tokens             int
	short              bool // attention is rounded; see shortPrompt
	layer              int
	queryCols, keyCols int
	session            *Session
	model              *Model
	ctx                context.Context
	err                error
}

// evaluation says how a batch is computed, and for which results.
type evaluation struct {
	short  bool      // attention is rounded; see shortPrompt
	logits bool      // compute the logits after the last token
	hidden []float32 // add the normalised hidden states of all tokens to it; nil: do not
}

// eval computes a batch of tokens and appends them to the session. If it returns an error, the
// session is unchanged.
func (s *Session) eval(ctx context.Context, ids []int, e evaluation) error {
	m := s.model
	f, _ := m.forwards.Get().(*forward)
	if f == nil {
		f = new(forward)
	}
	defer f.end()
	f.begin(ctx, s, ids)
	f.short = e.short
	for i := range m.blocks {
		f.layer = i
		f.attention(&m.blocks[i])
		f.feedForward(&m.blocks[i])
		if f.err != nil {
			return f.err
		}
	}
	if e.hidden != nil {
		f.addHidden(e.hidden)
	}
	if e.logits {
		f.finish()
	}
	if f.err == nil {
		s.tokens = append(s.tokens, ids...)
	}
	return f.err
}

// end keeps the memory for the next batch of any session.
func (f *forward) end() {
	m := f.model
	f.ctx, f.session, f.model = nil, nil, nil
	m.forwards.Put(f)
}

// begin looks up the embeddings and the angles of the positions.
func (f *forward) begin(ctx context.Context, s *Session, ids []int) {
	m := s.model
	n := len(ids)
	f.ctx, f.session, f.model, f.err = ctx, s, m, nil
	f.position, f.tokens = len(s.tokens), n
	f.queryCols, f.keyCols = m.heads*m.headWidth, m.kvHeads*m.headWidth
	f.x = grow(f.x, n*m.width)
	f.out = grow(f.out, n*m.width)
	f.query = grow(f.query, n*f.queryCols)
	f.key = grow(f.key, n*f.keyCols)
	f.value = grow(f.value, n*f.keyCols)
	f.gate = grow(f.gate, n*m.feedForward)
	f.up = grow(f.up, n*m.feedForward)
	pairs := m.rope.dims / 2
	f.sin, f.cos = grow(f.sin, n*pairs), grow(f.cos, n*pairs)
	s.cache.reserve(f.position + n)
	for t, id := range ids {
		if err := m.embedding.Row(f.x[t*m.width:][:m.width], id); err != nil {
			f.err = err
		}
		m.rope.angles(f.sin[t*pairs:][:pairs], f.cos[t*pairs:][:pairs], f.position+t, s.factors)
	}
}

// attention adds the output of a block's attention to the residual stream.
func (f *forward) attention(b *block) {
	m := f.model
	f.norm(b.attentionNorm, b.query, b.key, b.value)
	f.multiply(&f.in,
		product{f.query, b.query}, product{f.key, b.key}, product{f.value, b.value})
	f.each(func(_ *kernel.Scratch, t int) { f.rotateAndStore(b, t) })

	f.attended.Reset(f.tokens, f.queryCols)
	f.attended.Prepare(b.attention.Form())
	f.run(f.tokens*m.kvHeads, func(s *kernel.Scratch, i int) { f.attend(s, i/m.kvHeads, i%m.kvHeads) })
	f.each(func(_ *kernel.Scratch, t int) { m.level.Quantize(&f.attended, b.attention.Form(), t) })
	f.multiply(&f.attended, product{f.out, b.attention})
	f.add()
}

// feedForward adds the output of a block's feed-forward network to the residual stream.
func (f *forward) feedForward(b *block) {
	m := f.model
	f.norm(b.feedForwardNorm, b.gate, b.up)
	f.multiply(&f.in, product{f.gate, b.gate}, product{f.up, b.up})
	f.inner.Reset(f.tokens, m.feedForward)
	f.inner.Prepare(b.down.Form())
	f.each(func(_ *kernel.Scratch, t int) {
		at := t * m.feedForward
		m.level.SwiGLU(f.inner.Vector(t), f.gate[at:][:m.feedForward], f.up[at:][:m.feedForward])
		m.level.Quantize(&f.inner, b.down.Form(), t)
	})
	f.multiply(&f.inner, product{f.out, b.down})
	f.add()
}

// finish computes the logits after the last token.
func (f *forward) finish() {
	m := f.model
	last := f.x[(f.tokens-1)*m.width:][:m.width]
	f.tokens = 1
	f.in.Reset(1, m.width)
	f.in.Prepare(m.output.Form())
	m.level.RMSNorm(f.in.Vector(0), last, m.outputNorm, m.epsilon)
	m.level.Quantize(&f.in, m.output.Form(), 0)
	f.session.logits = grow(f.session.logits, m.output.Rows)
	f.multiply(&f.in, product{f.session.logits, m.output})
}

// addHidden adds the normalised hidden states of all tokens of the batch to sum.
func (f *forward) addHidden(sum []float32) {
	m := f.model
	hidden := f.out[:m.width]
	for t := range f.tokens {
		m.level.RMSNorm(hidden, f.x[t*m.width:][:m.width], m.outputNorm, m.epsilon)
		for i, v := range hidden {
			sum[i] += v
		}
	}
}

// norm fills the input with the normalised residual stream, in the forms that the matrices
// work with.
func (f *forward) norm(weight []float32, users ...linear) {
	m := f.model
	f.in.Reset(f.tokens, m.width)
	var forms [kernel.Forms]bool
	for _, u := range users {
		forms[u.Form()] = true
	}
	for form, used := range forms {
		if used {
			f.in.Prepare(kernel.Form(form))
		}
	}
	f.each(func(_ *kernel.Scratch, t int) {
		m.level.RMSNorm(f.in.Vector(t), f.x[t*m.width:][:m.width], weight, m.epsilon)
		for form, used := range forms {
			if used {
				m.level.Quantize(&f.in, kernel.Form(form), t)
			}
		}
	})
}

// rotateAndStore finishes the queries, keys and values of one token.
func (f *forward) rotateAndStore(b *block, t int) {
	m := f.model
	pairs := m.rope.dims / 2
	sin, cos := f.sin[t*pairs:][:pairs], f.cos[t*pairs:][:pairs]
	query, key := f.query[t*f.queryCols:][:f.queryCols], f.key[t*f.keyCols:][:f.keyCols]
	for h := range m.heads {
		f.finishHead(query[h*m.headWidth:][:m.headWidth], b.queryNorm, sin, cos)
	}
	if f.short {
		m.level.RoundHalf(query, query)
	}
	for h := range m.kvHeads {
		f.finishHead(key[h*m.headWidth:][:m.headWidth], b.keyNorm, sin, cos)
	}
	f.session.cache.store(m.level, f.layer, f.position+t, key, f.value[t*f.keyCols:][:f.keyCols])
}

func (f *forward) finishHead(head, norm, sin, cos []float32) {
	if norm != nil {
		f.model.level.RMSNorm(head, head, norm, f.model.epsilon)
	}
	f.model.rope.rotate(head, sin, cos)
}

// product is a matrix to multiply the input with, and the place for the result.
type product struct {
	dst []float32
	linear
}

// multiply computes the products of one input with several matrices.
func (f *forward) multiply(in *kernel.Input, products ...product) {
	var chunks []chunk
	rows := 0
	for _, p := range products {
		rows += p.Rows
	}
	size := f.chunkRows(rows, products[0].Cols)
	for i, p := range products {
		for lo := 0; lo < p.Rows; lo += size {
			chunks = append(chunks, chunk{i, lo, min(lo+size, p.Rows)})
		}
	}
	f.run(len(chunks), func(s *kernel.Scratch, i int) {
		c := chunks[i]
		p := &products[c.product]
		f.model.level.Mul(p.dst, p.Rows, p.Matrix, in, c.lo, c.hi, s)
		if p.bias == nil {
			return
		}
		for t := range f.tokens {
			dst := p.dst[t*p.Rows:]
			for r := c.lo; r < c.hi; r++ {
				dst[r] += p.bias[r]
			}
		}
	})
}

// chunk is a range of rows of a product.
type chunk struct{ product, lo, hi int }

// chunkRows returns the number of rows that one goroutine computes at a time: few enough to
// share the work evenly and to notice a canceled context soon, and many enough that the work
// is worth a switch between goroutines.
func (f *forward) chunkRows(rows, cols int) int {
	const (
		worthwhile = 1 << 17 // multiplications in a chunk
		most       = 1 << 25
	)
	perRow := cols * f.tokens
	size := max(rows/(f.model.pool.threads*4), worthwhile/perRow)
	size = min(size, max(most/perRow, 1))
	return (size + kernel.TileRows - 1) / kernel.TileRows * kernel.TileRows
}

// add adds the output to the residual stream.
func (f *forward) add() {
	x := f.x[:f.tokens*f.model.width]
	out := f.out[:len(x)]
	for i, v := range out {
		x[i] += v
	}
}

// each calls do for each token.
func (f *forward) each(do func(s *kernel.Scratch, token int)) { f.run(f.tokens, do) }

// run does work on the model's goroutines, unless an earlier step has failed.
func (f *forward) run(chunks int, do func(s *kernel.Scratch, chunk int)) {
	if f.err != nil {
		return
	}
	f.err = f.model.pool.run(f.ctx, &f.scratch, chunks, do)
}

// grow returns a slice of length n. It reuses the memory of s if there is enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
