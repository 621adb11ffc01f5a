// Package llmtest helps to test programs that use package llm.
//
// # Scripted models
//
// A [Provider] answers from a script and records its calls:
//
//	p := llmtest.New(llmtest.Text("It is ", "short."))
//	got, err := summarize(ctx, p.Model(), "a long text")
//	asked := p.Calls()[0].Request.Messages
//
// A [Reply] is text, reasoning, tool calls, an embedding, a token count, a list of models,
// or an error. It can be cut, delayed or slow. Delays use the fake clock of testing/synctest,
// so a test that waits for a minute takes no time.
//
// # Servers
//
// A [Server] is an HTTP server that answers from a script, with faults: cuts, resets, stalls,
// slow headers, replies that are not HTTP. A [HTTPReply] is one scripted reply. Package
// llm/llmtest/conformance renders a Reply in the format of a real server:
//
//	srv := llmtest.NewServer(t, conformance.OpenAI().Stream(llmtest.Text("Hello")).CutReset(200))
//	p, err := openai.New(openai.Config{BaseURL: srv.URL, APIKey: "any", HTTPClient: srv.Client()})
//
// The connections of [NewServer] are in memory and work under testing/synctest.
// [NewLoopbackServer] uses sockets.
//
// # Recording
//
// [Record] writes the exchanges with a real server to a file, without secrets. [Replay]
// answers from that file. [RecordOrReplay] selects one by an environment variable.
//
// # Authors of providers
//
// Package llm/llmtest/conformance checks that a provider follows the rules of package llm.
package llmtest
