package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
)

// Says returns a handler that sends the same reply to every request.
func Says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Content-Type"] = []string{contentType}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// RoundTrip is a function that implements [http.RoundTripper].
type RoundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f RoundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Handled returns a transport that answers requests with a handler, without a connection.
func Handled(handler http.HandlerFunc) http.RoundTripper {
	return RoundTrip(func(r *http.Request) (*http.Response, error) {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		w := httptest.NewRecorder()
		handler(w, r)
		if r.Body != nil {
			r.Body.Close()
		}
		resp := w.Result()
		resp.Request = r
		return resp, nil
	})
}

// Respond returns a reply without a connection.
func Respond(status int, contentType string, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {contentType}},
		Body:          io.NopCloser(body),
		ContentLength: -1,
	}
}
