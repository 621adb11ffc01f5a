// Command hints prints the error of opening a model of each provider that is named, without
// importing any provider.
package main

import (
	"fmt"
	"os"

	"github.com/parley-llm/parley/providers"
)

func main() {
	for _, name := range os.Args[1:] {
		_, err := providers.Open(name + "/m")
		fmt.Println(err)
	}
}
