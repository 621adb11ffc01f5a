package httpcall

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
)

// TestConnectLimitWhileDialing connects to a socket whose queue is full:
// Linux lets further connections wait for an answer.
func TestConnectLimitWhileDialing(t *testing.T) {
	newSocket := func() int {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(fd) })
		return fd
	}
	listener := newSocket()
	loopback := [4]byte{127, 0, 0, 1}
	if err := syscall.Bind(listener, &syscall.SockaddrInet4{Addr: loopback}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(listener, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(listener)
	if err != nil {
		t.Fatal(err)
	}
	address := name.(*syscall.SockaddrInet4)
	for range 4 { // never accepted: a queue of length 0 holds one connection and those in progress
		if err := syscall.Connect(newSocket(), address); err != nil && err != syscall.EINPROGRESS {
			t.Fatal(err)
		}
	}
	host := fmt.Sprintf("127.0.0.1:%d", address.Port)
	begun := time.Now()
	e := refuse(t, client(t, nil, llm.Limits{Connect: 50 * time.Millisecond}), post("http://"+host, "{}"))
	equal(t, "kind", e.Kind, llm.Timeout)
	equal(t, "message", e.Message, "no connection to "+host+" within the connect limit of 50ms")
	if took := time.Since(begun); took < 50*time.Millisecond || took > 10*time.Second {
		t.Errorf("the limit of 50 ms took effect after %v", took)
	}
}
