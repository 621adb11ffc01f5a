package provider

import "time"

// Time is a time in a JSON reply. A value that is not a time in RFC 3339 is the zero time.
type Time struct{ time.Time }

// UnmarshalJSON takes any value.
func (t *Time) UnmarshalJSON(data []byte) error {
	t.Time = time.Time{}
	if len(data) < len(`""`) || len(data) > maxTime {
		return nil
	}
	if parsed, err := time.Parse(time.RFC3339, string(data[1:len(data)-1])); err == nil {
		t.Time = parsed
	}
	return nil
}

// maxTime is longer than any time.
const maxTime = 64
