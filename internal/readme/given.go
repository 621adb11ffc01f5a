package readme

const module = "github.com/parley-llm/parley/"

// packages are the packages that a snippet can use without importing them.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "json": "encoding/json", "log": "log",
	"os": "os", "slog": "log/slog", "testing": "testing", "time": "time",
	"llm":        module + "llm",
	"llmtest":    module + "llm/llmtest",
	"config":     module + "providers/config",
	"anthropic":  module + "providers/anthropic",
	"catalog":    module + "providers/catalog",
	"egress":     module + "llm/egress",
	"gemini":     module + "providers/gemini",
	"googleauth": module + "providers/googleauth",
	"llamacpp":   module + "providers/llamacpp",
	"middleware": module + "llm/middleware",
	"ollama":     module + "providers/ollama",
	"openai":     module + "providers/openai",
	"otel":       module + "llm/otel",
	"providers":  module + "providers",
	"structured": module + "llm/structured",
	"tokens":     module + "llm/tokens",
	"tool":       module + "llm/tool",
}

// given are the declarations that a snippet can use if it is not a complete program. The
// models are at the addresses in the environment. cfg is the config file shown in
// README.md.
const given = `
var (
	model    = open("openai/gpt-6-luna")
	other    = open("ollama/llama3.2")
	req      = llm.Prompt("Why is the sky blue?")
	history  = []llm.Message{llm.User("Hello.")}
	png      = []byte("\x89PNG\r\n\x1a\n")
	pdf      = []byte("%PDF-1.7")
	text     = "The sky is blue."
	cfg, _   = config.Load("parley.yaml", nil)
)

func weather(arguments string) string { return "sunny, by " + arguments }

func open(name string) *llm.Model {
	model, err := providers.Open(name)
	if err != nil {
		panic(err)
	}
	return model
}
`

// start runs the snippet and exits with status 1 if it fails.
const start = `
func main() {
	if err := snippet(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

`

// shown are names that a snippet may declare without using them.
var shown = []string{"answer", "azure", "model", "option", "req", "resp", "result", "retryOnce", "tool", "vllm"}
