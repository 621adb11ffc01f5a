package ollamatest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/parley-llm/parley/internal/tinyllama"
)

// Chat templates in Ollama's template language. Ollama derives the capabilities of a
// model from the fields that its template uses: tools (with the format of a call) and
// thinking. All templates end in a newline, because scripted models require it.
const (
	plainTemplate = `{{- range .Messages }}<|{{ .Role }}|>
{{ .Content }}
{{ end }}<|assistant|>
`
	thinkTemplate = `{{- range .Messages }}<|{{ .Role }}|>
{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ .Content }}
{{ end }}<|assistant|>
`
	toolTemplate = `{{- if .Tools }}Tools, to be called with {"name": ..., "parameters": ...}:
{{ range .Tools }}{{ . }}
{{ end }}{{ end }}{{- range .Messages }}<|{{ .Role }}|>
{{ .Content }}{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "parameters": {{ .Function.Arguments }}}{{ end }}
{{ end }}<|assistant|>
`
	toolXMLTemplate = `{{- if .Tools }}<tools>
{{ range .Tools }}{{ . }}
{{ end }}</tools>
{{ end }}{{- range .Messages }}<|{{ .Role }}|>
{{ .Content }}{{ if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}{{ end }}
</tool_call>{{ end }}
{{ end }}<|assistant|>
`
)

func template(model string) string {
	switch model {
	case "think":
		return thinkTemplate
	case "tool":
		return toolTemplate
	case "toolxml":
		return toolXMLTemplate
	}
	return plainTemplate
}

func (s *Server) loadModels(ctx context.Context) error {
	for _, m := range tinyllama.Ready() {
		file, err := m.File()
		if err != nil {
			return err
		}
		if err := s.CreateModel(ctx, m.Name, file, template(m.Name)); err != nil {
			return fmt.Errorf("model %s: %w", m.Name, err)
		}
	}
	return nil
}

// CreateModel creates a model on the server from a GGUF file and a chat template, like
// the command "ollama create". https://docs.ollama.com/api/create
func (s *Server) CreateModel(ctx context.Context, name string, file []byte, template string) error {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(file))
	if _, err := s.post(ctx, "/api/blobs/"+digest, file); err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{
		"model":    name,
		"files":    map[string]string{name + ".gguf": digest},
		"template": template,
	})
	if err != nil {
		return err
	}
	progress, err := s.post(ctx, "/api/create", body)
	if err != nil {
		return err
	}
	return finished(progress)
}

// post sends a body and returns the whole reply.
func (s *Server) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("POST %s: %s: %s", path, response.Status, reply)
	}
	return reply, nil
}

// finished checks a progress report, a sequence of JSON objects, one per line. It can end
// in an error although the HTTP status is 200.
func finished(progress []byte) error {
	var last struct{ Status, Error string }
	lines := bufio.NewScanner(bytes.NewReader(progress))
	for lines.Scan() {
		last.Status, last.Error = "", ""
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			return fmt.Errorf("progress %q: %w", lines.Bytes(), err)
		}
		if last.Error != "" {
			return fmt.Errorf("create the model: %s", last.Error)
		}
	}
	if last.Status != "success" {
		return fmt.Errorf("creating the model ended with status %q, want success", last.Status)
	}
	return nil
}
