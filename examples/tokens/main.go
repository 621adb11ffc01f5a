// Command tokens counts the tokens of files, as wc counts words, without asking
// anybody.
//
//	go run ./examples/tokens README.md llm/*.go
//	go run ./examples/tokens -model gpt-4o,gpt-4,./llama.gguf README.md   # side by side
//	git diff | go run ./examples/tokens                                   # standard input
//	go run ./examples/tokens -show README.md                              # where the tokens are
//
// A model is the name of one of OpenAI's, of an encoding (cl100k_base), or a
// file with a vocabulary: GGUF, tokenizer.json, tokenizer.model. What is
// counted is text alone: a chat adds a few tokens for each message.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

func main() {
	os.Exit(run(env{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now,
		isTerminal: isTerminal,
	}))
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// env is all that the program knows of the world around it, but for the files.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	isTerminal     func(stream any) bool // one of the three above
}

// run is the program; it returns its exit status.
func run(e env) int {
	flags := flag.NewFlagSet("tokens", flag.ContinueOnError)
	flags.SetOutput(e.stderr)
	flags.Usage = func() {
		fmt.Fprintf(e.stderr, "usage: tokens [-model name,...] [-window tokens] [-show] [file ...]\n\n")
		flags.PrintDefaults()
	}
	names := flags.String("model", "gpt-4o", "`names` of models or encodings, or files with vocabularies, by commas")
	window := flags.Int("window", 0, "context window in `tokens`, where it is not known or to be another")
	show := flags.Bool("show", false, "show the tokens themselves: coloured in a terminal, else one a line")
	if err := flags.Parse(e.args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}

	var models []model
	for name := range strings.SplitSeq(*names, ",") {
		m, err := openModel(strings.TrimSpace(name))
		if err != nil {
			fmt.Fprintln(e.stderr, err)
			return 1
		}
		if *window > 0 {
			m.window = *window
		}
		models = append(models, m)
	}
	inputs := []input{{name: "-", open: func() (io.ReadCloser, int64, error) { return io.NopCloser(e.stdin), 0, nil }}}
	if flags.NArg() > 0 {
		inputs = files(flags.Args())
	}
	if *show {
		return showAll(e, models, inputs)
	}
	return countAll(e, models, inputs)
}
