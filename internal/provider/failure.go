package provider

import (
	"context"
	"encoding/json"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// Failure is the member that any reply of a server can have in place of what was
// asked for, also with status 200. Replies embed it.
type Failure struct {
	Error json.RawMessage `json:"error"`
}

// Failed returns what the server says went wrong, or nil.
func (f *Failure) Failed() json.RawMessage {
	if httpcall.IsSet(f.Error) {
		return f.Error
	}
	return nil
}

// Failing is a reply that may hold a failure.
type Failing interface{ Failed() json.RawMessage }

// ReadValue reads the whole body, one JSON value of at most limit bytes, into v,
// and takes a failure in it for the error that it is.
func (a *Answer) ReadValue(limit int, v Failing) error {
	data, err := a.ReadAll(limit)
	if err != nil {
		return err
	}
	if err := a.Reply.Decode(data, v); err != nil {
		return err
	}
	if said := v.Failed(); said != nil {
		return a.Reply.Complaint(said, llm.Server)
	}
	return nil
}

// Value makes a request whose reply is one JSON value, read into v, and takes a
// failure in it for the error that it is. The caller closes the reply, unless
// there is an error.
func Value(ctx context.Context, client *httpcall.Client, req *httpcall.Request, v Failing) (*httpcall.Reply, error) {
	r, err := client.Value(ctx, req, v)
	if err != nil {
		return nil, err
	}
	if said := v.Failed(); said != nil {
		defer r.Close()
		return nil, r.Complaint(said, llm.Server)
	}
	return r, nil
}
