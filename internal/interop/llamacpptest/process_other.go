//go:build !linux

package llamacpptest

import "syscall"

// processAttributes returns nil. The server is only available on Debian.
func processAttributes() *syscall.SysProcAttr { return nil }
