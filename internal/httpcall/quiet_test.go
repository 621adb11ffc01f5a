package httpcall_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// logged collects the output of the standard logger.
type logged struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

// TestUnsolicitedDataIsNotLogged checks that the data of a server on a connection without a
// request does not reach the standard logger, and that connections are used again.
func TestUnsolicitedDataIsNotLogged(t *testing.T) {
	var out logged
	log.SetOutput(&out)
	defer log.SetOutput(os.Stderr)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	more := make(chan struct{})    // send the data that nobody asked for
	dropped := make(chan struct{}) // the client has closed the connection
	requests := make(chan int, 9)  // numbers of connections
	var serving sync.WaitGroup
	defer serving.Wait()
	serving.Go(func() {
		for n := 0; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for range 2 {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					requests <- n
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
				}
				<-more
				fmt.Fprintf(c, "HTTP/1.1 401 No\r\n\r\nbad key %s", "sk-canary-1234567890")
				io.Copy(io.Discard, r)
				close(dropped)
			})
		}
	})
	client := httpcall.NewClient("test", nil, llm.Limits{})
	defer client.Close()
	call := func() {
		r, err := client.Do(t.Context(), &httpcall.Request{Method: http.MethodPost, URL: "http://" + l.Addr().String(), Body: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.ReadAll(100); err != nil {
			t.Error(err)
		}
		r.Close()
	}
	call()
	call()
	if a, b := <-requests, <-requests; a != b {
		t.Errorf("the requests used the connections %d and %d, not the same", a, b)
	}
	close(more)
	<-dropped
	call()
	out.mu.Lock()
	defer out.mu.Unlock()
	if out.buffer.Len() > 0 {
		t.Errorf("logged: %s", &out.buffer)
	}
	client.Close()
	l.Close()
}
