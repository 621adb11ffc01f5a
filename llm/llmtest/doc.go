// Package llmtest is for testing: programs that use package llm, and providers
// that implement it.
//
// # Programs
//
// A scripted [Provider] answers with what a test wants to hear, and remembers
// what it was asked:
//
//	p := llmtest.New(llmtest.Text("It is ", "short."))
//	got, err := summarise(ctx, p.Model(), "a long text")
//	asked := p.Calls()[0].Request.Messages
//
// A [Reply] can be text, reasoning, tool calls, an error, an embedding, or all
// of a stream's troubles: a cut, a wait, a slow pace. Its times run on the fake
// clock of testing/synctest, so that a test of a minute's wait takes no time.
//
// # Programs, over HTTP
//
// A [Server] sends the bytes that real servers send, and all that goes wrong
// on the way. A [Dialect] makes them of a Reply, and a [HTTPReply] has the faults:
//
//	srv := llmtest.NewServer(t, llmtest.OpenAI().Stream(llmtest.Text("Hello")).CutReset(200))
//	p, err := openai.New(openai.Config{BaseURL: srv.URL, APIKey: "any", HTTPClient: srv.Client()})
//
// Its connections are in memory, and work under testing/synctest;
// [NewLoopbackServer] has real sockets.
//
// [Record] and [Replay] keep the exchanges with a real server in a file,
// without secrets, so that a test can have them again.
//
// # Providers
//
// [TestProvider] holds a provider to everything that package llm promises:
// three lines in the provider's own tests. See [Suite].
package llmtest
