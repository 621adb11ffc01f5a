package all_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
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

	cfg, err := config.Load(path, nil)
	if err != nil {
		log.Fatal(err) // file:line:column of every mistake
	}
	defer cfg.Close()
	model, err := cfg.Model("") // the default
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cfg.Names(), model)
	// Output: [local office] ollama/llama3.2
}
