package llamacpptest

import "syscall"

// processAttributes has the system end the server if the test process dies
// without doing so.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
