package conformance

import (
	"strings"
	"testing"
)

func TestChecksThatNeedStreamingExist(t *testing.T) {
	s := miniSuite(t, flawless)
	for _, name := range needStreaming {
		found := false
		for _, c := range s.checks() {
			found = found || strings.HasPrefix(c.name, name)
		}
		if !found {
			t.Errorf("no check has a name that begins with %q", name)
		}
	}
	if s.lacksStreaming("break/at every event") != "" {
		t.Error("a suite that declares nothing skips a check")
	}
	s.NoStreaming = "it does not stream"
	if s.lacksStreaming("break/at every event") != s.NoStreaming || s.lacksStreaming("text/streamed") != "" {
		t.Error("a suite of answers in one piece skips the wrong checks")
	}
}
