package middleware

import (
	"context"

	"github.com/parley-llm/parley/llm"
)

// A Counter returns the input tokens of a call. It may be called from many
// goroutines at once.
type Counter func(ctx context.Context, call *llm.Call) (int, error)

// count returns the input tokens of a call, counted by counter, or by the
// model itself where there is none.
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

// countOrGuess is count, but where nobody can count, it guesses: what rests on
// it is corrected by the usage that the server reports.
func countOrGuess(ctx context.Context, call *llm.Call, next llm.Handler, counter Counter) int {
	if n, err := count(ctx, call, next, counter); err == nil {
		return n
	}
	bytes := 0
	if call.Embed != nil {
		for _, text := range call.Embed.Inputs {
			bytes += len(text)
		}
	}
	if call.Request != nil {
		for _, m := range call.Request.Messages {
			bytes += 4 * bytesPerToken // what stands between messages
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

// bytesPerToken is how long a token of text is, roughly.
const bytesPerToken = 4

// partBytes returns the length of a part's text; an image or a file is taken
// for a thousand tokens.
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
		return len(p.Content)
	case llm.Code:
		return len(p.Source) + len(p.Output)
	case llm.Unknown:
		return len(p.Raw)
	}
	return 1000 * bytesPerToken
}

// spent returns the usage of a call as far as it was said, and guesses the
// rest: input is what was counted before, output what has been seen of it. A
// call that was refused is taken to have cost nothing.
func (l *listener) spent(input int) llm.Usage {
	u := l.usage()
	if l.start == nil && l.err != nil {
		return u
	}
	if u.Input.Certainty == llm.CertaintyNone {
		u.Input = llm.Estimated(input)
	}
	if u.Output.Certainty == llm.CertaintyNone {
		u.Output = llm.Estimated((l.bytes + bytesPerToken - 1) / bytesPerToken)
	}
	return u
}
