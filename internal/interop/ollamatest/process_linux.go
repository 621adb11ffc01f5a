package ollamatest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// processAttributes puts the server into a separate process group. The system terminates
// the server if the test process dies first.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// runners returns the ids of the processes in the server's group, without the server.
func (s *Server) runners() ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	var list []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended in the meantime
		}
		// proc_pid_stat(5): pid (name) state parent group …. The name may contain any
		// character.
		i := strings.LastIndexByte(string(stat), ')')
		var state string
		var parent, group int
		if _, err := fmt.Sscan(string(stat[i+1:]), &state, &parent, &group); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		if leader := s.process.Process.Pid; group == leader && pid != leader && state != "Z" {
			list = append(list, pid)
		}
	}
	return list, nil
}
