package provider

import (
	"context"
	"net/http"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Server is a server whose endpoints are paths below one address. It is safe for
// concurrent use.
type Server struct {
	BaseURL string
	Headers *httpcall.Headers    // of every request
	Token   httpcall.TokenSource // nil for none
	Client  *httpcall.Client
	// Explain adds advice about this server to the error of a call.
	Explain func(error) error
}

// Do sends the request of a call, with its credential, and returns the reply. The caller
// closes it. A nil body makes the request a GET.
func (s *Server) Do(ctx context.Context, call *llm.Call, path string, body []byte) (*httpcall.Reply, error) {
	req, err := s.request(ctx, call, path, body)
	if err != nil {
		return nil, err
	}
	r, err := s.Client.Do(ctx, req)
	if err != nil {
		return nil, s.Explain(err)
	}
	return r, nil
}

// Value sends the request of a call whose reply is one JSON value, and decodes it into v.
// The caller closes the reply if there is no error. A nil body makes the request a GET.
func (s *Server) Value(ctx context.Context, call *llm.Call, path string, body []byte, v Failing) (*httpcall.Reply, error) {
	req, err := s.request(ctx, call, path, body)
	if err != nil {
		return nil, err
	}
	r, err := Value(ctx, s.Client, req, v)
	if err != nil {
		return nil, s.Explain(err)
	}
	return r, nil
}

func (s *Server) request(ctx context.Context, call *llm.Call, path string, body []byte) (*httpcall.Request, error) {
	req := &httpcall.Request{Call: call, Method: http.MethodPost, URL: s.BaseURL + path, Body: body}
	if body == nil {
		req.Method = http.MethodGet
	}
	return req, s.Client.Authorize(ctx, req, s.Headers, s.Token)
}
