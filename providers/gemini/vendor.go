package gemini

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// Part returns a message part from genai's type. Use it for features that no part of package
// llm covers, for example a time range of a video. Other providers omit the part, with a
// warning. Part fails if p cannot be encoded as JSON.
func Part(p *genai.Part) (llm.Part, error) {
	if p == nil {
		return nil, errors.New("gemini: the part is nil")
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("gemini: the part cannot be encoded as JSON: %w", err)
	}
	return llm.Opaque{ProviderData: &llm.ProviderData{Format: format, Data: data}}, nil
}

// Chunks returns a response as the server sent it, in genai's type: one chunk, or one for each
// event of a stream. Chunks contain details that events do not have, for example safety
// ratings, licenses of citations, and the search suggestions that Google requires to be shown
// with an answer that uses its search.
//
// The request must have KeepRaw set. Otherwise there are no chunks. If a chunk does not match
// genai's type, Chunks returns the chunks before it and an error.
func Chunks(resp *llm.Response) ([]*genai.GenerateContentResponse, error) {
	var chunks []*genai.GenerateContentResponse
	if resp == nil {
		return nil, nil
	}
	frames := stream.NewSSE(bytes.NewReader(resp.Raw), len(resp.Raw)+1)
	defer frames.Close()
	for {
		frame, err := frames.Next()
		if err == io.EOF {
			return chunks, nil
		}
		if err == nil {
			chunks, err = appendChunks(chunks, frame.Data)
		}
		if err != nil {
			return chunks, fmt.Errorf("gemini: the raw reply is not a list of chunks: %w", err)
		}
	}
}

// appendChunks appends the chunks of a frame: one, or a list.
func appendChunks(chunks []*genai.GenerateContentResponse, data []byte) ([]*genai.GenerateContentResponse, error) {
	if data = bytes.TrimSpace(data); len(data) == 0 || string(data) == "[DONE]" {
		return chunks, nil
	}
	if data[0] == '[' {
		var list []*genai.GenerateContentResponse
		err := json.Unmarshal(data, &list)
		return append(chunks, list...), err
	}
	chunk := new(genai.GenerateContentResponse)
	if err := json.Unmarshal(data, chunk); err != nil {
		return chunks, err
	}
	return append(chunks, chunk), nil
}
