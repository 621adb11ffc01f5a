// Command testing sorts a support request into one of three boxes. It is here for its test,
// triage_test.go, which shows how a program that asks models is tested without one.
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

// triage returns the box for a request. It takes any model, so a test can give it a scripted one.
func triage(ctx context.Context, model *llm.Model, request string) (string, error) {
	req := &llm.Request{
		Messages: []llm.Message{
			llm.System("Answer with one word: " + strings.Join(boxes, ", ") + "."),
			llm.User(request),
		},
		MaxTokens: 2000, // models that reason need room for it
	}
	resp, err := model.Generate(ctx, req)
	if errors.Is(err, llm.ContentFilter) {
		return "other", nil // a person will read it
	}
	if err != nil {
		return "", err
	}
	box := strings.ToLower(strings.Trim(resp.Text(), " .\n"))
	if !slices.Contains(boxes, box) {
		return "", fmt.Errorf("the model answered %q, which is none of %v", resp.Text(), boxes)
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
