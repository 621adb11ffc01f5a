package tokens

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"image"
	"io"
	"math"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// unknownImage is the assumed size of an image with unknown dimensions, for example one
// given by URL.
var unknownImage = image.Config{Width: 1024, Height: 1024}

// imageCost is the cost of an image for a family of models: either tokens for each tile
// of 512 pixels plus tokens for the image, or tokens for each patch of 32 pixels.
// https://platform.openai.com/docs/guides/images-vision#calculating-costs
type imageCost struct {
	base, tile int
	patch      float64 // tokens per patch; 0 for models that use tiles
}

// imageCosts lists the costs by the prefix of a model's name; the longest match wins. For
// gpt-5-mini, gpt-5-nano and all models since gpt-5.2, the factors are values measured by
// users, because the documentation has different ones.
var imageCosts = []struct {
	prefix string
	imageCost
}{
	{"", imageCost{base: 85, tile: 170}}, // gpt-4o, gpt-4.1, gpt-4.5, gpt-4-turbo
	{"gpt-4o-mini", imageCost{base: 2833, tile: 5667}},
	{"gpt-4.1-mini", imageCost{patch: 1.62}},
	{"gpt-4.1-nano", imageCost{patch: 2.46}},
	{"o1", imageCost{base: 75, tile: 150}},
	{"o3", imageCost{base: 75, tile: 150}},
	{"o4-mini", imageCost{patch: 1.72}},
	{"codex-mini", imageCost{patch: 1.72}},
	{"computer-use-preview", imageCost{base: 65, tile: 129}},
	{"gpt-5.", imageCost{patch: 1.2}},
	{"gpt-5.1", imageCost{base: 70, tile: 140}},
	{"gpt-5", imageCost{base: 70, tile: 140}},
	{"gpt-5-mini", imageCost{patch: 1.2}},
	{"gpt-5-nano", imageCost{patch: 1.5}},
}

// imageCostOf returns the image cost of the model with the given bare name.
func imageCostOf(name string) imageCost {
	best := imageCosts[0]
	for _, c := range imageCosts {
		if strings.HasPrefix(name, c.prefix) && len(c.prefix) > len(best.prefix) {
			best = c
		}
	}
	return best.imageCost
}

// maxPatches is the maximum number of patches of an image. A larger image is scaled down.
const maxPatches = 1536

// tokens returns the cost of an image of the given size.
func (c imageCost) tokens(size image.Config, quality string) int {
	w, h := float64(max(size.Width, 1)), float64(max(size.Height, 1))
	if c.patch > 0 {
		// All inspected replies have one token more.
		return int(math.Ceil(patches(w, h)*c.patch)) + 1
	}
	if quality == "low" {
		return c.base
	}
	// Scale to fit a square of 2048 pixels, then scale the shorter side to 768. Images
	// are never enlarged.
	scale := min(1, 2048/max(w, h))
	scale = min(scale, 768/min(w, h))
	tiles := math.Ceil(math.Round(w*scale)/512) * math.Ceil(math.Round(h*scale)/512)
	return c.base + int(max(tiles, 1))*c.tile
}

// patches returns the number of patches that cover an image after it has been scaled to
// at most maxPatches.
func patches(w, h float64) float64 {
	const side = 32
	n := math.Ceil(w/side) * math.Ceil(h/side)
	if n <= maxPatches {
		return n
	}
	r := math.Sqrt(side * side * maxPatches / (w * h))
	across, down := w*r/side, h*r/side
	if across < 1 || down < 1 {
		return maxPatches // a narrow strip
	}
	r *= min(math.Floor(across)/across, math.Floor(down)/down)
	return min(math.Ceil(w*r/side)*math.Ceil(h*r/side), maxPatches)
}

// imageSize returns the size of an image given by its bytes, or by a URL that contains
// them (RFC 2397).
func imageSize(img llm.Image) (size image.Config, ok bool) {
	var data io.Reader = bytes.NewReader(img.Data)
	if len(img.Data) == 0 {
		head, encoded, found := strings.Cut(img.URL, ",")
		if !found || !strings.HasPrefix(head, "data:") || !strings.HasSuffix(head, ";base64") {
			return unknownImage, false
		}
		data = base64.NewDecoder(base64.StdEncoding, strings.NewReader(encoded))
	}
	size, err := sizeOf(bufio.NewReader(data))
	if err != nil || size.Width <= 0 || size.Height <= 0 {
		return unknownImage, false
	}
	return size, true
}
