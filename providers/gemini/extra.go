package gemini

import (
	"encoding/json"

	"github.com/parley-llm/parley/internal/provider"
)

// mergeDeep adds members to a JSON object. Unlike provider.Merge, it merges objects into
// existing objects, so that a new member of "generationConfig" does not remove the others.
func mergeDeep(object []byte, members map[string]any) ([]byte, error) {
	var present map[string]json.RawMessage
	merged := members
	for name, value := range members {
		inner, ok := value.(map[string]any)
		if !ok {
			continue
		}
		if present == nil {
			if err := json.Unmarshal(object, &present); err != nil {
				return nil, err
			}
			merged = make(map[string]any, len(members))
			for name, value := range members {
				merged[name] = value
			}
		}
		if own := present[name]; len(own) > 0 && own[0] == '{' {
			whole, err := mergeDeep(own, inner)
			if err != nil {
				return nil, err
			}
			merged[name] = json.RawMessage(whole)
		}
	}
	return provider.Merge(object, merged)
}
