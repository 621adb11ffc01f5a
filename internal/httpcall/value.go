package httpcall

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"

	"github.com/parley-llm/parley/llm"
)

// Value sends a request whose reply is one JSON value, and decodes it into v.
// The caller closes the reply, unless there is an error.
func (c *Client) Value(ctx context.Context, req *Request, v any) (*Reply, error) {
	r, err := c.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	data, err := r.ReadAll(WholeReply(c.limits))
	if err == nil {
		err = r.Decode(data, v)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// WholeReply returns how large a reply may be that is not streamed, in bytes.
func WholeReply(limits llm.Limits) int {
	const frames = 8
	return min(limits.FrameBytes, math.MaxInt/frames) * frames
}

// isCut reports whether the data is the beginning of a JSON value, and no more.
func isCut(data []byte) bool {
	err := json.NewDecoder(bytes.NewReader(data)).Decode(new(json.RawMessage))
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Decode decodes the whole body with encoding/json. Its errors are those of DecodeError.
func (r *Reply) Decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return r.DecodeError(data, err)
	}
	return nil
}

// DecodeError returns the error for a body that cannot be decoded because of err. If the
// body is JSON that stops before its end, the kind is [llm.Incomplete], otherwise
// [llm.Protocol]. The error quotes a body that is not JSON.
func (r *Reply) DecodeError(data []byte, err error) error {
	data = bytes.TrimLeft(data, " \t\r\n") // some servers send blanks as keep-alives
	isJSON := len(data) == 0 || data[0] == '{' || data[0] == '['
	if isJSON && isCut(data) {
		return r.Fail(llm.Incomplete, "the reply stops in the middle of its JSON")
	}
	said := ""
	if !isJSON {
		said = r.Quote(data)
	}
	return r.Fail(llm.Protocol, "the reply, of type "+r.MediaTypeName()+", is not what was asked for: "+err.Error()+said)
}
