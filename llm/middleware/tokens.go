package middleware

import (
	"context"

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
		return len(p.Content)
	case llm.Code:
		return len(p.Source) + len(p.Output)
	case llm.Unknown:
		return len(p.Raw)
	}
	return 1000 * bytesPerToken
}

// usageOrEstimate returns the usage that the server reported. It estimates missing numbers:
// the input as counted before the call, and the output from the text that arrived. The usage
// of a refused call is zero.
func (o *observer) usageOrEstimate(input int) llm.Usage {
	u := o.usage()
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
