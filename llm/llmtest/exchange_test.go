package llmtest

import (
	"bytes"
	"encoding/json"
	"testing"
)

func FuzzRecordedBody(f *testing.F) {
	for _, s := range []string{"", "a", "a\n", "a\r\n\r\nb\r", "\xff", "data: {\"a\":\"<\u2028>\"}\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		encoded, err := json.Marshal(body(data))
		if err != nil {
			t.Fatal(err)
		}
		var got body
		if err := json.Unmarshal(encoded, &got); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%q is read back as %q, %v, from %s", data, got, err, encoded)
		}
	})
}
