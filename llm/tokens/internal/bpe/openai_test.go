package bpe

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm/tokens/internal/split"
)

// encoding is one of the vocabularies in ../../data.
type encoding struct {
	name    string
	pattern split.Pattern
	size    int
	sum     string // of the .tiktoken file, from tiktoken_ext/openai_public.py
}

var encodings = []encoding{
	{"cl100k_base", split.CL100k, 100256, "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"},
	{"o200k_base", split.O200k, 199998, "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"},
}

func (e encoding) data(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("../../data", e.name+".bpe"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func (e encoding) vocab(tb testing.TB) *Vocab {
	tb.Helper()
	v, err := Unpack(e.data(tb), e.pattern)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// OpenAI's file has one line for each token: its bytes in base64 and its rank. The test
// recreates the file from the packed vocabulary.
func TestPackedVocabulariesHoldWhatOpenAIPublished(t *testing.T) {
	for _, e := range encodings {
		v := e.vocab(t)
		if v.Size() != e.size {
			t.Errorf("%s has %d tokens, want %d", e.name, v.Size(), e.size)
		}
		file := sha256.New()
		for id := range v.Size() {
			token, ok := v.AppendBytes(nil, id, false)
			if !ok {
				t.Fatalf("%s has no token %d", e.name, id)
			}
			fmt.Fprintf(file, "%s %d\n", base64.StdEncoding.EncodeToString(token), id)
		}
		if got := hex.EncodeToString(file.Sum(nil)); got != e.sum {
			t.Errorf("%s: the recreated .tiktoken file has the SHA-256 %s, want OpenAI's %s", e.name, got, e.sum)
		}
	}
}

// Each token must be found as a separate piece, in the table for its length and with its
// rank.
func TestEachTokenIsFound(t *testing.T) {
	for _, e := range encodings {
		v := e.vocab(t)
		for id := range v.Size() {
			token, _ := v.AppendBytes(nil, id, false)
			// The text after the piece must not matter.
			for _, rest := range []string{"", "\x00", "zzzzzzzzzzzzzzzz"} {
				if got, ok := v.find(string(token)+rest, 0, len(token)); !ok || got != id {
					t.Fatalf("%s: the token %q before %q is found as %d, %t, want %d", e.name, token, rest, got, ok, id)
				}
			}
		}
	}
}

func TestUnpackRejectsDamage(t *testing.T) {
	good := encodings[0].data(t)
	twice := bytes.Clone(good)
	twice[1] = twice[0]
	late := bytes.Clone(good)
	late[packedHead], late[packedHead+1] = 0xff, 0xff
	for _, test := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "no head"},
		{"the head cut", good[:packedHead-1], "no head"},
		{"the end cut", good[:len(good)-1], "length"},
		{"too long", append(bytes.Clone(good), 0), "length"},
		{"no tokens", make([]byte, packedHead), "length"},
		{"a byte twice", twice, "the byte 0x21 has two tokens"},
		{"a part that comes later", late, "before its parts"},
	} {
		_, err := Unpack(test.data, whole)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}
