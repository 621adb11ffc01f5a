// Package llm is one small API for every chat model: a [Model] is asked with a
// [Request] and answers with a stream of text, or with a whole [Response].
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
// # Asking
//
// A [Request] is plain data: [Message] values made of parts ([Text], [Image],
// [ToolCall] …), tools, and settings. It names no model and no provider, so
// the same value can go to any of them, and a conversation can move from one
// to another, or to disk and back as JSON, between two turns. What only one
// provider has is in [Request.Options]. What a provider cannot honour comes back
// as a [Warning], or as an error if the request is [Request.FailOnUnsupported].
//
// # Answers
//
// [Model.Stream] returns a [Stream]: range over its Text, or over its Events
// for reasoning, tool calls and the rest. [Model.Generate] returns the
// [Response] whole. Both end in success only when the server said that the
// answer had ended; an answer that was cut is an error of kind [Incomplete],
// and [Error.Partial] holds what had arrived. [Usage] is what the server
// reported; what it did not report is unknown, which is not zero.
//
// # Conversations and tools
//
// [Response.Messages] is what an answer adds to the conversation. Append it to
// the history, then what comes next: the person's words ([User]), or, where the
// model has called tools ([Response.ToolCalls]), their results ([ToolResults]);
// and ask again. Keep the messages as they are: some models want back what
// they thought, which travels in their parts as [ProviderData].
//
// # Errors
//
// Every failure is an [*Error] with a [Kind]: errors.Is(err, llm.RateLimited).
// Cancelled calls also match [context.Canceled]. Nothing is tried again unasked:
// [github.com/parley-llm/parley/llm/middleware] has retries, and all else that
// goes around calls.
//
// # Between the program and the provider
//
// A [Provider] is one method, Do, that answers a [Call] with [Events]. Chats,
// embeddings, token counts and model lists are all calls, so a [Middleware]
// — one function around another — serves them all. github.com/parley-llm/parley/llm/llmutil.ForwardAttempt holds the
// rule that lets middleware begin a call anew until the caller has seen
// content, and never after.
//
// The package imports the standard library alone. Providers are in
// github.com/parley-llm/parley/providers and below, and test doubles in
// [github.com/parley-llm/parley/llm/llmtest].
package llm
