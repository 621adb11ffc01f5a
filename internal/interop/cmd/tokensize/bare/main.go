// Command bare is what the other programs are without package tokens.
package main

import (
	"github.com/parley-llm/parley/internal/interop/tokenspeed/startup"
)

func main() {
	startup.Main(func() {})
}
