package provider

import "encoding/json"

// Merge adds members to a JSON object, in place of its own of the same name. A
// nil member takes the object's own away.
func Merge(object []byte, members map[string]any) ([]byte, error) {
	if len(members) == 0 {
		return object, nil
	}
	var merged map[string]json.RawMessage
	if err := json.Unmarshal(object, &merged); err != nil {
		return nil, err
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
			continue
		}
		data, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		merged[name] = data
	}
	return json.Marshal(merged)
}
