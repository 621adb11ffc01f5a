// Command config sends a prompt to the model of a config file. This folder has three config
// files for three providers. The program is the same for all of them.
//
//	go run ./examples/config -config examples/config/openai.yaml Why is the sky blue?
//	go run ./examples/config -config examples/config/gemini.yaml Why is the sky blue?
//	go run ./examples/config -config examples/config/ollama.yaml Why is the sky blue?
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Stderr, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout, stderr io.Writer, args []string) error {
	flags := flag.NewFlagSet("config", flag.ExitOnError)
	path := flags.String("config", "parley.yaml", "the config `file`")
	name := flags.String("model", "", "the `name` of a model in the file (default: the file's default)")
	_ = flags.Parse(args) // exits the program after an error
	if flags.NArg() == 0 {
		return errors.New("missing prompt: usage: config [-config file] [-model name] prompt")
	}
	cfg, err := config.Load(*path, nil)
	if err != nil {
		return err
	}
	defer cfg.Close()
	for _, warning := range cfg.Warnings() {
		fmt.Fprintln(stderr, warning)
	}
	model, err := cfg.Model(*name)
	if err != nil {
		return err
	}
	answer := model.Stream(ctx, llm.Prompt(strings.Join(flags.Args(), " ")))
	for text, err := range answer.Text() {
		if err != nil {
			return err
		}
		fmt.Fprint(stdout, text)
	}
	fmt.Fprintf(stderr, "\n%s: %s\n", model, answer.Response().Usage)
	return nil
}
