package tokens

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"math"
)

// sizeOf reads the size of a PNG, JPEG, GIF or WebP image from its header. The decoders of
// package image are not used, because they would add 150 KB to every program with a provider.
func sizeOf(r *bufio.Reader) (image.Config, error) {
	head, _ := r.Peek(30) // a short file has fewer
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")) && len(head) >= 24: // https://www.w3.org/TR/png-3/#11IHDR
		w, h := binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])
		return image.Config{Width: int(w & math.MaxInt32), Height: int(h & math.MaxInt32)}, nil
	case bytes.HasPrefix(head, []byte("\xff\xd8")):
		return jpegSize(r)
	case bytes.HasPrefix(head, []byte("GIF8")) && len(head) >= 10: // https://www.w3.org/Graphics/GIF/spec-gif89a.txt
		return image.Config{Width: int(binary.LittleEndian.Uint16(head[6:])), Height: int(binary.LittleEndian.Uint16(head[8:]))}, nil
	}
	return webpSize(head)
}

// jpegSize reads the size from the frame header of a JPEG file:
// https://www.w3.org/Graphics/JPEG/itu-t81.pdf, annex B.
func jpegSize(r *bufio.Reader) (image.Config, error) {
	r.Discard(2) // the marker of the start, which has been seen
	for {
		marker, err := jpegMarker(r)
		if err != nil {
			return image.Config{}, err
		}
		switch {
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd8: // markers without a segment
			continue
		case marker == 0xd9, marker == 0xda: // the end, or the image data
			return image.Config{}, image.ErrFormat
		}
		segment, err := r.Peek(2)
		if err != nil {
			return image.Config{}, err
		}
		length := int(binary.BigEndian.Uint16(segment))
		if length < 2 {
			return image.Config{}, image.ErrFormat
		}
		// The frame headers are C0 to CF, apart from C4, C8 and CC, which are tables.
		if marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc {
			if segment, err = r.Peek(7); err != nil || length < 7 {
				return image.Config{}, image.ErrFormat
			}
			return image.Config{Width: int(binary.BigEndian.Uint16(segment[5:])), Height: int(binary.BigEndian.Uint16(segment[3:]))}, nil
		}
		if _, err := r.Discard(length); err != nil {
			return image.Config{}, err
		}
	}
}

// jpegMarker reads up to the next marker, and returns its second byte.
func jpegMarker(r *bufio.Reader) (byte, error) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != 0xff {
			continue // bytes between segments, which some cameras write
		}
		for c == 0xff {
			if c, err = r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if c != 0 {
			return c, nil
		}
	}
}

// webpSize reads the size from the first 30 bytes of a WebP file:
// https://developers.google.com/speed/webp/docs/riff_container
func webpSize(head []byte) (image.Config, error) {
	if len(head) < 30 || string(head[:4]) != "RIFF" || string(head[8:12]) != "WEBP" {
		return image.Config{}, image.ErrFormat
	}
	switch string(head[12:16]) {
	case "VP8 ": // RFC 6386, section 9.1
		w, h := binary.LittleEndian.Uint16(head[26:]), binary.LittleEndian.Uint16(head[28:])
		return image.Config{Width: int(w & 0x3fff), Height: int(h & 0x3fff)}, nil
	case "VP8L": // after a signature byte, 14 bits each
		bits := binary.LittleEndian.Uint32(head[21:])
		return image.Config{Width: int(bits&0x3fff) + 1, Height: int(bits>>14&0x3fff) + 1}, nil
	case "VP8X": // 24 bits each
		w := int(head[24]) | int(head[25])<<8 | int(head[26])<<16
		h := int(head[27]) | int(head[28])<<8 | int(head[29])<<16
		return image.Config{Width: w + 1, Height: h + 1}, nil
	}
	return image.Config{}, image.ErrFormat
}
