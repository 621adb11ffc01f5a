package provider

import "testing"

func TestBuffersOfLongTextsAreNotKept(t *testing.T) {
	if kept := Reusable(make([]byte, 100, 4<<10)); cap(kept) != 4<<10 || len(kept) != 0 {
		t.Errorf("a buffer of 4 KB becomes one of %d of %d bytes, want none of 4096", len(kept), cap(kept))
	}
	if kept := Reusable(make([]byte, 0, 1<<20)); kept != nil {
		t.Errorf("a buffer of 1 MB is kept, of which %d bytes are left", cap(kept))
	}
	if kept := Reusable(nil); kept != nil {
		t.Errorf("no buffer becomes %v", kept)
	}
}
