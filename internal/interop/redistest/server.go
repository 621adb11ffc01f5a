// Package redistest runs real Redis servers for tests: a single server that can be killed
// and restarted with its data, or a cluster of three. It needs the program redis-server,
// version 6 or newer. On Debian, install the package redis-server.
package redistest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startLimit is the time limit for a server to listen and for a cluster to form.
const startLimit = 30 * time.Second

// A Server is a running Redis server. It writes each change to disk before it answers,
// and listens only on loopback.
type Server struct {
	Addr string // host:port

	t       testing.TB
	dir     string
	args    []string
	process *exec.Cmd
	exited  chan struct{} // closed when the process has ended
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	return start(t, "--appendonly", "yes", "--appendfsync", "always")
}

func start(t testing.TB, args ...string) *Server {
	t.Helper()
	port := freePort(t)
	s := &Server{
		Addr: net.JoinHostPort("127.0.0.1", port), t: t, dir: t.TempDir(),
		args: append([]string{"--bind", "127.0.0.1", "--port", port, "--save", "", "--daemonize", "no"}, args...),
	}
	s.run()
	t.Cleanup(s.Kill)
	return s
}

// freePort returns a free port below 55,000. The nodes of a cluster communicate on the
// port number plus 10,000, which must be valid and is then probably free.
func freePort(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if port < 55_000 {
			return strconv.Itoa(port)
		}
	}
	t.Fatal("no free port below 55,000")
	return ""
}

// run starts the process and waits until it accepts connections.
func (s *Server) run() {
	s.t.Helper()
	s.process = exec.Command("redis-server", s.args...)
	s.process.Dir = s.dir
	out, err := s.process.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.process.Start(); err != nil {
		s.t.Fatalf("%v (on Debian: apt-get install redis-server)", err)
	}
	ready := make(chan struct{})
	var log strings.Builder
	s.exited = make(chan struct{})
	go func() {
		defer close(s.exited)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			select {
			case <-ready:
			default:
				fmt.Fprintln(&log, lines.Text())
				if strings.Contains(lines.Text(), "eady to accept connections") {
					close(ready)
				}
			}
		}
		_ = s.process.Wait() // the process was usually killed
	}()
	select {
	case <-ready:
	case <-s.exited:
		s.t.Fatalf("redis-server ended unexpectedly:\n%s", &log)
	case <-time.After(startLimit):
		s.Kill()
		s.t.Fatalf("redis-server does not listen after %v:\n%s", startLimit, &log)
	}
}

// Kill ends the server immediately, as in a crash.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may have ended already
	<-s.exited
}

// Freeze suspends the server with its connections open, until the returned function is
// called.
func (s *Server) Freeze() (thaw func()) {
	s.t.Helper()
	signal := func(sig os.Signal) {
		if err := s.process.Process.Signal(sig); err != nil {
			s.t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// Restart kills the server and starts it again with its data on disk.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.run()
}

// Cluster runs a cluster of three nodes until the test ends, and returns their addresses.
func Cluster(t testing.TB) []string {
	t.Helper()
	var addrs []string
	for range 3 {
		s := start(t, "--cluster-enabled", "yes", "--appendonly", "yes", "--appendfsync", "always")
		addrs = append(addrs, s.Addr)
	}
	args := append([]string{"--cluster", "create"}, addrs...)
	args = append(args, "--cluster-yes")
	if out, err := exec.CommandContext(t.Context(), "redis-cli", args...).CombinedOutput(); err != nil {
		t.Fatalf("redis-cli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	for _, addr := range addrs {
		awaitCluster(t, addr)
	}
	return addrs
}

// awaitCluster waits until a node reports that all slots are served.
func awaitCluster(t testing.TB, addr string) {
	t.Helper()
	_, port, _ := net.SplitHostPort(addr)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(startLimit); ; <-tick.C {
		out, err := exec.CommandContext(t.Context(), "redis-cli", "-p", port, "cluster", "info").CombinedOutput()
		if err == nil && strings.Contains(string(out), "cluster_state:ok") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no cluster at %s after %v: %v\n%s", addr, startLimit, err, out)
		}
	}
}
