package stream

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"
)

func TestTextKeepsWhatItReturned(t *testing.T) {
	var text Text
	var got, want []string
	p := make([]byte, 0, 2000)
	for size := range 1500 {
		p = append(p[:0], bytes.Repeat([]byte{byte('a' + size%26)}, size)...)
		want = append(want, strings.Clone(string(p)))
		got = append(got, text.Add(p))
	}
	clear(p[:cap(p)])
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("piece of %d bytes became %q", i, got[i])
		}
	}
}

func TestTextAllocatesOneChunkPer512Bytes(t *testing.T) {
	var text Text
	piece := []byte("12345678")
	if n := testing.AllocsPerRun(100, func() {
		for range textChunk / len(piece) {
			text.Add(piece)
		}
	}); n != 1 {
		t.Errorf("%v allocations for 512 bytes in pieces of 8, want 1", n)
	}
	if c := text.chunk.Cap(); c != textChunk {
		t.Errorf("a chunk has %d bytes, want %d", c, textChunk)
	}
}

func TestTextLargerThanAChunkStandsAlone(t *testing.T) {
	var text Text
	a := text.Add([]byte("a"))
	large := text.Add(make([]byte, textChunk+1))
	b := text.Add([]byte("b"))
	if len(large) != textChunk+1 {
		t.Errorf("%d bytes returned, want %d", len(large), textChunk+1)
	}
	if uintptr(unsafe.Pointer(unsafe.StringData(b)))-uintptr(unsafe.Pointer(unsafe.StringData(a))) != 1 {
		t.Error("a large piece ended the chunk before it")
	}
}

func TestTextEmptyPieces(t *testing.T) {
	var text Text
	if n := testing.AllocsPerRun(10, func() {
		if s := text.Add(nil) + text.Add([]byte{}); s != "" {
			t.Errorf("got %q, want nothing", s)
		}
	}); n != 0 {
		t.Errorf("%v allocations for empty pieces, want none", n)
	}
}
