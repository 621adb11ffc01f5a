// Command all can use any embedded encoding, like a program that finds the encoding by a
// model's name.
package main

import (
	"os"

	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
	"github.com/parley-llm/parley/llm/tokens"
)

func main() {
	startup.Main(func() {
		encoding, err := tokens.For(append(os.Args, "gpt-4o")[1])
		if err != nil {
			panic(err)
		}
		encoding.Count("hello")
	})
}
