package providertest

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/stream"
)

// CheckDecoder decodes a frame after another one, and checks the decoder of a wire struct
// against encoding/json: it must accept
// every JSON object, unless a needed member does not fit, and decode it to the same value
// if encoding/json has no error. The
// options say which values are the same. It does not compare objects with a key twice, or
// with two keys that differ only in case, because the rules for those are the decoder's.
func CheckDecoder[T any](t testing.TB, d *stream.Decoder[T], first, data []byte, same ...cmp.Option) {
	t.Helper()
	frames := d.Frames(new(stream.Text))
	defer frames.Close()
	_, _ = frames.Decode(first) // must leave nothing behind for the next frame
	before := bytes.Clone(data)
	var want T
	got, err := frames.Decode(data)
	if !bytes.Equal(data, before) {
		t.Fatalf("decoding changed %q into %q", before, data)
	}
	if misfit, ok := errors.AsType[*stream.TypeError](err); ok && misfit.Member != "" {
		if json.Unmarshal(data, &want) == nil {
			t.Fatalf("decoding %q: error %v, but encoding/json has none", data, err)
		}
		return
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	isObject := json.Valid(data) && (trimmed[0] == '{' || trimmed[0] == 'n')
	if isObject != (err == nil) {
		t.Fatalf("decoding %q: error %v", data, err)
	}
	if err != nil || json.Unmarshal(data, &want) != nil || !new(stream.Walker).Walk(data, func(*stream.Value) bool { return true }) {
		return
	}
	if diff := cmp.Diff(want, *got, same...); diff != "" {
		t.Fatalf("%q (-encoding/json +decoder):\n%s", data, diff)
	}
}
