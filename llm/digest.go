package llm

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"

	"github.com/parley-llm/parley/internal/toolname"
)

// HistoryDigest returns a hash of messages: of everything that a provider can send of them.
// It is the same in every process, and after a JSON round trip. A provider sets it as
// [ProviderData.HistoryDigest] if the data is valid only after these messages.
//
// Security: the digest detects accidental changes. It is not an authentication.
func HistoryDigest(messages []Message) string {
	d := newDigest()
	for _, m := range messages {
		d.message(m)
	}
	return d.sum()
}

// partsDigest returns a hash of the visible content of parts. It is the same in every
// process.
func partsDigest(parts []Part) string {
	d := newDigest()
	for _, part := range parts {
		d.part(part)
	}
	return d.sum()
}

// digest is a hash of values that are written with their lengths. Its buffers are fields,
// because the hash is an interface, and local ones would be allocated for each value.
type digest struct {
	hash  hash.Hash
	size  [8]byte
	piece [512]byte
	all   [sha256.Size]byte
	text  [16]byte
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

// sum returns the hash so far. More may be written after it.
func (d *digest) sum() string { return string(d.encoded()) }

// encoded returns the hash so far, until the next call.
func (d *digest) encoded() []byte {
	const kept = 12 // 96 bits make an accidental match impossible
	base64.RawURLEncoding.Encode(d.text[:], d.hash.Sum(d.all[:0])[:kept])
	return d.text[:]
}

// matches reports whether the parts have the digest.
func (d *digest) matches(parts []Part, want string) bool {
	d.hash.Reset()
	for _, part := range parts {
		d.part(part)
	}
	return string(d.encoded()) == want
}

func (d *digest) length(n int) {
	binary.LittleEndian.PutUint64(d.size[:], uint64(n))
	d.hash.Write(d.size[:]) // a hash never returns an error
}

func (d *digest) bytes(b []byte) {
	d.length(len(b))
	d.hash.Write(b)
}

func (d *digest) string(s string) {
	d.length(len(s))
	for len(s) > 0 { // a conversion would copy the whole text to the heap
		n := copy(d.piece[:], s)
		d.hash.Write(d.piece[:n])
		s = s[n:]
	}
}

func (d *digest) message(m Message) {
	d.string(string(m.Role))
	d.string(m.Name)
	d.length(len(m.Parts))
	for _, part := range m.Parts {
		d.part(part)
		if data := partData(part); data != nil {
			d.string(data.Provider)
			d.bytes(data.Data)
		}
	}
}

func (d *digest) part(part Part) {
	if call, ok := part.(ToolCall); ok && !toolname.IsWire(call.Name) { // a provider sees the name that is sent
		call.Name = toolname.Wire(call.Name)
		part = call
	}
	d.string(part.partType())
	for _, s := range partStrings(part) {
		d.string(s)
	}
	switch p := part.(type) {
	case Image:
		d.bytes(p.Data)
	case Audio:
		d.bytes(p.Data)
	case File:
		d.bytes(p.Data)
	case ToolCall:
		d.flag(p.Custom)
	case Decision:
		d.flag(p.Approved)
	case ToolResult:
		d.flag(p.IsError)
		d.length(len(p.Parts))
		for _, inner := range p.Parts {
			d.part(inner)
		}
	}
}

func (d *digest) flag(set bool) {
	n := 0
	if set {
		n = 1
	}
	d.length(n)
}
