package ollamatest

import (
	"errors"
	"syscall"
)

// processAttributes puts the server into a process group of its own.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

func (s *Server) runners() ([]int, error) {
	return nil, errors.New("finding a server's runners needs Linux")
}
