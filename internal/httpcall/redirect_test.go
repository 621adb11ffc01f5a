package httpcall

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// witness is a server that records its requests.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newWitness(t testing.TB, handler http.HandlerFunc) *witness {
	t.Helper()
	w := &witness{}
	w.Server = loopback(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.seen = append(w.seen, r.Method+" "+r.URL.Path+" key="+r.Header.Get("Api-Key")+" auth="+r.Header.Get("Authorization")+" "+string(body))
		w.mu.Unlock()
		handler(rw, r)
	})
	return w
}

func (w *witness) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.seen...)
}

// secretPost is a request with both kinds of credential.
func secretPost(url string) *Request {
	req := post(url, `{"prompt":"a trade secret"}`)
	req.Header.Set("Api-Key", "sk-0123456789")
	req.Header.Set("Authorization", "Bearer sk-0123456789")
	req.Secrets = Secrets{"sk-0123456789"}
	return req
}

func TestRedirectToAnotherHostIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(strconv.Itoa(status)+" of a "+method, func(t *testing.T) {
				other := newWitness(t, says(200, "application/json", "{}"))
				first := newWitness(t, func(w http.ResponseWriter, r *http.Request) {
					// The same machine under another name: 127.0.0.1 is not localhost, and the port differs too.
					http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/v1/chat/completions", status)
				})
				for _, user := range []*http.Client{nil, first.Client()} {
					req := secretPost(first.URL + "/v1/chat/completions")
					req.Method = method
					e := refuse(t, client(t, user, llm.Limits{}), req)
					equal(t, "kind", e.Kind, llm.Protocol)
					equal(t, "status", e.Status, status)
					if !strings.Contains(e.Message, "localhost") || !strings.Contains(e.Message, "base URL") {
						t.Errorf("the message lacks the host of the redirect or the advice: %s", e.Message)
					}
				}
				equal(t, "requests that the other host saw", other.requests(), []string{})
				equal(t, "requests that the first host saw", len(first.requests()), 2)
			})
		}
	}
}

func TestRedirectToAnotherPortIsNotFollowed(t *testing.T) {
	other := newWitness(t, says(200, "application/json", "{}"))
	first := newWitness(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	e := refuse(t, client(t, nil, llm.Limits{}), secretPost(first.URL))
	equal(t, "kind", e.Kind, llm.Protocol)
	equal(t, "requests that the other port saw", other.requests(), []string{})
}

func TestRedirectWithinHostIsFollowed(t *testing.T) {
	for _, status := range []int{307, 308} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server := newWitness(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/old" {
					http.Redirect(w, r, "/new", status)
					return
				}
				says(200, "application/json", `{"moved":true}`)(w, r)
			})
			r, err := client(t, nil, llm.Limits{}).Do(t.Context(), secretPost(server.URL+"/old"))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			body, err := readAll(r)
			equal(t, "error", err, error(nil))
			equal(t, "body", body, `{"moved":true}`)
			const credentials = " key=sk-0123456789 auth=Bearer sk-0123456789 "
			equal(t, "requests", server.requests(), []string{
				"POST /old" + credentials + `{"prompt":"a trade secret"}`,
				"POST /new" + credentials + `{"prompt":"a trade secret"}`,
			})
		})
	}
}

func TestRedirectFromPOSTToGETIsNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			server := newWitness(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/new", status) })
			e := refuse(t, client(t, nil, llm.Limits{}), post(server.URL+"/old", "{}"))
			equal(t, "kind", e.Kind, llm.Protocol)
			equal(t, "status", e.Status, status)
			equal(t, "number of requests", len(server.requests()), 1)
		})
	}
}

func TestCircularRedirect(t *testing.T) {
	server := newWitness(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	e := refuse(t, client(t, nil, llm.Limits{}), post(server.URL+"/round", "{}"))
	equal(t, "kind", e.Kind, llm.Protocol)
	equal(t, "number of requests", len(server.requests()), 1+maxRedirects)
	if !strings.Contains(e.Message, "more than 3 times") {
		t.Errorf("the message does not report the loop: %s", e.Message)
	}
}

func TestRedirectWithoutLocation(t *testing.T) {
	c := client(t, inMemory(t, says(307, "text/plain", "")), llm.Limits{})
	e := refuse(t, c, post(anyURL, "{}"))
	equal(t, "status and kind", []any{e.Status, e.Kind}, []any{307, llm.Protocol})
}

// redirects is a transport that selects one of two handlers by the scheme of the request.
type redirects map[string]http.HandlerFunc

func (m redirects) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if r.URL.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	m[r.URL.Scheme](rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func TestRedirectFromHTTPToHTTPS(t *testing.T) {
	var secure string
	transport := redirects{
		"http": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.URL.Host+r.URL.Path, http.StatusPermanentRedirect)
		},
		"https": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			secure = r.Method + " " + r.URL.String() + " " + string(body)
		},
	}
	r, err := client(t, &http.Client{Transport: transport}, llm.Limits{}).Do(t.Context(), post("http://server.test/v1", `{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	equal(t, "request by https", secure, `POST https://server.test/v1 {"a":1}`)
}

func TestRedirectFromHTTPSToHTTP(t *testing.T) {
	transport := redirects{
		"https": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.URL.Host+r.URL.Path, http.StatusPermanentRedirect)
		},
		"http": func(http.ResponseWriter, *http.Request) { t.Error("the request was sent again, in the clear") },
	}
	e := refuse(t, client(t, &http.Client{Transport: transport}, llm.Limits{}), secretPost("https://server.test/v1"))
	equal(t, "kind", e.Kind, llm.Protocol)
}

func TestRedirectsOfUserClient(t *testing.T) {
	asked := false
	user := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://other.test/", http.StatusTemporaryRedirect)
	})
	user.CheckRedirect = func(*http.Request, []*http.Request) error { asked = true; return nil }
	e := refuse(t, client(t, user, llm.Limits{}), post(anyURL, "{}"))
	equal(t, "kind", e.Kind, llm.Protocol)
	if asked {
		t.Error("the user's rule was asked about a redirect: it would follow to another host")
	}
	if user.CheckRedirect(nil, nil); !asked {
		t.Error("the user's own client lost its rule")
	}
}
