// Command vision asks a model about pictures.
//
//	go run ./examples/vision photo.png What is this?
//	PARLEY_MODEL=ollama/llama3.2-vision go run ./examples/vision a.jpg b.jpg What differs?
//
// The words from the first that is no file on are the question.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strings"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
)

func main() {
	ctx := context.Background()
	result, err := config.Default(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("asking ", result)
	if err := errors.Join(describe(ctx, os.Stdout, result.Model, os.Args[1:]), result.Model.Close()); err != nil {
		log.Fatal(err)
	}
}

// describe asks about the pictures, and prints the answer as it comes.
func describe(ctx context.Context, w io.Writer, model *llm.Model, args []string) error {
	var pictures []llm.Part
	for len(args) > 0 {
		data, err := os.ReadFile(args[0])
		if errors.Is(err, fs.ErrNotExist) {
			break // the question begins
		}
		if err != nil {
			return err
		}
		pictures = append(pictures, llm.Image{Data: data}) // the kind of picture is found out from its bytes
		args = args[1:]
	}
	question := strings.Join(args, " ")
	switch {
	case len(pictures) == 0:
		return errors.New("there is no picture: give its file first")
	case question == "":
		question = "Describe what is to be seen."
	}
	// Strict: a model that is known to see nothing is an error, rather than an answer about nothing.
	req := &llm.Request{Messages: []llm.Message{llm.User(question, pictures...)}, FailOnUnsupported: true}
	for text, err := range model.Stream(ctx, req).Text() {
		if err != nil {
			return err
		}
		fmt.Fprint(w, text)
	}
	fmt.Fprintln(w)
	return nil
}
