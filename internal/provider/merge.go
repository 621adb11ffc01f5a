package provider

import "encoding/json"

// Merge adds members to a JSON object. A member replaces one of the same name, and a nil
// member removes it.
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
