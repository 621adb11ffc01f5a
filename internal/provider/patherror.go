package provider

import (
	"net/http"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// IsPathError reports whether an error says that the server does not have the path of the
// request, and is not about the model. The commonest cause is a wrong base URL.
func IsPathError(e *llm.Error, path, model string) bool {
	if e.Kind != llm.NotFound && e.Status != http.StatusMethodNotAllowed {
		return false
	}
	text := strings.ToLower(strings.ReplaceAll(e.Message, path, "") + " " + e.Code) // "/models" is not a model
	for _, word := range [...]string{"model", "deployment", "no endpoints found"} {
		if strings.Contains(text, word) {
			return false
		}
	}
	return len(model) < 2 || !strings.Contains(text, strings.ToLower(model))
}
