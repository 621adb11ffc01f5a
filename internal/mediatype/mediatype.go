// Package mediatype determines the media types of images, audio and files that a program
// passes without a type, and reads data URLs.
package mediatype

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Unknown is the type of data that cannot be determined.
const Unknown = "application/octet-stream"

// Detect returns the media type of data by its content, without parameters, or [Unknown].
func Detect(data []byte) string {
	detected := mimetype.Detect(data).String()
	if detected == Unknown { // net/http needs less of some formats, for example of MP3
		detected = http.DetectContentType(data)
	}
	detected, _, _ = strings.Cut(detected, ";")
	return detected
}

// Of returns the given type, or otherwise the type of the data.
func Of(given string, data []byte) string {
	if given != "" {
		return given
	}
	return Detect(data)
}

// FromURL returns the content of a data URL (RFC 2397). ok is false if the URL has another
// scheme. The media type is empty if the URL has none.
func FromURL(url string) (mediaType string, data []byte, ok bool, err error) {
	const scheme = "data:"
	if len(url) < len(scheme) || !strings.EqualFold(url[:len(scheme)], scheme) {
		return "", nil, false, nil
	}
	head, body, _ := strings.Cut(url[len(scheme):], ",")
	mediaType, isBase64 := strings.CutSuffix(head, ";base64")
	if data, err = base64.StdEncoding.DecodeString(body); !isBase64 || err != nil || len(data) == 0 {
		return "", nil, true, errors.New("the data: URL does not contain base64: set Data instead")
	}
	return mediaType, data, true, nil
}
