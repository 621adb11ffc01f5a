package middleware

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"reflect"
	"slices"

	"github.com/parley-llm/parley/llm"
)

// CacheKeyer is implemented by [llm.Options] that provide their part of the cache key, for
// example because they contain a function, which cannot be compared. CacheKey returns false
// if the call must not be cached.
type CacheKeyer interface {
	CacheKey() (key string, ok bool)
}

// cacheKey returns a hash of everything in a call that can change its answer. The hash is
// the same on every machine. It returns false if the call contains a value that cannot be
// hashed.
func cacheKey(call *llm.Call) (string, bool) {
	sum := sha256.New()
	h := hasher{w: sum, left: new(maxValues)}
	h.text(string(call.Op))
	h.text(call.Provider)
	h.text(call.Model)
	var options []llm.Options
	if call.Request != nil {
		req := *call.Request
		req.NonStreaming = false // does not change the answer
		options, req.Options = req.Options, nil
		h.value(reflect.ValueOf(req), 0)
	}
	if call.Embed != nil {
		req := *call.Embed
		options, req.Options = req.Options, nil
		h.value(reflect.ValueOf(req), 0)
	}
	for _, o := range options {
		if keyer, ok := o.(CacheKeyer); ok {
			key, ok := keyer.CacheKey()
			h.failed = h.failed || !ok
			h.text(o.ProviderName())
			h.text(key)
			continue
		}
		h.value(reflect.ValueOf(&o).Elem(), 0)
	}
	const version = "cache/2/" // of the hash and of the encoding of entries
	return version + hex.EncodeToString(sum.Sum(nil)), !h.failed
}

// hasher writes values to a hash or a buffer, so that different values are written differently.
type hasher struct {
	w      io.Writer // never fails
	failed bool      // a value cannot be hashed
	left   *int      // values that may still be written
}

func (h *hasher) number(n uint64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	h.w.Write(b[:])
}

func (h *hasher) text(s string) {
	h.number(uint64(len(s)))
	io.WriteString(h.w, s)
}

// maxDepth is deeper than any settings. A deeper value probably contains itself.
const maxDepth = 50

// maxValues limits the values of a key, because a value that contains itself twice has no
// end within any practical time. A call with more of them is not cached.
const maxValues = 1_000_000

func (h *hasher) value(v reflect.Value, depth int) {
	if *h.left--; depth > maxDepth || *h.left < 0 || h.failed {
		h.failed = true
		return
	}
	if !v.IsValid() {
		h.text("nothing")
		return
	}
	h.number(uint64(v.Kind()))
	switch v.Kind() {
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		h.number(n)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		h.number(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		h.number(v.Uint())
	case reflect.Float32, reflect.Float64:
		h.number(math.Float64bits(v.Float()))
	case reflect.String:
		h.text(v.String())
	case reflect.Slice, reflect.Array:
		h.list(v, depth)
	case reflect.Map:
		h.table(v, depth)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			h.text("nil")
			return
		}
		h.text(v.Elem().Type().String())
		h.value(v.Elem(), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			h.text(v.Type().Field(i).Name)
			h.value(v.Field(i), depth+1)
		}
	default: // functions and channels cannot be compared
		h.failed = h.failed || !v.IsZero()
	}
}

func (h *hasher) list(v reflect.Value, depth int) {
	h.number(uint64(v.Len()))
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		h.w.Write(v.Bytes())
		return
	}
	for i := range v.Len() {
		h.value(v.Index(i), depth+1)
	}
}

// table writes the entries of a map, sorted by their encodings.
func (h *hasher) table(v reflect.Value, depth int) {
	entries := make([][]byte, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		var b bytes.Buffer
		entry := hasher{w: &b, left: h.left, failed: h.failed}
		entry.value(it.Key(), depth+1)
		entry.value(it.Value(), depth+1)
		h.failed = h.failed || entry.failed
		entries = append(entries, b.Bytes())
	}
	slices.SortFunc(entries, bytes.Compare)
	h.number(uint64(len(entries)))
	for _, entry := range entries {
		h.w.Write(entry)
	}
}
