package openai

import (
	"encoding/base64"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// outputImage is an image in an answer, or in an assistant message of a request.
// https://openrouter.ai/docs/features/multimodal/image-generation
type outputImage struct {
	Type     string   `json:"type"` // "image_url"
	ImageURL imageURL `json:"image_url"`
}

type imageURL struct {
	URL string `json:"url"`
}

// image returns the image. If the URL is a data URL, it is decoded.
func (i *outputImage) image() llm.Image {
	head, encoded, ok := strings.Cut(i.ImageURL.URL, ";base64,")
	mediaType, isData := strings.CutPrefix(head, "data:")
	data, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || !isData || err != nil || len(data) == 0 {
		return llm.Image{URL: i.ImageURL.URL}
	}
	return llm.Image{MediaType: mediaType, Data: data}
}

// audio is a piece of a spoken answer, or a complete one.
// https://platform.openai.com/docs/guides/audio
type audio struct {
	ID         string `json:"id"`
	Data       string `json:"data"` // base64
	Transcript string `json:"transcript"`
}

// sound joins the pieces of a spoken answer. The zero value is empty.
type sound struct {
	id               string
	data, transcript strings.Builder
}

func (s *sound) add(piece *audio) {
	if piece.ID != "" {
		s.id = piece.ID
	}
	s.data.WriteString(piece.Data)
	s.transcript.WriteString(piece.Transcript)
}

func (s *sound) isEmpty() bool { return s.data.Len() == 0 && s.transcript.Len() == 0 }

// audio returns the spoken answer. Later turns refer to it by its id, in ProviderData.
func (s *sound) audio(provider string) (llm.Audio, error) {
	data, err := decodeJoined(s.data.String())
	spoken := llm.Audio{Data: data, Transcript: s.transcript.String()}
	if s.id != "" {
		spoken.ProviderData = &llm.ProviderData{Provider: provider, Format: format, Data: []byte(s.id)}
	}
	return spoken, err
}

// decodeJoined decodes concatenated pieces of base64. Each piece may have been encoded
// separately, with padding, or cut out of one text at any position.
func decodeJoined(text string) ([]byte, error) {
	var all []byte
	for text != "" {
		end := len(text)
		if i := strings.IndexByte(text, '='); i >= 0 {
			end = min(end, i|3+1) // padding ends a group of four
		}
		piece := strings.TrimRight(text[:end], "=")
		data, err := base64.RawStdEncoding.DecodeString(piece)
		if err != nil {
			return nil, err
		}
		all, text = append(all, data...), text[end:]
	}
	return all, nil
}
