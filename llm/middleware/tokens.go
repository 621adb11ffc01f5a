package middleware

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/parley-llm/parley/llm"
)

// Counter returns the number of input tokens of a call. It can be called from several
// goroutines at once.
type Counter func(ctx context.Context, call *llm.Call) (int, error)

// count returns the number of input tokens of a call. It uses the counter, or asks the
// model if the counter is nil.
func count(ctx context.Context, call *llm.Call, next llm.Handler, counter Counter) (int, error) {
	if counter != nil {
		return counter(ctx, call)
	}
	if call.Request == nil {
		return 0, &llm.Error{Kind: llm.Unsupported, Message: "only the tokens of chats can be counted"}
	}
	resp, err := llm.Collect(next(ctx, &llm.Call{
		Op: llm.OpCountTokens, Provider: call.Provider, Model: call.Model, Request: call.Request, Buffered: true,
	}))
	if err != nil {
		return 0, err
	}
	if resp.Count == nil {
		return 0, &llm.Error{Kind: llm.Incomplete, Message: "the answer has no result"}
	}
	return resp.Count.Tokens, nil
}

// countOrEstimate returns the number of input tokens of a call, or an estimate if nothing
// can count them. The usage that the server reports corrects the result later.
func countOrEstimate(ctx context.Context, call *llm.Call, next llm.Handler, counter Counter) int {
	if n, err := count(ctx, call, next, counter); err == nil {
		return min(max(n, 0), tokenBound)
	}
	bytes := 0
	if call.Embed != nil {
		for _, text := range call.Embed.Inputs {
			bytes += len(text)
		}
	}
	if call.Request != nil {
		for _, m := range call.Request.Messages {
			bytes += 4 * bytesPerToken // the template around a message
			for _, part := range m.Parts {
				bytes += partBytes(part)
			}
		}
		for _, tool := range call.Request.Tools {
			bytes += len(tool.Name) + len(tool.Description) + len(tool.Parameters)
		}
	}
	return bytes / bytesPerToken
}

// tokenBound is larger than any real number of tokens. Counts from outside are limited to it,
// so that calculations with them do not overflow.
const tokenBound = min(1<<40, math.MaxInt/8)

// bounded returns a count that a server or a caller reported, within sensible limits. A
// negative count is unknown.
func bounded(t llm.Tokens) llm.Tokens {
	if t.N < 0 {
		return llm.Tokens{}
	}
	t.N = min(t.N, tokenBound)
	return t
}

// boundedUsage returns a usage of which each count is bounded.
func boundedUsage(u llm.Usage) llm.Usage {
	return llm.Usage{
		Input: bounded(u.Input), Output: bounded(u.Output),
		CacheRead: bounded(u.CacheRead), CacheWrite: bounded(u.CacheWrite), Reasoning: bounded(u.Reasoning),
	}
}

// bytesPerToken is the approximate length of a token of text.
const bytesPerToken = 4

// partBytes returns the length of the text of a part. An image or a file counts as a
// thousand tokens.
func partBytes(part llm.Part) int {
	switch p := part.(type) {
	case llm.Text:
		return len(p.Text)
	case llm.Reasoning:
		return len(p.Text)
	case llm.Refusal:
		return len(p.Text)
	case llm.ToolCall:
		return len(p.Name) + len(p.Arguments)
	case llm.ToolResult:
		n := len(p.Content)
		for _, inner := range p.Parts {
			n += partBytes(inner)
		}
		return n
	case llm.Code:
		return len(p.Source) + len(p.Output)
	case llm.Opaque:
		if p.ProviderData == nil {
			return 0
		}
		return len(p.ProviderData.Data)
	case llm.Unknown:
		return len(p.Raw)
	}
	return 1000 * bytesPerToken
}

// usageOrEstimate returns the usage that the server reported. It estimates missing numbers:
// the input as counted before the call, and the output from the text that arrived. The usage
// of a refused call is zero.
func (o *observer) usageOrEstimate(input int) llm.Usage {
	u := boundedUsage(o.usage())
	if o.start == nil && o.err != nil {
		return u
	}
	if u.Input.Certainty == llm.CertaintyNone {
		u.Input = llm.Estimated(input)
	}
	if u.Output.Certainty == llm.CertaintyNone {
		u.Output = llm.Estimated((o.bytes + bytesPerToken - 1) / bytesPerToken)
	}
	return u
}

// attemptUsage returns the usage of a failed attempt: as reported, or the counted input if its
// server had begun to answer.
func attemptUsage(a *llm.Attempt, input int) llm.Usage {
	u := boundedUsage(a.Usage)
	if u.Input.Certainty == llm.CertaintyNone && failedWhileAnswering(a.Err) {
		u.Input = llm.Estimated(input)
	}
	return u
}

// failedWhileAnswering reports whether an attempt failed after its server began to answer.
func failedWhileAnswering(err error) bool {
	e, ok := errors.AsType[*llm.Error](err)
	return ok && e != nil && (e.Kind == llm.Incomplete || e.Status == http.StatusOK)
}
