//go:build !linux

package llamacpptest

import "syscall"

// processAttributes are the usual ones: there is no server but on Debian.
func processAttributes() *syscall.SysProcAttr { return nil }
