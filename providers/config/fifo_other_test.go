//go:build !unix

package config_test

import "testing"

// mkfifo skips the test: this system has no named pipes in directories.
func mkfifo(t *testing.T, _ string) { t.Skip("no named pipes on this system") }
