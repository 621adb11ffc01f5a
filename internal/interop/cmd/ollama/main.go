// Command ollama prints the path of the Ollama program that the tests of this module run.
// It builds the program if necessary.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/parley-llm/parley/internal/interop/ollamabuild"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	program, err := ollamabuild.Program(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(program)
}
