package llamacpptest

import "syscall"

// processAttributes makes the system terminate the server if the test process dies first.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
