// Command vision asks a model a question about images.
//
//	go run ./examples/vision photo.png Describe this image
//	PARLEY_MODEL=ollama/llama3.2-vision go run ./examples/vision a.jpg b.jpg List the differences
//
// The arguments are image files, followed by the words of the question.
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
	_ "github.com/parley-llm/parley/providers/llama/builtin" // the model if nothing is configured
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

// describe asks about the images and streams the answer.
func describe(ctx context.Context, w io.Writer, model *llm.Model, args []string) error {
	var images []llm.Part
	for len(args) > 0 {
		data, err := os.ReadFile(args[0])
		if errors.Is(err, fs.ErrNotExist) {
			break // the first argument that is not a file starts the question
		}
		if err != nil {
			return err
		}
		images = append(images, llm.Image{Data: data}) // the media type is detected from the data
		args = args[1:]
	}
	question := strings.Join(args, " ")
	switch {
	case len(images) == 0:
		return errors.New("missing image: pass image files before the question")
	case question == "":
		question = "Describe the images."
	}
	// With FailOnUnsupported, a model without image input is an error, not a warning.
	req := &llm.Request{Messages: []llm.Message{llm.User(question, images...)}, FailOnUnsupported: true}
	for text, err := range model.Stream(ctx, req).Text() {
		if err != nil {
			return err
		}
		fmt.Fprint(w, text)
	}
	fmt.Fprintln(w)
	return nil
}
