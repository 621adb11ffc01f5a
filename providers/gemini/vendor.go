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

// Part returns a part of the vendor's type for a message, for what no part of
// package llm can say: which piece of a video to watch, say. It is sent as genai
// writes it, and to no other provider than this one. An error is that the part
// cannot be written as JSON.
func Part(p *genai.Part) (llm.Part, error) {
	if p == nil {
		return nil, errors.New("gemini: there is no part")
	}
	data, err := json.Marshal(p)
	if err == nil {
		data, err = json.Marshal(unknownPart{Type: unknownType, Part: data})
	}
	if err != nil {
		return nil, fmt.Errorf("gemini: the part cannot be written as JSON: %w", err)
	}
	return llm.Unknown{Type: unknownType, Raw: data}, nil
}

// Chunks returns a response as the server sent it, in the vendor's type: one chunk,
// or one for each piece of a stream. They have what events have no place for, such
// as safety ratings, the licence of a citation, and the search suggestions that
// Google wants shown beside an answer that rests on its search. The request must have
// been made with KeepRaw set; without, there are none. An error is that a chunk does
// not fit the vendor's type; those before it are returned.
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
			return chunks, fmt.Errorf("gemini: the reply kept is not made of chunks: %w", err)
		}
	}
}

// appendChunks adds those that a frame has: one, or a list of them.
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
