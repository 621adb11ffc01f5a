// Package conformance checks that a provider follows the rules of package llm, and renders
// replies in the formats of real servers.
//
// # The suite
//
// [Test] runs the checks of a [Suite] against a provider. The provider talks to a server of
// package llmtest, in memory or on loopback. The checks cover
//
//   - answers: text, reasoning, refusals, tool calls, usage and finish reasons,
//   - the rule for a stream's end: a reply that is cut at any byte is not a success,
//   - errors: status codes, retry hints, and errors inside a stream,
//   - callers that cancel or stop reading: nothing is left open,
//   - limits: timeouts and sizes,
//   - the call: it is not modified, nothing is sent before the range,
//   - secrets: the credential is in no error and no event.
//
// Every error needs a message, also for replies without a reason: http.StatusText has none
// for 529. Package llm/llmutil has helpers for Retry-After and for the end of a connection.
//
// A provider without a server, for example an engine in the process, cannot use the suite. Its
// tests call it through a model: see examples/provider.
//
// # Dialects
//
// A [Dialect] renders an [llmtest.Reply] as the bytes that a server sends: [OpenAI],
// [Gemini], [Ollama], [OllamaGenerate], [LlamaCppCompletion] and [PaLM]. Programs can use
// it to test themselves over HTTP, with all the faults of an [llmtest.HTTPReply]:
//
//	srv := llmtest.NewServer(t, conformance.OpenAI().Stream(llmtest.Text("Hello")).CutReset(200))
//	p, err := openai.New(openai.Config{BaseURL: srv.URL, APIKey: "any", HTTPClient: srv.Client()})
package conformance
