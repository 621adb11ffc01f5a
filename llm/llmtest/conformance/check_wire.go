package conformance

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// wireChecks check the different ways in which servers send the same frames.
func wireChecks(s *Suite) []check {
	reply := llmtest.Text("Hello", ", ", "🦙🦙", ".").Usage(12, 34)
	plain := s.Dialect.Stream(reply)
	notSSE := ""
	if !strings.HasPrefix(plain.Header.Get("Content-Type"), "text/event-stream") {
		notSSE = "the dialect " + s.Dialect.Name + " does not stream server-sent events"
	}
	var checks []check
	add := func(name, lacks string, w llmtest.HTTPReply) {
		checks = append(checks, check{"wire/" + name, lacks, func(t testing.TB, s *Suite) {
			e := s.setup(t, w)
			e.mustAnswer(e.chat(), reply)
		}})
	}
	add("byte by byte", "", plain.Pieces(1))
	add("all at once", "", plain.Pieces(len(plain.Body)))
	add("with its length", "", plain.WithLength())
	add("lines end in CRLF", "", plain.LineEnds("\r\n"))
	add("blank lines between", "", plain.BeforeEach("\n"))
	add("last line without its end", "", plain.CutClean(len(strings.TrimRight(string(plain.Body), "\n"))))
	joined, noPlace := endWithText(s.Dialect, plain)
	add("the last text comes with the end", noPlace, joined)
	add("content type with parameters", "", plain.WithHeader("Content-Type", s.Dialect.StreamType+"; charset=utf-8"))
	add("event stream/lines end in CR", notSSE, plain.LineEnds("\r"))
	add("event stream/byte order mark", notSSE, plain.ByteOrderMark())
	add("event stream/comments", notSSE, plain.BeforeEach(": ping\n\n"))
	add("event stream/very many comments", notSSE, plain.Insert(0, strings.Repeat(": ping\n\n", 2000)))
	add("event stream/ids and retry times", notSSE, plain.BeforeEach("id: 7\nretry: 1000\n"))
	add("event stream/no blank after the colon", notSSE, replaceIn(plain, "data: ", "data:"))
	add("event stream/data on several lines", notSSE, replaceIn(plain, "data: {", "data: {\ndata: "))
	return append(checks, check{"wire/slow header", "", func(t testing.TB, s *Suite) {
		e := s.setup(t, plain.SlowHeader(20*time.Millisecond))
		e.mustAnswer(e.chat(), reply)
	}})
}

// noText has the forms of a frame without text, and the same frame with the text ".".
var noText = [...][2]string{
	{`"delta":{}`, `"delta":{"content":"."}`}, {`"text":""`, `"text":"."`}, {`"content":""`, `"content":"."`}, {`"response":""`, `"response":"."`},
}

// endWithText returns the reply with its last piece of text, ".", moved to the frame that ends
// the answer. Many servers send such a frame. It returns the reason if that is not possible.
func endWithText(d Dialect, w llmtest.HTTPReply) (joined llmtest.HTTPReply, lacks string) {
	frames := w.Frames()
	ends, at := 0, 0
	for ; ends < len(frames); ends++ {
		if at += len(frames[ends]); at >= d.Complete(w.Body) {
			break
		}
	}
	for _, form := range noText {
		if ends == 0 || ends == len(frames) || !bytes.Contains(frames[ends], []byte(form[0])) || !bytes.Contains(frames[ends-1], []byte(`"."`)) {
			continue
		}
		frames[ends] = bytes.Replace(frames[ends], []byte(form[0]), []byte(form[1]), 1)
		w.Body = bytes.Join(slices.Delete(frames, ends-1, ends), nil)
		return w, ""
	}
	return w, "the frame that ends an answer has no place for text in the dialect " + d.Name
}

func replaceIn(w llmtest.HTTPReply, from, to string) llmtest.HTTPReply {
	w.Body = []byte(strings.ReplaceAll(string(w.Body), from, to))
	return w
}

