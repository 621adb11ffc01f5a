// Package llm is one small API for every chat model. A [Model] takes a [Request] and returns
// a stream of text, or a complete [Response].
//
//	model, err := providers.Open("openai/gpt-6-luna")
//	…
//	for text, err := range model.Stream(ctx, llm.Prompt("Why is the sky blue?")).Text() {
//		if err != nil {
//			return err
//		}
//		fmt.Print(text)
//	}
//
// # Requests
//
// A [Request] is plain data: messages made of parts ([Text], [Image], [ToolCall] …), tools
// and settings. It names no model and no provider, so the same value can be sent to any of
// them. A conversation can move from one provider to another between two turns, and can be
// stored as JSON.
//
// Settings that only one provider has are in [Request.Options]. A setting that a provider
// does not support produces a [Warning]. If [Request.FailOnUnsupported] is set, it fails the
// call instead.
//
// # Answers
//
// [Model.Stream] returns a [Stream]: range over its Text, or over its Events for reasoning,
// tool calls and everything else. [Model.Generate] returns the complete [Response].
//
// [Usage] is the number of tokens that the server reported. A count that the server did not
// report is unknown. Unknown is not zero.
//
// # The end of a stream
//
// A call succeeds only if the server said that the answer had ended, by the rule of its
// protocol. Then the last event is [EventDone]. An answer that was cut fails with kind
// [Incomplete]. [Error.Partial] holds the part that had arrived.
//
// # The retry rule
//
// A failed call may be repeated until its caller has seen content, and not after that, with
// the two exceptions below. The first event with content is the commit point: see [EventType.Content]. A caller of
// [Model.Generate] sees nothing before the answer is complete, so that call may be repeated
// until [EventDone], or until a tool loop starts a tool ([EventToolStart]).
//
// The exceptions: after the commit point, middleware may start again after an [EventReset],
// or continue the answer after exactly the text that the caller has seen, if its settings
// allow that.
//
// Package llm repeats nothing. The middleware in [github.com/parley-llm/parley/llm/middleware]
// does, for example Retry and Fallback. Middleware of your own calls
// github.com/parley-llm/parley/llm/llmutil.ForwardAttempt, the one function that implements
// the rule.
//
// # Conversations and tools
//
// [Response.Messages] are the messages that an answer adds to the conversation. Append them
// to the history. Then append the next message and send the request again: the text of the
// user ([User]), or, if the answer has tool calls ([Response.ToolCalls]), their results
// ([ToolResults]). Keep the parts of an answer unchanged: some providers need data back that
// travels in their [ProviderData].
//
// # Errors
//
// Every failed call returns an [*Error] with a [Kind], unless the failure cannot be
// classified:
//
//	if errors.Is(err, llm.RateLimited) { … }
//
// A canceled call also matches [context.Canceled].
//
// # Providers and middleware
//
// A [Provider] has a name and one method, Do, that answers a [Call] with [Events]. Chats, embeddings,
// token counts and model lists are calls, so one [Middleware] handles all of them. The rules
// for both are at [Provider] and [Handler]. Helpers for their authors are in
// github.com/parley-llm/parley/llm/llmutil.
//
// Package llm imports only the standard library. Providers are in
// github.com/parley-llm/parley/providers and below. Test helpers are in
// [github.com/parley-llm/parley/llm/llmtest].
package llm
