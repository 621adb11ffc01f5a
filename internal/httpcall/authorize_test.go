package httpcall

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

func TestHeadersWithCredential(t *testing.T) {
	user := http.Header{"x-team": {"blue"}, "Content-Type": {"text/plain"}, "X-Api-Key": {"key-of-the-user"}}
	h := NewHeaders(http.Header{"Content-Type": {"application/json"}}, user, "Authorization", "Bearer ")
	c := NewClient("test", nil, llm.Limits{})
	defer c.Close()
	for _, token := range []string{"first-token", "first-token", "second-token", "first-token"} {
		req := &Request{Call: &llm.Call{}}
		if err := c.Authorize(t.Context(), req, h, func(context.Context) (string, error) { return token, nil }); err != nil {
			t.Fatal(err)
		}
		want := http.Header{
			"Content-Type": {"application/json"}, "X-Team": {"blue"}, "X-Api-Key": {"key-of-the-user"},
			"Authorization": {"Bearer " + token},
		}
		if diff := cmp.Diff(want, req.Header); diff != "" {
			t.Errorf("headers with %s (-want +got):\n%s", token, diff)
		}
		if got := req.Secrets.Scrub("key-of-the-user, " + token); got != "[secret], [secret]" {
			t.Errorf("the secrets of %s let %q through", token, got)
		}
	}
	var req Request
	if err := c.Authorize(t.Context(), &req, h, nil); err != nil {
		t.Fatal(err)
	}
	if got := req.Header.Get("Authorization"); got != "" {
		t.Errorf("without a source, Authorization is %q", got)
	}
}

// A user's client can modify a request: a cookie jar adds headers, and some transports write
// to the URL. The next request must not contain the change.
func TestUserClientCannotModifySharedHeaders(t *testing.T) {
	var got []http.Header
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, paths = append(got, r.Header), append(paths, r.URL.Path)
	}))
	defer server.Close()
	user := &http.Client{Transport: changesRequests{http.DefaultTransport}}
	c := NewClient("test", user, llm.Limits{})
	header := http.Header{"X-Team": {"blue"}}
	for range 2 {
		r, err := c.Do(t.Context(), &Request{Method: http.MethodGet, URL: server.URL, Header: header})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	if diff := cmp.Diff(http.Header{"X-Team": {"blue"}}, header); diff != "" {
		t.Errorf("the headers changed (-before +after):\n%s", diff)
	}
	for i, h := range got {
		if n := len(h["X-Trace"]); n != 1 {
			t.Errorf("request %d has %d of the transport's headers, want 1", i, n)
		}
	}
	if diff := cmp.Diff([]string{"/team", "/team"}, paths); diff != "" {
		t.Errorf("the transport's change of the path is missing (-want +got):\n%s", diff)
	}
}

// changesRequests is a transport that modifies requests. net/http forbids it, but many transports do it.
type changesRequests struct{ next http.RoundTripper }

func (w changesRequests) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Add("X-Trace", "1")
	req.URL.Path += "/team"
	return w.next.RoundTrip(req)
}
