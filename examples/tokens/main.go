// Command tokens counts the tokens of files locally, without the network.
//
//	go run ./examples/tokens README.md llm/*.go
//	go run ./examples/tokens -model gpt-4o,gpt-4,./llama.gguf README.md   # compare models
//	git diff | go run ./examples/tokens                                   # standard input
//	go run ./examples/tokens -show README.md                              # show each token
//
// A model is the name of an OpenAI model or of an encoding (cl100k_base), or a vocabulary file:
// GGUF, tokenizer.json or tokenizer.model. The count is that of the text. In a chat, each
// message has a few additional tokens.
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

// env is the environment of the program, except for files. Tests replace it.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	isTerminal     func(stream any) bool // one of the three above
}

// run runs the program and returns the exit status.
func run(e env) int {
	flags := flag.NewFlagSet("tokens", flag.ContinueOnError)
	flags.SetOutput(e.stderr)
	flags.Usage = func() {
		fmt.Fprintf(e.stderr, "usage: tokens [-model name,...] [-window tokens] [-show] [file ...]\n\n")
		flags.PrintDefaults()
	}
	names := flags.String("model", "gpt-4o", "comma-separated `names` of models, encodings or vocabulary files")
	window := flags.Int("window", 0, "context window in `tokens` (default: the model's, if it is known)")
	show := flags.Bool("show", false, "show each token: colored in a terminal, otherwise one per line")
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
