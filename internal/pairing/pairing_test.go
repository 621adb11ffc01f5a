package pairing_test

import (
	"slices"
	"testing"

	"github.com/parley-llm/parley/internal/pairing"
)

func TestTake(t *testing.T) {
	var c pairing.Calls[int]
	for i, call := range [][2]string{{"a", "f"}, {"a", "g"}, {"a", "f"}, {"", "f"}, {"b", "h"}} {
		c.Add(call[0], call[1], i)
	}
	for _, test := range []struct {
		id, name string
		want     int // -1 for none
	}{
		{"a", "g", 1}, // one id, and the name decides
		{"a", "", 0},  // one id: by position
		{"", "f", 2},  // no id: the first of that name
		{"", "f", 3}, {"a", "", -1}, {"", "", -1}, {"b", "other", 4}, {"b", "h", -1},
	} {
		got, ok := c.Take(test.id, test.name)
		if !ok {
			got = -1
		}
		if got != test.want {
			t.Errorf("the result %q of %q belongs to call %d, want %d", test.id, test.name, got, test.want)
		}
	}
	c.Add("x", "f", 7)
	if !slices.Equal(c.Values(), []int{7}) || c.Len() != 1 {
		t.Errorf("the open calls are %v", c.Values())
	}
	if c.Reset(); c.Len() != 0 {
		t.Error("there are calls after Reset")
	}
}
