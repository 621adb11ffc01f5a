// Command cl100k uses cl100k_base.
package main

import (
	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
	"github.com/parley-llm/parley/llm/tokens"
)

func main() {
	startup.Main(func() { tokens.CL100kBase().Count("hello") })
}
