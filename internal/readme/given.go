package readme

const module = "github.com/parley-llm/parley/"

// packages are what a snippet may use without importing it.
var packages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "json": "encoding/json", "log": "log",
	"os": "os", "slog": "log/slog", "testing": "testing", "time": "time",
	"llm":        module + "llm",
	"llmtest":    module + "llm/llmtest",
	"config":     module + "providers/config",
	"catalog":    module + "providers/catalog",
	"egress":     module + "llm/egress",
	"gemini":     module + "providers/gemini",
	"llamacpp":   module + "providers/llamacpp",
	"middleware": module + "llm/middleware",
	"ollama":     module + "providers/ollama",
	"openai":     module + "providers/openai",
	"otel":       module + "llm/otel",
	"providers":  module + "providers",
	"tokens":     module + "llm/tokens",
}

// given is what a snippet that is not a whole program may take for granted. The
// models are where the environment says, and cfg is the file that README.md
// shows.
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

// start runs the snippet, and fails if it does.
const start = `
func main() {
	if err := snippet(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

`

// shown are names that a snippet may declare to show them, and not use.
var shown = []string{"answer", "azure", "model", "option", "req", "resp", "result", "retryOnce", "tool", "vllm"}
