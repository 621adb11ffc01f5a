package provider

import (
	"fmt"

	"github.com/parley-llm/parley/llm"
)

// CustomTool returns the text of the error for a request with a custom tool, for a dialect
// that does not have them, or "".
func CustomTool(req *llm.Request) string {
	for _, t := range req.Tools {
		if t.Custom != nil {
			return fmt.Sprintf("the tool %q is a custom tool, and this API has none: describe its input with Parameters", t.Name)
		}
	}
	return ""
}
