// Command package uses package tokens but none of its vocabularies.
package main

import (
	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
	"github.com/parley-llm/parley/llm/tokens"
)

func main() {
	startup.Main(func() { _ = (*tokens.Encoding).Count })
}
