package tokens

import (
	"bytes"
	"encoding/base64"
	"errors"
	"image"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// TestImagesCostWhatWasReported contains images with reported costs: the first two from
// recorded replies, the others measured by users.
func TestImagesCostWhatWasReported(t *testing.T) {
	for _, tt := range []struct {
		model, quality string
		w, h, want     int
	}{
		{"gpt-4o", "", 3008, 2000, 1105},
		{"gpt-5", "", 50, 50, 210},
		{"gpt-4.1-nano", "", 540, 360, 503},
		{"gpt-4.1", "low", 128, 64, 85},
		{"gpt-4.1", "high", 128, 64, 85 + 170},
		{"gpt-4o-mini", "low", 128, 64, 2833},
		{"gpt-4o-mini", "high", 128, 64, 2833 + 5667},
		{"o3", "low", 128, 64, 75},
		{"o3", "high", 128, 64, 225},
		{"o4-mini", "high", 128, 64, 15},
		{"gpt-4.1-mini", "high", 128, 64, 14},
		{"gpt-4o", "high", 1024, 1024, 765},
		{"gpt-4o", "high", 2048, 4096, 1105},
	} {
		size := image.Config{Width: tt.w, Height: tt.h}
		if got := imageCostOf(tt.model).tokens(size, tt.quality); got != tt.want {
			t.Errorf("%s: an image of %d by %d, quality %q, is %d tokens, want %d", tt.model, tt.w, tt.h, tt.quality, got, tt.want)
		}
	}
}

func TestPatchesAreAtMostAsManyAsTheModelTakes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1024, 1024}, {1800, 2400}, {1 << 20, 1}, {1, 1 << 20}, {1 << 30, 1 << 30}, {1537, 1024}} {
		if n := patches(float64(size[0]), float64(size[1])); n < 1 || n > maxPatches {
			t.Errorf("%d by %d pixels are %v patches", size[0], size[1], n)
		}
	}
	if n := patches(1800, 2400); n != 1452 { // example in the documentation
		t.Errorf("1800 by 2400 pixels are %v patches, want 1452", n)
	}
}

func TestImageSizeIsReadFromBytes(t *testing.T) {
	picture := image.NewPaletted(image.Rect(0, 0, 37, 21), palette.WebSafe)
	var asPNG, asJPEG, asGIF bytes.Buffer
	if err := errors.Join(png.Encode(&asPNG, picture), jpeg.Encode(&asJPEG, picture, nil), gif.Encode(&asGIF, picture, nil)); err != nil {
		t.Fatal(err)
	}
	webp := func(kind, data string) []byte {
		return []byte(("RIFF\x00\x00\x00\x00WEBP" + kind + "\x00\x00\x00\x00" + data + strings.Repeat("\x00", 10)))
	}
	url := "data:image/png;base64," + base64.StdEncoding.EncodeToString(asPNG.Bytes())
	size := image.Config{Width: 37, Height: 21}
	for _, tt := range []struct {
		name string
		img  llm.Image
		want image.Config // zero if unknown
	}{
		{"PNG", llm.Image{Data: asPNG.Bytes()}, size},
		{"JPEG", llm.Image{Data: asJPEG.Bytes()}, size},
		{"JPEG with a comment and bytes between segments", llm.Image{Data: slices.Concat(asJPEG.Bytes()[:2], []byte("\xff\xfe\x00\x05\xff\xc0x\x00\x00\xff\xff\x01"), asJPEG.Bytes()[2:])}, size},
		{"JPEG, progressive", llm.Image{Data: []byte("\xff\xd8\xff\xc2\x00\x0b\x08\x00\x15\x00\x25\x01\x01\x11\x00")}, size},
		{"a JPEG without a frame", llm.Image{Data: []byte("\xff\xd8\xff\xda\x00\x02\xff\xc0\x00\x0b\x08\x00\x15\x00\x25\x01\x01\x11\x00")}, image.Config{}},
		{"a JPEG that stops", llm.Image{Data: []byte("\xff\xd8\xff\xe0\x00\x10JFIF")}, image.Config{}},
		{"GIF", llm.Image{Data: asGIF.Bytes()}, size},
		{"the shortest GIF", llm.Image{Data: []byte("GIF89a\x25\x00\x15\x00\x00\x00\x00;")}, size},
		{"WebP, lossy", llm.Image{Data: webp("VP8 ", "\x00\x00\x00\x9d\x01\x2a\x25\x00\x15\x00")}, size},
		{"WebP, lossless", llm.Image{Data: webp("VP8L", "\x2f\x24\x00\x05\x00")}, size},
		{"WebP, extended", llm.Image{Data: webp("VP8X", "\x00\x00\x00\x00\x24\x00\x00\x14\x00\x00")}, size},
		{"a data URL", llm.Image{URL: url}, size},
		{"another URL", llm.Image{URL: "https://example.com/a.png"}, image.Config{}},
		{"a data URL that is no base64", llm.Image{URL: "data:image/png;base64,%%%"}, image.Config{}},
		{"a data URL without data", llm.Image{URL: "data:image/png;base64"}, image.Config{}},
		{"a PNG that stops", llm.Image{Data: asPNG.Bytes()[:20]}, image.Config{}},
		{"something else", llm.Image{Data: []byte("BM")}, image.Config{}},
		{"a WebP of no kind", llm.Image{Data: webp("ABCD", "")}, image.Config{}},
		{"a WebP of no size", llm.Image{Data: webp("VP8 ", "")}, image.Config{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, known := imageSize(tt.img)
			if want := tt.want != (image.Config{}); known != want {
				t.Fatalf("the size of the image is known: %v, want %v", known, want)
			}
			if known && (got.Width != tt.want.Width || got.Height != tt.want.Height) {
				t.Errorf("%d by %d, want %d by %d", got.Width, got.Height, tt.want.Width, tt.want.Height)
			}
		})
	}
}

func FuzzImageSize(f *testing.F) {
	var asPNG bytes.Buffer
	if err := png.Encode(&asPNG, image.NewGray(image.Rect(0, 0, 3, 5))); err != nil {
		f.Fatal(err)
	}
	f.Add(asPNG.Bytes())
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L\x00\x00\x00\x00\x2f\x24\x00\x05\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte("GIF89a\x01\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		size, known := imageSize(llm.Image{Data: data})
		if known && (size.Width <= 0 || size.Height <= 0) {
			t.Errorf("the size is %d by %d", size.Width, size.Height)
		}
		if want, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && want.Width > 0 && want.Height > 0 &&
			(size.Width != want.Width || size.Height != want.Height) {
			t.Errorf("%d by %d, and package image reads %d by %d", size.Width, size.Height, want.Width, want.Height)
		}
		for _, model := range []string{"gpt-4o", "gpt-4.1-mini", "gpt-5"} {
			if n := imageCostOf(model).tokens(size, ""); n < 1 || n > 20_000 {
				t.Errorf("%s: an image of %d by %d is %d tokens", model, size.Width, size.Height, n)
			}
		}
	})
}
