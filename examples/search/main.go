// Command search uses embeddings to find the lines of a text that are most similar in meaning
// to a query.
//
//	go run ./examples/search -model openai/text-embedding-3-small notes.txt our decision about prices
//	go run ./examples/search -model ollama/nomic-embed-text notes.txt holidays
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	_ "github.com/parley-llm/parley/providers/all"
)

func main() {
	name := flag.String("model", "ollama/nomic-embed-text", "`provider/name` of an embedding model")
	top := flag.Int("top", 3, "`number` of lines to print")
	flag.Parse()
	if flag.NArg() < 2 {
		log.Fatal("usage: search [-model provider/name] file query ...")
	}
	model, err := providers.Open(*name)
	if err != nil {
		log.Fatal(err)
	}
	text, err := os.ReadFile(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	found, err := search(context.Background(), model, strings.Split(string(text), "\n"), strings.Join(flag.Args()[1:], " "))
	if err := errors.Join(err, model.Close()); err != nil {
		log.Fatal(err)
	}
	for _, hit := range found[:max(0, min(*top, len(found)))] {
		fmt.Printf("%.2f  %s\n", hit.similarity, hit.line)
	}
}

// hit is a line and its similarity to the query, from -1 to 1.
type hit struct {
	line       string
	similarity float64
}

// batch is the number of texts in one request. Some providers allow at most 100.
const batch = 64

// search returns all lines that are not blank, ordered by similarity to the query.
func search(ctx context.Context, model *llm.Model, lines []string, query string) ([]hit, error) {
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.TrimSpace(line) == "" })
	var vectors [][]float32
	for inputs := range slices.Chunk(append([]string{query}, lines...), batch) {
		resp, err := model.Embed(ctx, &llm.EmbedRequest{Inputs: inputs})
		if err != nil {
			return nil, err
		}
		vectors = append(vectors, resp.Vectors...)
	}
	hits := make([]hit, len(lines))
	for i, line := range lines {
		hits[i] = hit{line, cosine(vectors[0], vectors[i+1])}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.similarity, a.similarity) })
	return hits, nil
}

// cosine returns the cosine of the angle between two vectors, or 0 if one of them is zero.
func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range min(len(a), len(b)) {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
