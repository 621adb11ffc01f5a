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

// Value sends a request whose reply is one JSON value, and decodes it into v. The caller must
// close the reply if there is no error. All errors are *llm.Error.
func (c *Client) Value(ctx context.Context, req *Request, v any) (*Reply, error) {
	r, err := c.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	data, err := r.ReadAll(WholeReply(c.limits))
	if err == nil && len(data) < maxErrorReply {
		if failure := r.FindError(data, llm.Server); failure != nil {
			err = failure
		}
	}
	if err == nil {
		err = r.Decode(data, v)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// maxErrorReply is the size in bytes from which a reply of status 200 is not searched for an
// error. Errors are small, and long lists of vectors are not parsed twice.
const maxErrorReply = 4 << 10

// WholeReply returns the maximum size of a reply that is not streamed, in bytes: eight times
// the limit for one frame, and at most the limit for a reply.
func WholeReply(limits llm.Limits) int {
	const frames = 8
	whole := min(limits.FrameBytes, math.MaxInt/frames) * frames
	if limits.ReplyBytes > 0 {
		whole = min(whole, limits.ReplyBytes)
	}
	return whole
}

// isTruncated reports whether the data is a truncated JSON value.
func isTruncated(data []byte) bool {
	err := json.NewDecoder(bytes.NewReader(data)).Decode(new(json.RawMessage))
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Decode decodes the whole body into v with encoding/json. Its errors are those of
// [Reply.DecodeError].
func (r *Reply) Decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v); err != nil {
		return r.DecodeError(data, err)
	}
	return nil
}

// DecodeError returns the error for a body that cannot be decoded because of err. If the body
// is truncated JSON, its kind is [llm.Incomplete], otherwise [llm.Protocol]. The error quotes
// a body that is not JSON.
func (r *Reply) DecodeError(data []byte, err error) error {
	data = bytes.TrimLeft(data, " \t\r\n") // some servers send white space to keep the connection alive
	isJSON := len(data) == 0 || data[0] == '{' || data[0] == '['
	if isJSON && isTruncated(data) {
		return r.ReplyError(llm.Incomplete, "the JSON of the reply is truncated")
	}
	quote := ""
	if !isJSON {
		quote = r.Quote(data)
	}
	return r.ReplyError(llm.Protocol, "cannot decode the reply of type "+r.MediaTypeName()+": "+err.Error()+quote)
}
