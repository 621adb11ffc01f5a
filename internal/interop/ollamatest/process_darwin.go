package ollamatest

import (
	"errors"
	"syscall"
)

// processAttributes puts the server into a separate process group.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

func (s *Server) runners() ([]int, error) {
	return nil, errors.New("KillRunners works only on Linux")
}
