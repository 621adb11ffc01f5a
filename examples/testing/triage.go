// Command testing assigns a support request to one of three boxes. Its test, triage_test.go,
// shows how to test a program with a scripted model instead of a real one.
//
//	go run ./examples/testing "My invoice is wrong, and I am furious"
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
)

var boxes = []string{"billing", "bug", "other"}

// triage returns the box for a request. The model is a parameter, so that a test can pass a
// scripted one.
func triage(ctx context.Context, model *llm.Model, request string) (string, error) {
	req := &llm.Request{
		Messages: []llm.Message{
			llm.System("Answer with one word: " + strings.Join(boxes, ", ") + "."),
			llm.User(request),
		},
		MaxTokens: 2000, // reasoning counts towards the limit
	}
	resp, err := model.Generate(ctx, req)
	if errors.Is(err, llm.ContentFilter) {
		return "other", nil // a person reads these requests
	}
	if err != nil {
		return "", err
	}
	box := strings.ToLower(strings.Trim(resp.Text(), " .\n"))
	if !slices.Contains(boxes, box) {
		return "", fmt.Errorf("unexpected answer %q: want one of %v", resp.Text(), boxes)
	}
	return box, nil
}

func main() {
	ctx := context.Background()
	result, err := config.Default(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	box, err := triage(ctx, result.Model, strings.Join(os.Args[1:], " "))
	if err := errors.Join(err, result.Model.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(box)
}
