// Command harmony uses o200k_harmony.
package main

import (
	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
	"github.com/parley-llm/parley/llm/tokens"
)

func main() {
	startup.Main(func() { tokens.O200kHarmony().Count("hello") })
}
