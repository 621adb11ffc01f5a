// Command bare is the baseline for the other programs. It does not use package tokens.
package main

import (
	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
)

func main() {
	startup.Main(func() {})
}
