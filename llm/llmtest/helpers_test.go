package llmtest

import (
	"fmt"
	"net/http"
)

// stream returns a streamed chat as OpenAI's servers send it, one chunk for each piece.
func stream(pieces ...string) HTTPReply {
	var body []byte
	for _, piece := range pieces {
		body = fmt.Appendf(body, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q}}]}\n\n", piece)
	}
	body = append(body, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"...)
	return HTTPReply{Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: body}
}
