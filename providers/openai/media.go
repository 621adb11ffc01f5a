package openai

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/mediatype"
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

// imageTypes are the types of images that OpenAI and Azure accept. Other servers accept more.
// https://platform.openai.com/docs/guides/images-vision
var imageTypes = []string{"image/png", "image/jpeg", "image/webp", "image/gif"}

// urlOf returns the URL of an image, or a data URL. An image whose type the program does not
// set must be of a type that the server accepts, because the server would reject it on every
// later turn, too.
func (b *builder) urlOf(p llm.Image) (string, error) {
	if p.URL != "" {
		return p.URL, nil
	}
	kind := p.MediaType
	if kind == "" {
		kind = mediatype.Detect(p.Data)
		switch server := b.provider.config.Server; {
		case !strings.HasPrefix(kind, "image/"):
			return "", errors.New("the type of the image cannot be determined from its bytes: set Image.MediaType")
		case (server == OpenAI || server == Azure) && !slices.Contains(imageTypes, kind):
			return "", fmt.Errorf("an image of the type %s is not supported: convert it to PNG, JPEG, WebP or GIF, or set Image.MediaType", kind)
		}
	}
	return b.attachments.addURL(kind, p.Data), nil
}

// audioPart converts audio of a user message.
func (b *requestBuilder) audioPart(p llm.Audio) (contentPart, error) {
	said, data, ok, err := mediatype.FromURL(p.URL)
	switch {
	case err != nil:
		return contentPart{}, err
	case ok:
		p.Data, p.MediaType = data, cmp.Or(said, p.MediaType)
	case len(p.Data) == 0:
		return contentPart{}, errors.New("audio by URL is not supported: set Audio.Data")
	}
	format := audioFormat(p)
	if format == "" {
		return contentPart{}, errors.New("the type of the audio cannot be determined from its bytes: set Audio.MediaType")
	}
	return contentPart{Type: "input_audio", InputAudio: &inputAudio{b.attachments.add(p.Data), format}}, nil
}

// audioFormat returns OpenAI's name of an audio format, for example "mp3" for audio/mpeg. It
// returns "" if the program does not set a type, and the data is not known to be audio.
func audioFormat(a llm.Audio) string {
	kind := a.MediaType
	if kind == "" {
		if kind = mediatype.Detect(a.Data); !strings.HasPrefix(kind, "audio/") {
			return ""
		}
	}
	format := strings.TrimPrefix(strings.TrimPrefix(kind, "audio/"), "x-")
	switch format {
	case "mpeg":
		return "mp3"
	case "wave", "vnd.wave":
		return "wav"
	}
	return format
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
