// Command chat is a chat with any model, in a terminal or in a pipe.
//
//	go run ./examples/chat                                # a conversation
//	go run ./examples/chat -model groq/openai/gpt-oss-20b
//	go run ./examples/chat Why is the sky blue?           # one answer
//	git diff | go run ./examples/chat Review this change  # one answer about the input
//
// Standard output contains only the answer. Ctrl-C stops an answer and keeps its text. The
// command /help lists the commands of a conversation.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

func main() {
	os.Exit(run(context.Background(), env{
		args:   os.Args[1:],
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		getenv: os.Getenv,
		open:   func(name string) (*llm.Model, error) { return providers.Open(name) },
		isTerminal: func(stream any) bool {
			f, ok := stream.(*os.File)
			return ok && term.IsTerminal(int(f.Fd()))
		},
		interrupts: func() (<-chan os.Signal, func()) {
			pressed := make(chan os.Signal, 1)
			signal.Notify(pressed, os.Interrupt)
			return pressed, func() { signal.Stop(pressed) }
		},
	}))
}

// env is the environment of the program. Tests replace it.
type env struct {
	args           []string // without the program's name
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	open           func(name string) (*llm.Model, error)
	isTerminal     func(stream any) bool // one of the three above
	// interrupts starts to receive Ctrl-C. Before that, Ctrl-C ends the program.
	interrupts func() (pressed <-chan os.Signal, stop func())
}

// run runs the program and returns the exit status.
func run(ctx context.Context, e env) int {
	flags := flag.NewFlagSet("chat", flag.ContinueOnError)
	flags.SetOutput(e.stderr)
	flags.Usage = func() {
		fmt.Fprintf(e.stderr, "usage: chat [-model provider/name] [-system text] [prompt ...]\n\n")
		flags.PrintDefaults()
		fmt.Fprintf(e.stderr, "\nProviders: %s.\n", strings.Join(providers.Names(), ", "))
	}
	name := flags.String("model", "", "`provider/name` of the model, or its name in the config file (default: PARLEY_MODEL, or a model that is available)")
	system := flags.String("system", "", "`text` of the system message")
	if err := flags.Parse(e.args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}

	s := newScreen(e)
	result, err := choose(ctx, e, *name)
	if err != nil {
		if _, advises := errors.AsType[*config.NotConfiguredError](err); advises {
			fmt.Fprintln(e.stderr, err)
		} else {
			s.failure(err, "")
		}
		return 1
	}
	c := &chat{env: e, screen: s, model: result.Model, cfg: result.Config, talk: conversation{system: *system}}
	defer c.close()
	s.note("model: %s", result)
	if result.Config != nil {
		for _, warning := range result.Config.Warnings() {
			s.note("%s", warning)
		}
	}
	if e.isTerminal(e.stdin) && flags.NArg() == 0 {
		return c.converse(ctx)
	}
	return c.answerOnce(ctx, strings.Join(flags.Args(), " "))
}
