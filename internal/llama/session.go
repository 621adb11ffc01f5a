package llama

import (
	"context"
	"fmt"
)

// batchTokens is the number of prompt tokens that are computed together.
const batchTokens = 128

// ContextError reports that a prompt does not fit into the context window.
type ContextError struct {
	Tokens int // of the prompt
	Limit  int // of the session
}

// Error describes the error.
func (e *ContextError) Error() string {
	return fmt.Sprintf("llama: a sequence of %d tokens exceeds the context window of %d", e.Tokens, e.Limit)
}

// Session is a sequence of tokens with the keys and values that the model has computed for
// them. A session must not be used by several goroutines at once. Different sessions of one
// model may be used at the same time.
type Session struct {
	model   *Model
	context int
	tokens  []int
	cache   *cache
	factors []float32
	reused  int

	reserved int // bytes, by Sessions

	logits []float32
}

// NewSession returns an empty session with a context window of this many tokens. Zero is the
// length that the model was trained for. Memory for keys and values is allocated when it is
// needed.
func (m *Model) NewSession(context int) *Session {
	if context <= 0 {
		context = m.context
	}
	return &Session{model: m, context: context, cache: newCache(m), factors: m.factors(context)}
}

// Tokens returns the tokens of the sequence. The caller must not change them.
func (s *Session) Tokens() []int { return s.tokens }

// Reused returns the number of tokens that the last [Session.Prompt] did not have to compute.
func (s *Session) Reused() int { return s.reused }

// Bytes returns the memory for keys and values.
func (s *Session) Bytes() int { return s.cache.bytes() }

// BytesPerToken returns the memory that a session needs for the keys and values of one token.
func (m *Model) BytesPerToken() int { return m.layers * 2 * m.kvHeads * m.headWidth * 2 }

// Common returns the length of the longest common prefix of ids and the tokens of the session.
func (s *Session) Common(ids []int) int {
	n := 0
	for n < len(ids) && n < len(s.tokens) && ids[n] == s.tokens[n] {
		n++
	}
	return n
}

// Prompt replaces the sequence by ids, and returns the logits of the token after them. The
// result is valid until the next call.
//
// The keys and values of the longest common prefix are reused. The other tokens are computed
// in batches; progress, if it is not nil, is called after each of them with the number of
// tokens that are done and their total, reused ones included.
//
// If ctx is canceled, Prompt returns its cause. The tokens that have been computed stay in
// the session. A prompt that exceeds the context window is a [*ContextError].
func (s *Session) Prompt(ctx context.Context, ids []int, progress func(done, total int)) ([]float32, error) {
	if len(ids) == 0 {
		return nil, fmt.Errorf("llama: an empty prompt")
	}
	if len(ids) > s.context {
		return nil, &ContextError{Tokens: len(ids), Limit: s.context}
	}
	if err := s.check(ids); err != nil {
		return nil, err
	}
	// The last token is computed in any case, for its logits.
	s.reused = min(s.Common(ids), len(ids)-1)
	s.truncate(s.reused)
	short := len(ids)-s.reused < shortPrompt
	for {
		n := min(len(ids)-len(s.tokens), batchTokens)
		batch := ids[len(s.tokens):][:n]
		last := len(s.tokens)+n == len(ids)
		if err := s.eval(ctx, batch, evaluation{short: short, logits: last}); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(len(s.tokens), len(ids))
		}
		if last {
			return s.logits, nil
		}
	}
}

// Next appends a token and returns the logits of the token after it. The result is valid
// until the next call. It returns a [*ContextError] if the context window is full, and the
// cause if ctx is canceled.
func (s *Session) Next(ctx context.Context, id int) ([]float32, error) {
	if len(s.tokens) >= s.context {
		return nil, &ContextError{Tokens: len(s.tokens) + 1, Limit: s.context}
	}
	if err := s.check([]int{id}); err != nil {
		return nil, err
	}
	if err := s.eval(ctx, []int{id}, evaluation{short: true, logits: true}); err != nil {
		return nil, err
	}
	return s.logits, nil
}

// Embed replaces the sequence by ids, and returns the mean of the model's last hidden states
// of all tokens, after the output norm. It computes all of the tokens.
func (s *Session) Embed(ctx context.Context, ids []int) ([]float32, error) {
	switch {
	case len(ids) == 0:
		return nil, fmt.Errorf("llama: an empty text")
	case len(ids) > s.context:
		return nil, &ContextError{Tokens: len(ids), Limit: s.context}
	}
	if err := s.check(ids); err != nil {
		return nil, err
	}
	s.truncate(0)
	s.reused = 0
	mean := make([]float32, s.model.width)
	for rest := ids; len(rest) > 0; {
		n := min(len(rest), batchTokens)
		if err := s.eval(ctx, rest[:n], evaluation{short: len(ids) < shortPrompt, hidden: mean}); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	for i := range mean {
		mean[i] /= float32(len(ids))
	}
	return mean, nil
}

// Reset empties the session and frees the memory for keys and values.
func (s *Session) Reset() {
	s.tokens = s.tokens[:0]
	s.cache.trim(0)
}

func (s *Session) truncate(n int) {
	s.tokens = s.tokens[:n]
	s.cache.trim(n)
}

// check reports tokens that the model does not have.
func (s *Session) check(ids []int) error {
	for i, id := range ids {
		if id < 0 || id >= s.model.Vocabulary() {
			return fmt.Errorf("llama: token %d of the prompt is %d, and the model has %d tokens", i, id, s.model.Vocabulary())
		}
	}
	return nil
}
