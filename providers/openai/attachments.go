package openai

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/parley-llm/parley/internal/mediatype"
)

// attachments are the images, audio and files of a request.
//
// encoding/json copies a long string several times and checks each character of it. So a
// body is encoded with a short placeholder for each attachment. At the end, insert
// replaces the placeholders with base64, in one allocation.
//
// A placeholder contains a random text of 130 bits, so that no text of a request can
// contain one. The zero value is ready to use.
type attachments struct {
	mark string
	data [][]byte
}

// placeholderEnd follows the index in a placeholder: mark, index, placeholderEnd.
const placeholderEnd = "_"

// add returns a placeholder for the base64 of the data. The data must not change before
// insert is called.
func (a *attachments) add(data []byte) string {
	if a.mark == "" {
		a.mark = "parley_" + rand.Text() + "_"
	}
	a.data = append(a.data, data)
	return a.mark + strconv.Itoa(len(a.data)-1) + placeholderEnd
}

// addURL returns a data URL (RFC 2397) with a placeholder for its data. An empty media
// type is detected from the data.
func (a *attachments) addURL(mediaType string, data []byte) string {
	mediaType = mediatype.Of(mediaType, data)
	return "data:" + mediaType + ";base64," + a.add(data)
}

// insert returns the text with base64 in place of each placeholder. Text without
// placeholders is returned unchanged.
func (a *attachments) insert(text []byte) []byte {
	size, found := 0, false
	for rest, more := text, true; more; {
		var before, data []byte
		before, data, rest, more = a.cut(rest)
		size += len(before) + base64.StdEncoding.EncodedLen(len(data))
		found = found || more
	}
	if !found {
		return text
	}
	out := make([]byte, 0, size)
	for rest, more := text, true; more; {
		var before, data []byte
		before, data, rest, more = a.cut(rest)
		out = append(out, before...)
		out = base64.StdEncoding.AppendEncode(out, data)
	}
	return out
}

// insertString is insert for a string.
func (a *attachments) insertString(text string) string {
	if a.mark == "" || !strings.Contains(text, a.mark) {
		return text
	}
	return string(a.insert([]byte(text)))
}

// cut splits the text at its first placeholder and returns the attachment for it. Without
// a placeholder, it returns the whole text as before, and false.
func (a *attachments) cut(text []byte) (before, data, after []byte, found bool) {
	if a.mark == "" {
		return text, nil, nil, false
	}
	before, after, found = bytes.Cut(text, []byte(a.mark))
	if !found {
		return text, nil, nil, false
	}
	digits, after, _ := bytes.Cut(after, []byte(placeholderEnd))
	if i, err := strconv.Atoi(string(digits)); err == nil && i >= 0 && i < len(a.data) {
		data = a.data[i]
	}
	return before, data, after, true
}
