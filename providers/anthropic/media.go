package anthropic

import (
	"cmp"
	"mime"
	"path"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/mediatype"
	"github.com/parley-llm/parley/llm"
)

// filesBeta is the beta feature of uploaded files.
const filesBeta = "files-api-2025-04-14"

// The types of a source.
const (
	sourceBase64 = "base64"
	sourceURL    = "url"
	sourceFile   = "file"
	sourceText   = "text"
)

// imageTypes are the types of images that the server accepts.
var imageTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// image converts an image. The server accepts JPEG, PNG, GIF and WebP.
// https://platform.claude.com/docs/en/build-with-claude/vision
func (b *requestBuilder) image(p llm.Image) (any, error) {
	switch facts := &b.provider.facts; {
	case facts.noImages:
		return nil, unsupportedf("%s does not support images: remove the image", facts.title)
	case facts.noURLs && p.URL != "" && !strings.HasPrefix(p.URL, "data:"):
		return nil, unsupportedf("%s does not fetch images from URLs: set Data instead", facts.title)
	}
	source, err := sourceOf(p.MediaType, p.Data, p.URL)
	if err != nil {
		return nil, err
	}
	if p.MediaType == "" && source.Type == sourceBase64 && !slices.Contains(imageTypes, source.MediaType) {
		return nil, unsupportedf("an image of the type %s is not supported: convert it to JPEG, PNG, GIF or WebP, or set MediaType", source.MediaType)
	}
	return &mediaBlock{Type: "image", Source: source}, nil
}

// document converts a file: a PDF or text.
// https://platform.claude.com/docs/en/build-with-claude/pdf-support
func (b *requestBuilder) document(p llm.File) (any, error) {
	if facts := &b.provider.facts; facts.noDocuments {
		return nil, unsupportedf("%s does not support files: send the text of the file", facts.title)
	}
	out := &mediaBlock{Type: "document", Title: p.Name}
	if b.options.Citations {
		out.Citations = &enabled{true}
	}
	if p.ID != "" {
		out.Source = mediaSource{Type: sourceFile, FileID: p.ID}
		if !slices.Contains(b.options.Betas, filesBeta) {
			b.options.Betas = append(slices.Clip(b.options.Betas), filesBeta)
		}
		return out, nil
	}
	var err error
	if out.Source, err = sourceOf(documentType(p), p.Data, p.URL); err != nil {
		return nil, err
	}
	data, _ := out.Source.Data.([]byte)
	switch kind := out.Source.MediaType; {
	case out.Source.Type == sourceURL, kind == pdf:
	case strings.HasPrefix(kind, "text/") || kind == "application/json":
		out.Source = mediaSource{Type: sourceText, MediaType: "text/plain", Data: strings.ToValidUTF8(string(data), "\uFFFD")}
	default:
		return nil, unsupportedf("a file of type %q is not supported: send a PDF or text", kind)
	}
	return out, nil
}

const pdf = "application/pdf"

// documentType returns the media type of a file, if the file or its name has one.
func documentType(p llm.File) string {
	if p.MediaType != "" || path.Ext(p.Name) == "" {
		return p.MediaType
	}
	kind, _, err := mime.ParseMediaType(mime.TypeByExtension(strings.ToLower(path.Ext(p.Name))))
	if err != nil {
		return "" // the content decides
	}
	return kind
}

// sourceOf returns the source of data or of a URL. The media type is detected from the data
// if it is empty. A data URL becomes data.
func sourceOf(mediaType string, data []byte, url string) (mediaSource, error) {
	said, decoded, ok, err := mediatype.FromURL(url)
	switch {
	case err != nil:
		return mediaSource{}, unsupportedf("%v", err)
	case ok:
		data, mediaType = decoded, cmp.Or(said, mediaType)
	case url != "":
		return mediaSource{Type: sourceURL, URL: url}, nil
	}
	if mediaType == "" {
		mediaType = mediatype.Detect(data)
	}
	if kind, _, err := mime.ParseMediaType(mediaType); err == nil {
		mediaType = kind
	}
	return mediaSource{Type: sourceBase64, MediaType: mediaType, Data: data}, nil
}
