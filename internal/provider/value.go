package provider

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// ErrorMember is the member "error", which any reply can have instead of a result, also with
// status 200. Wire structs embed it.
type ErrorMember struct {
	Error json.RawMessage `json:"error"`
}

// Failed returns the server's error, or nil if there is none. A blank error is none.
func (f *ErrorMember) Failed() json.RawMessage {
	if httpcall.IsBlank(f.Error) {
		return nil
	}
	return f.Error
}

// Failing is a reply that may be an error.
type Failing interface{ Failed() json.RawMessage }

// ReadValue reads the whole body, one JSON object of at most limit bytes, into v. If the
// object is an error, ReadValue returns it.
func ReadValue[T any, P interface {
	*T
	Failing
}](a *Answer, d *stream.Decoder[T], limit int, v P) error {
	data, err := a.ReadAll(limit)
	if err != nil {
		return err
	}
	if err := d.Decode(data, v, &a.Text); err != nil {
		return a.Reply.DecodeError(data, err)
	}
	if said := v.Failed(); said != nil {
		return a.Reply.APIError(said, llm.Server)
	}
	return nil
}

// Value sends a request whose reply is one JSON value, and decodes it into v. If the value
// is an error, Value returns it. The caller closes the reply if there is no error.
func Value(ctx context.Context, client *httpcall.Client, req *httpcall.Request, v Failing) (*httpcall.Reply, error) {
	r, err := client.Value(ctx, req, v)
	if err != nil {
		return nil, err
	}
	if said := v.Failed(); said != nil {
		defer r.Close()
		return nil, r.APIError(said, llm.Server)
	}
	return r, nil
}

// Arguments are the arguments of a tool call, as JSON in a string. Some servers, for example
// text-generation-inference, send the object itself.
type Arguments string

// UnmarshalJSON takes a string or an object.
func (a *Arguments) UnmarshalJSON(data []byte) error {
	if data[0] == '{' {
		*a = Arguments(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(a))
}
