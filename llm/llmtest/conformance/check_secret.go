package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// secretChecks check that the credential of the provider does not leak.
func secretChecks(s *Suite) []check {
	refusal := &llm.Error{Status: http.StatusUnauthorized, Message: "no such key: " + Key, RequestID: "req-" + Key}
	begun := s.Dialect.Stream(llmtest.Text("Hello").Fail(nil))
	hiddenFrom := func(name, lacks string, w llmtest.HTTPReply, call func(e *env) *llm.Call) check {
		return check{"secret/not in the error/" + name, firstOf(s.NoKey, lacks), func(t testing.TB, s *Suite) {
			e := s.setup(t, w)
			_, err := e.ask(call(e))
			e.wantHidden(err)
		}}
	}
	hidden := func(name string, w llmtest.HTTPReply) check {
		return hiddenFrom(name, "", w, func(e *env) *llm.Call {
			call := e.chat()
			call.Request.KeepRaw = true
			return call
		})
	}
	checks := []check{
		{"secret/sent in a header", s.NoKey, checkKeySent},
		{"secret/not in the provider's text", s.NoKey, checkProviderText},
		hidden("server echoes it in a refusal", s.Dialect.ErrorReply(refusal).WithHeader("Retry-After", Key)),
		hidden("server echoes it in a text", llmtest.HTTP(http.StatusBadRequest, "text/plain", "bad header: "+Key)),
		hidden("server echoes it in the stream", begun.Insert(len(begun.Body), s.Dialect.ErrorFrames(refusal)[0].Data)),
		hidden("proxy echoes it in a page", llmtest.HTTP(http.StatusOK, "text/html", "<title>"+Key+"</title>")),
		hidden("redirect to an address with it", llmtest.Redirect(http.StatusFound, "http://elsewhere.test/?key="+Key)),
		hidden("no reply", llmtest.HangUp()),
		hiddenFrom("server echoes it to an embedding", s.NoEmbeddings, s.Dialect.ErrorReply(refusal), func(e *env) *llm.Call { return e.embed("one") }),
		hiddenFrom("server echoes it to a listing of models", s.NoModelList, s.Dialect.ErrorReply(refusal), (*env).list),
		{"secret/not in the error/no connection", s.NoKey, checkDialError},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		checks = append(checks, check{fmt.Sprintf("secret/not sent to another host/%d", status), s.NoKey,
			func(t testing.TB, s *Suite) { checkRedirect(t, s, status) }})
	}
	return checks
}

func checkKeySent(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Stream(llmtest.Text("Hello")))
	e.ask(e.chat())
	requests := e.srv.Requests()
	if len(requests) != 1 {
		t.Fatalf("one call makes %d requests, want 1", len(requests))
	}
	if strings.Contains(requests[0].Path, Key) {
		t.Errorf("the credential is in the URL, which gets into logs and errors: %s", requests[0].Path)
	}
	if !strings.Contains(fmt.Sprint(requests[0].Header), Key) {
		t.Errorf("no header carries the credential conformance.Key: New should give it to the provider, or Suite.NoKey say why not")
	}
}

func checkProviderText(t testing.TB, s *Suite) {
	e := s.setup(t, s.Dialect.Stream(llmtest.Text("Hello")))
	e.ask(e.chat()) // a provider may store data of a call
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if strings.Contains(fmt.Sprintf(verb, e.provider), Key) {
			t.Errorf("fmt.Sprintf(%q, provider) shows the credential", verb)
		}
	}
}

// wantHidden checks that the call failed, and that its error does not contain the key.
func (e *env) wantHidden(err *llm.Error) {
	e.Helper()
	if err == nil {
		e.Fatal("the call reports success, want an error")
	}
	shows := func(what string, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			if strings.Contains(fmt.Sprintf(verb, v), Key) {
				e.Errorf("the credential shows in %s, with %s", what, verb)
				return
			}
		}
	}
	shows("the error's text", err)
	shows("the error's message", err.Message)
	shows("the error's code", err.Code)
	shows("the error's request id", err.RequestID)
	shows("the error's header", err.Header)
	if err.Partial != nil {
		shows("the body that the error keeps", string(err.Partial.Raw))
	}
	var inside error = err
	for inside = errors.Unwrap(inside); inside != nil; inside = errors.Unwrap(inside) {
		shows(fmt.Sprintf("the error inside (a %T)", inside), inside)
	}
}

func checkDialError(t testing.TB, s *Suite) {
	srv := llmtest.NewServer(t)
	srv.Client().Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	e := s.setupWith(t, srv)
	_, err := e.ask(e.chat())
	e.wantHidden(err)
	e.wantKind(err, llm.Network)
}

func checkRedirect(t testing.TB, s *Suite, status int) {
	const elsewhere = "elsewhere.test"
	e := s.setup(t)
	e.srv.Handle(func(r *llmtest.Request) llmtest.HTTPReply {
		if r.Host == elsewhere {
			return s.Dialect.Stream(llmtest.Text("Thank you"))
		}
		return llmtest.Redirect(status, "http://"+elsewhere+"/v1/chat")
	})
	e.ask(e.chat()) // the provider may or may not follow the redirect
	for _, r := range e.srv.Requests() {
		if r.Host == elsewhere && strings.Contains(fmt.Sprint(r.Path, r.Header, string(r.Body)), Key) {
			t.Errorf("a redirect from %s with status %d takes the credential to %s", e.srv.URL, status, elsewhere)
		}
	}
}
