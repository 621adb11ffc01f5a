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

// Part converts a part of the vendor's type to a part of a message. Use it for features that
// the parts of package llm do not have, for example a range of a video. The part is sent in
// genai's JSON encoding. Other providers do not send it, and return a warning.
//
// Part returns an error if p is nil or cannot be encoded as JSON.
func Part(p *genai.Part) (llm.Part, error) {
	if p == nil {
		return nil, errors.New("gemini: the part is nil")
	}
	data, err := json.Marshal(p)
	if err == nil {
		data, err = json.Marshal(unknownPart{Type: unknownType, Part: data})
	}
	if err != nil {
		return nil, fmt.Errorf("gemini: cannot encode the part as JSON: %w", err)
	}
	return llm.Unknown{Type: unknownType, Raw: data}, nil
}

// Chunks returns the server's reply in the vendor's type: the chunks of a stream, or one chunk
// if the reply was not streamed. They contain data that events do not, for example safety
// ratings, the license of a citation, and the search suggestions that Google requires programs
// to show with search results.
//
// The request must set KeepRaw. Without it, Chunks returns nil. If a chunk cannot be decoded,
// Chunks returns the chunks before it and an error.
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
			return chunks, fmt.Errorf("gemini: cannot decode Response.Raw: %w", err)
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
