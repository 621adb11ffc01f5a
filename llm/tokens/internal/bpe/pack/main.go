// Pack writes OpenAI's vocabularies in the format that package bpe reads. It downloads
// the published files as part of a Go module and checks that they are OpenAI's.
//
//	go run ./internal/bpe/pack data
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math"
	"math/bits"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// source is the module that contains the files. It is downloaded but never compiled.
const source = "github.com/pkoukk/tiktoken-go-loader@v0.0.2"

// sums are the SHA-256 sums of the files in OpenAI's tiktoken
// (tiktoken_ext/openai_public.py).
var sums = map[string]string{
	"cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
	"o200k_base":  "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pack directory")
	}
	module, err := download(source)
	if err != nil {
		log.Fatalf("fetching %s: %v", source, err)
	}
	for name, sum := range sums {
		tokens, err := read(filepath.Join(module, "assets", name+".tiktoken"), sum)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		packed, err := pack(tokens)
		if err != nil {
			log.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile(filepath.Join(os.Args[1], name+".bpe"), packed, 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

// download downloads a module and returns its directory.
func download(module string) (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", module).Output()
	var reply struct{ Dir, Error string }
	if json.Unmarshal(out, &reply) == nil && reply.Error != "" {
		return "", errors.New(reply.Error)
	}
	return reply.Dir, err
}

// read returns the tokens of a file in tiktoken's format: one line per token, with its
// bytes in base64 and its rank.
func read(path, sum string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(data); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("the file's SHA-256 is %x, not OpenAI's", got)
	}
	var tokens []string
	for line := range bytes.Lines(data) {
		text, rank, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		token, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		if rank != fmt.Sprint(len(tokens)) {
			return nil, fmt.Errorf("found rank %s, want %d", rank, len(tokens))
		}
		tokens = append(tokens, string(token))
	}
	return tokens, nil
}

// pack returns the packed form of a vocabulary. tokens are given by rank.
func pack(tokens []string) ([]byte, error) {
	ranks := make(map[string]int, len(tokens))
	for rank, token := range tokens {
		ranks[token] = rank
	}
	var packed bitWriter
	for rank, token := range tokens[:256] {
		if len(token) != 1 || ranks[token] != rank {
			return nil, fmt.Errorf("token %d is not a single byte", rank)
		}
		packed.write(uint64(token[0]), 8)
	}
	packed.write(uint64(len(tokens)), 32)
	for rank, token := range tokens[256:] {
		rank += 256
		left, right, ok := lastMerge(token, rank, ranks)
		if !ok {
			return nil, fmt.Errorf("no merge makes the token %d, %q", rank, token)
		}
		width := bits.Len(uint(rank))
		packed.write(uint64(left), width)
		packed.write(uint64(right), width)
	}
	packed.bytes = append(packed.bytes, make([]byte, 7)...) // see packedSlack
	return packed.bytes, nil
}

// lastMerge merges the bytes of a token by the rule, using tokens of lower rank, and
// returns the last two tokens.
func lastMerge(token string, rank int, ranks map[string]int) (left, right int, ok bool) {
	var row []string
	for i := range len(token) {
		row = append(row, token[i:i+1])
	}
	for {
		best, place := math.MaxInt, -1
		for i := range len(row) - 1 {
			if r, ok := ranks[row[i]+row[i+1]]; ok && r < rank && r < best {
				best, place = r, i
			}
		}
		if place < 0 {
			break
		}
		row[place] += row[place+1]
		row = append(row[:place+1], row[place+2:]...)
	}
	if len(row) != 2 {
		return 0, 0, false
	}
	return ranks[row[0]], ranks[row[1]], true
}

// bitWriter fills bytes from their lowest bit.
type bitWriter struct {
	bytes []byte
	used  int // bits of the last byte
}

func (w *bitWriter) write(value uint64, width int) {
	for i := range width {
		if w.used == 0 {
			w.bytes = append(w.bytes, 0)
		}
		w.bytes[len(w.bytes)-1] |= byte(value>>i&1) << w.used
		w.used = (w.used + 1) % 8
	}
}
