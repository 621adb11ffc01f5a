package mediatype_test

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/parley-llm/parley/internal/mediatype"
)

// box is the first box of an ISO base media file with the given brand.
func box(brand string) []byte {
	return append([]byte("\x00\x00\x00\x18ftyp"+brand+"\x00\x00\x00\x00mif1"+brand), make([]byte, 40)...)
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDetect(t *testing.T) {
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"PNG":              {encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, dot) }), "image/png"},
		"JPEG":             {encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, dot, nil) }), "image/jpeg"},
		"GIF":              {encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, dot, nil) }), "image/gif"},
		"WebP":             {[]byte("RIFF\x24\x00\x00\x00WEBPVP8 \x18\x00\x00\x00"), "image/webp"},
		"HEIC":             {box("heic"), "image/heic"},
		"HEIF":             {box("mif1"), "image/heif"},
		"AVIF":             {box("avif"), "image/avif"},
		"TIFF":             {append([]byte("II*\x00"), make([]byte, 40)...), "image/tiff"},
		"TIFF, big endian": {append([]byte("MM\x00*"), make([]byte, 40)...), "image/tiff"},
		"SVG":              {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "image/svg+xml"},
		"SVG in XML":       {[]byte("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"), "image/svg+xml"},
		"MP3 with ID3":     {append([]byte("ID3\x03\x00\x00\x00\x00\x00\x00"), make([]byte, 40)...), "audio/mpeg"},
		"MP3 frames":       {append([]byte{0xFF, 0xFB, 0x90, 0x64}, make([]byte, 600)...), "audio/mpeg"},
		"MP3, MPEG-2":      {append([]byte{0xFF, 0xF3, 0x40, 0xC4}, make([]byte, 600)...), "audio/mpeg"},
		"WAV":              {[]byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00"), "audio/wav"},
		"FLAC":             {[]byte("fLaC\x00\x00\x00\x22"), "audio/flac"},
		"M4A":              {box("M4A "), "audio/x-m4a"},
		"PDF":              {[]byte("%PDF-1.7\n"), "application/pdf"},
		"text":             {[]byte("hello"), "text/plain"},
		"JSON":             {[]byte(`{"a":1}`), "application/json"},
		"something":        {[]byte{0, 1, 2, 3, 0xFE}, mediatype.Unknown},
	} {
		if got := mediatype.Detect(tt.data); got != tt.want {
			t.Errorf("%s is %s, want %s", name, got, tt.want)
		}
		if got := mediatype.Of("a/b", tt.data); got != "a/b" {
			t.Errorf("the type given for %s became %s", name, got)
		}
	}
}

func TestDataURL(t *testing.T) {
	for _, tt := range []struct {
		url, mediaType, data string
		ok, fails            bool
	}{
		{"data:image/png;base64,aGk=", "image/png", "hi", true, false},
		{"DATA:;base64,aGk=", "", "hi", true, false},
		{"data:audio/mpeg;codecs=mp3;base64,aGk=", "audio/mpeg;codecs=mp3", "hi", true, false},
		{"data:text/plain,hi", "", "", true, true},
		{"data:image/png;base64,%%", "", "", true, true},
		{"data:image/png;base64,", "", "", true, true},
		{"data:", "", "", true, true},
		{"https://x.example/data:image", "", "", false, false},
		{"", "", "", false, false},
	} {
		mediaType, data, ok, err := mediatype.FromURL(tt.url)
		if mediaType != tt.mediaType || string(data) != tt.data || ok != tt.ok || err != nil != tt.fails {
			t.Errorf("%q has the type %q, the data %q, %v, %v", tt.url, mediaType, data, ok, err)
		}
	}
}
