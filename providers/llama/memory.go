package llama

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

// touched makes the compiler keep the reads of touch.
var touched atomic.Int64

// machineMemory returns the memory of the machine, or the limit of the container, in bytes. It
// returns 0 where it is unknown: it is read from files that only Linux has.
func machineMemory() int64 {
	memory := int64(0)
	if file, err := os.Open("/proc/meminfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) >= 2 && fields[0] == "MemTotal:" {
				n, _ := strconv.ParseInt(fields[1], 10, 64) // 0 is unknown
				memory = n << 10
				break
			}
		}
	}
	if data, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil && n > 0 && (memory == 0 || n < memory) {
			memory = n
		}
	}
	return memory
}