// operationChecks check calls that are not chats.
func operationChecks(s *Suite) []check {
	checks := []check{
		{"embedding", s.NoEmbeddings, checkEmbedding},
		{"embedding/fewer vectors than inputs", s.NoEmbeddings, func(t testing.TB, s *Suite) {
			e := s.setup(t, s.Dialect.Whole(llmtest.Embedding([]float32{1}).Usage(3, 0)))
			e.mustFail(e.embed("one", "two"), llm.Protocol, llm.Incomplete)
		}},
		{"listing models", s.NoModelList, checkModelList},
		{"operation that does not exist", "", func(t testing.TB, s *Suite) {
			e := s.setup(t)
			e.mustFail(&llm.Call{Op: "fly", Provider: e.provider.Name(), Model: s.model()}, llm.Unsupported)
		}},
	}
	checks = append(checks, refusedOperation("embedding", s.NoEmbeddings, func(e *env) *llm.Call { return e.embed("one") })...)
	return append(checks, refusedOperation("listing models", s.NoModelList, (*env).list)...)
}

// refusedOperation checks error replies to a call that is not a chat.
func refusedOperation(name, lacks string, call func(e *env) *llm.Call) []check {
	const reason = "the reason is in the small print"
	return []check{
		{name + "/refused", lacks, func(t testing.TB, s *Suite) {
			e := s.setup(t, s.Dialect.ErrorReply(&llm.Error{Status: http.StatusTooManyRequests, Message: reason}).WithHeader("Retry-After", "20"))
			_, err := e.mustFail(call(e), llm.RateLimited)
			e.wantStatus(err, http.StatusTooManyRequests)
			if err.RetryAfter != 20*time.Second || !strings.Contains(err.Message, reason) {
				t.Errorf("the error's RetryAfter is %v and its message %q, want 20s and %q", err.RetryAfter, err.Message, reason)
			}
		}},
		{name + "/web page with status 200", lacks, func(t testing.TB, s *Suite) {
			e := s.setup(t, llmtest.WebPage())
			e.mustFail(call(e), llm.Protocol)
		}},
	}
}

func (e *env) embed(inputs ...string) *llm.Call {
	return &llm.Call{
		Op: llm.OpEmbed, Provider: e.provider.Name(), Model: e.suite.model(), Embed: &llm.EmbedRequest{Inputs: inputs},
	}
}

func (e *env) list() *llm.Call {
	return &llm.Call{Op: llm.OpListModels, Provider: e.provider.Name()}
}

func checkEmbedding(t testing.TB, s *Suite) {
	want := [][]float32{{1, -0.5, 0.25}, {0, 1e-7, 3}}
	e := s.setup(t, s.Dialect.Whole(llmtest.Embedding(want...).Usage(3, 0)))
	resp, err := e.ask(e.embed("one", "two"))
	if err != nil {
		t.Fatalf("the server answered well, and the provider fails: %v", err)
	}
	if resp.Embed == nil || len(resp.Embed.Vectors) != len(want) {
		t.Fatalf("the answer holds no %d vectors: %+v", len(want), resp.Embed)
	}
	if got := resp.Embed.Usage; got != resp.Usage && !got.IsZero() {
		t.Errorf("EmbedResponse.Usage is %v, and the usage of the done event is %v; want equal values, or only that of the done event", got, resp.Usage)
	}
	for i := range want {
		for j := range want[i] {
			if got := resp.Embed.Vectors[i]; len(got) != len(want[i]) || got[j] != want[i][j] {
				t.Fatalf("vector %d is %v, want %v", i, got, want[i])
			}
		}
	}
}

func checkModelList(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Whole(llmtest.Models(llm.ModelInfo{Name: "tiny"}, llm.ModelInfo{Name: "large:1b"})))
	resp, err := e.ask(e.list())
	if err != nil {
		t.Fatalf("the server answered well, and the provider fails: %v", err)
	}
	var names []string
	for _, m := range resp.Models {
		names = append(names, m.Name)
	}
	if got, want := strings.Join(names, ", "), "tiny, large:1b"; got != want {
		t.Errorf("the models are %s, want %s", got, want)
	}
}
