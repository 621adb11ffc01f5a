package send

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/parley-llm/parley/llm"
)

// Value sends a request whose reply is one JSON value, and decodes it into v.
// The caller closes the reply, unless there is an error.
func (c *Client) Value(ctx context.Context, req *Request, v any) (*Reply, error) {
	r, err := c.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	data, err := r.ReadAll(WholeReply * c.limits.FrameBytes)
	if err == nil {
		err = r.Decode(data, v)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// WholeReply is how many times as large as a frame a whole reply may be.
const WholeReply = 8

// Decode decodes the whole body. JSON that stops before its end is an
// [llm.Incomplete] error, whatever else is wrong an [llm.Protocol] one.
func (r *Reply) Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	isJSON := len(data) == 0 || data[0] == '{' || data[0] == '['
	if isJSON && isSyntax && syntax.Offset >= int64(len(data)) {
		return r.Fail(llm.Incomplete, "the reply stops in the middle of its JSON")
	}
	return r.Fail(llm.Protocol, "the reply, of type "+r.MediaTypeName()+", is not what was asked for: "+err.Error())
}
