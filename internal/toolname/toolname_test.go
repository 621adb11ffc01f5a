package toolname_test

import (
	"strings"
	"testing"

	"github.com/parley-llm/parley/internal/toolname"
)

func TestWire(t *testing.T) {
	long := strings.Repeat("n", 64)
	for name, want := range map[string]string{
		"read": "read", "Read-File_2": "Read-File_2", long: long,
		"files.read": "files_read_601e4eb6", "files/read": "files_read_", "": "_",
		long + "n": strings.Repeat("n", 55) + "_",
		"größe":    "gr__e_",
	} {
		got := toolname.Wire(name)
		if !strings.HasPrefix(got, want) || !toolname.IsWire(got) || toolname.Wire(got) != got {
			t.Errorf("the name %q is sent as %q, want %q and a hash", name, got, want)
		}
		if toolname.IsWire(name) != (got == name) {
			t.Errorf("the name %q is sent as %q", name, got)
		}
	}
	if toolname.Wire("files.read") == toolname.Wire("files/read") {
		t.Error("two names became one")
	}
}
