package provider

import "github.com/parley-llm/parley/llm"

// Unsupported returns the warning that fails a request with FailOnUnsupported, or nil. Data
// of earlier answers that is not sent is not a setting.
func Unsupported(req *llm.Request, warnings []llm.Warning) *llm.Warning {
	if !req.FailOnUnsupported {
		return nil
	}
	for i, w := range warnings {
		if w.Code != llm.WarnStateOmitted {
			return &warnings[i]
		}
	}
	return nil
}
