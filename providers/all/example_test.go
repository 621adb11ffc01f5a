package all_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/parley-llm/parley/providers"
	_ "github.com/parley-llm/parley/providers/all"
)

// A file says which models there are; the program names them.
func Example_configFile() {
	dir, err := os.MkdirTemp("", "parley")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "parley.yaml")
	file := `
default: local
models:
  local: {model: "ollama/llama3.2", defaults: {temperature: 0}}
  office: {model: vllm/llama, base_url: "https://llm.office.example/v1"}
egress: [127.0.0.1, llm.office.example, public]
`
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		log.Fatal(err)
	}

	setup, err := providers.Load(path)
	if err != nil {
		log.Fatal(err) // file:line:column of every mistake
	}
	defer setup.Close()
	model, err := setup.Model("") // the default
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(setup.Names(), model)
	// Output: [local office] ollama/llama3.2
}
