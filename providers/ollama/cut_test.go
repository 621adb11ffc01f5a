package ollama_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

// pipe returns a provider whose every connection is a pipe within the process,
// with answer at its other end. Answer gets the connection once the request has
// been read; the connection is closed when it returns.
func pipe(t testing.TB, answer func(net.Conn)) *ollama.Provider {
	return provider(t, ollama.Config{HTTPClient: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				req, err := http.ReadRequest(bufio.NewReader(server))
				if err == nil {
					_, err = io.Copy(io.Discard, req.Body)
				}
				if err == nil {
					answer(server)
				}
			}()
			return client, nil
		},
	}}})
}

// An ending is how a reply stops after its last byte.
type ending string

const (
	dropped ending = "the connection dropped"
	closed  ending = "the body ended"
)

// sendCut writes a chunked reply of these bytes, and ends it well or not. Its
// writes fail where the client has gone, which is what it sees to find out.
func sendCut(conn net.Conn, mediaType string, body string, how ending) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n", mediaType)
	if body != "" {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(body), body)
	}
	if how == closed {
		b.WriteString("0\r\n\r\n")
	}
	conn.Write(b.Bytes())
}

// testCuts cuts the reply everywhere. It may be a success only if the line that
// says done:true came whole, and what came before a cut is a prefix of it all.
func testCuts(t *testing.T, e exchange, every int) {
	t.Helper()
	whole := readReply(e.reply)
	doneAt := len(e.reply) + 1 // never
	if whole.Done {
		doneAt = len(strings.TrimRight(e.reply, "\n"))
	}
	failedAt := len(e.reply) + 1
	if whole.Failed {
		failedAt = len(strings.TrimRight(e.reply, "\n"))
	}
	synctest.Test(t, func(t *testing.T) {
		var body string
		var how ending
		p := pipe(t, func(conn net.Conn) { sendCut(conn, e.mediaType, body, how) })
		model := llm.New(p, "m")
		req := with(func(r *llm.Request) { r.NonStreaming = unstreamed(&e) })
		for i, at := range providertest.Offsets(e.reply) {
			if i%every != 0 {
				continue
			}
			for _, how = range []ending{dropped, closed} {
				body = e.reply[:at]
				// A line without its newline is whole only if the body ends
				// there, and so is a body without its end.
				lacking := 0
				if how == dropped {
					lacking = 1
				}
				success := at >= doneAt+lacking && !(unstreamed(&e) && how == dropped)
				failed := at >= failedAt+lacking

				resp, err := model.Generate(t.Context(), req)
				if failure, ok := errors.AsType[*llm.Error](err); ok {
					resp = failure.Partial
				}
				want := llm.Incomplete
				switch {
				case success:
					want = ""
				case failed:
					want = llm.Server
				}
				if got := llm.KindOf(err); got != want {
					t.Fatalf("after %d of %d bytes %s: the error is %v, want kind %q", at, len(e.reply), how, err, want)
				}
				got := readingOf(resp, err)
				if !strings.HasPrefix(whole.Text, got.Text) || !strings.HasPrefix(whole.Thinking, got.Thinking) {
					t.Fatalf("after %d bytes %s: the text %q or thinking %q is not the beginning of the whole", at, how, got.Text, got.Thinking)
				}
				if success {
					equal(t, "the whole answer", got, whole)
				}
			}
		}
	})
}

// own is a reply with all that a stream can have.
var own = exchange{
	name: "own", mediaType: "application/x-ndjson", status: 200,
	reply: strings.Join([]string{
		line(`{"role":"assistant","content":"","thinking":"Let me"}`, `,"done":false`),
		line(`{"role":"assistant","content":"","thinking":" see: é🦙"}`, `,"done":false`),
		line(`{"role":"assistant","content":"","thinking":" \ud83e\udd99"}`, `,"done":false`),
		text("The answer"), text(" is \n"), text(`"42" 🦙`), text("."),
		line(`{"role":"assistant","content":"","tool_calls":[{"id":"c1","function":{"index":0,"name":"now","arguments":{"zone":"UTC"}}}]}`, `,"done":false`),
		done,
	}, "\n") + "\n",
}

func TestReplyCutAnywhereIsNoSuccess(t *testing.T) {
	t.Run("streamed", func(t *testing.T) { testCuts(t, own, 1) })
	t.Run("not streamed", func(t *testing.T) {
		testCuts(t, exchange{mediaType: "application/json; charset=utf-8", reply: strings.Replace(done, `"content":""`, `"content":"a 🦙","thinking":"b"`, 1)}, 1)
	})
	t.Run("crashed", func(t *testing.T) {
		testCuts(t, exchange{mediaType: "application/x-ndjson", reply: text("a") + "\n" + text("b") + "\n" + text("c") + "\n" + `{"error":"boom"}` + "\n"}, 1)
	})
}

func TestRecordedReplyCutAnywhereIsNoSuccess(t *testing.T) {
	for _, e := range recordings(t, "/api/chat") {
		if e.status != http.StatusOK {
			continue
		}
		every := 1
		if raceEnabled && len(e.reply) > providertest.EveryByte {
			every = 19 // a sample of what takes minutes
		}
		t.Run(e.name, func(t *testing.T) { testCuts(t, e, every) })
	}
}

// Over real sockets, a sample: a connection that is reset looks different there.
func TestReplyCutOverLoopbackIsNoSuccess(t *testing.T) {
	var at int
	p := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		if tcp, ok := conn.(*net.TCPConn); ok && at%2 == 1 {
			defer tcp.SetLinger(0) // a reset
		}
		sendCut(conn, own.mediaType, own.reply[:at], dropped)
	})
	for at = 0; at < len(own.reply); at += 97 {
		_, err := ask(t, p, llm.Prompt("hi"))
		if kind := llm.KindOf(err); kind != llm.Incomplete && kind != llm.Network {
			t.Errorf("after %d bytes: the error is %v, want kind %q", at, err, llm.Incomplete)
		}
	}
}
