package httpcall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/parley-llm/parley/internal/providertest"
	"github.com/parley-llm/parley/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Helpers shared with the tests of providers.
var (
	equal    = providertest.Equal
	says     = providertest.Says
	inMemory = providertest.InMemory
)

// loopback starts a server on a real socket.
func loopback(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// client returns a client of the provider "test" that closes with the test.
func client(t testing.TB, user *http.Client, limits llm.Limits) *Client {
	t.Helper()
	c := NewClient("test", user, limits)
	t.Cleanup(func() { c.Close() })
	return c
}

// post returns a request like that of a chat.
func post(url, body string) *Request {
	return &Request{
		Call:   &llm.Call{Op: llm.OpChat, Provider: "test", Model: "m"},
		Method: http.MethodPost, URL: url, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
}

const anyURL = "http://server.test/v1/chat/completions"

// refuse sends a request that must fail, and returns the error.
func refuse(t testing.TB, c *Client, req *Request) *llm.Error {
	t.Helper()
	return refuseIn(t.Context(), t, c, req)
}

func refuseIn(ctx context.Context, t testing.TB, c *Client, req *Request) *llm.Error {
	t.Helper()
	r, err := c.Do(ctx, req)
	if err == nil {
		r.Close()
		t.Fatalf("the request succeeded with status %d, want an error", r.Status())
	}
	return asLLM(t, err)
}

func asLLM(t testing.TB, err error) *llm.Error {
	t.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatalf("the error is a %T, want an *llm.Error: %v", err, err)
	}
	return e
}

// readAll reads the body to its end, like a provider.
func readAll(r *Reply) (string, error) {
	var b strings.Builder
	if _, err := io.Copy(&b, r.Body()); err != nil {
		return b.String(), r.ReadError(err)
	}
	return b.String(), nil
}
