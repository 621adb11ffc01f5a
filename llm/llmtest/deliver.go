package llmtest

import (
	"bufio"
	"errors"
	"net"
	"os"
	"strconv"
	"time"
)

// conn is the server's end of a connection. Only the goroutine that serves it reads and
// writes.
type conn struct {
	net.Conn
	reader *bufio.Reader
	server *Server
}

var errBroken = errors.New("llmtest: the connection is broken on purpose")

// deliver sends a reply. A nil error means that the connection can be reused.
func (c *conn) deliver(w HTTPReply) error {
	switch w.end {
	case endHangUp:
		return c.reset()
	case endSilent:
		return c.stall()
	case endGarbled:
		if _, err := c.Write(w.Body); err != nil {
			return err
		}
		return errBroken
	}
	if err := c.wait(w.headerWait); err != nil {
		return err
	}
	if _, err := c.Write(w.head()); err != nil {
		return err
	}
	for _, piece := range w.pieces() {
		if err := c.wait(w.pace); err != nil {
			return err
		}
		if _, err := c.Write(w.encode(piece)); err != nil {
			return err
		}
	}
	switch w.end {
	case endReset:
		return c.reset()
	case endStall:
		return c.stall()
	}
	if w.sized {
		return nil
	}
	_, err := c.Write([]byte("0\r\n\r\n"))
	return err
}

// encode returns a piece of the body in its transfer encoding.
func (w HTTPReply) encode(piece []byte) []byte {
	if w.sized {
		return piece
	}
	chunk := strconv.AppendInt(make([]byte, 0, len(piece)+16), int64(len(piece)), 16)
	chunk = append(chunk, '\r', '\n')
	chunk = append(chunk, piece...)
	return append(chunk, '\r', '\n')
}

// wait waits for d, or until the client closes the connection. A client that waits for a reply
// sends nothing, so a read that does not time out means that the client has closed the
// connection. For connections in memory under testing/synctest, the fake clock applies.
func (c *conn) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	_, err := c.reader.Peek(1)
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return errBroken
	}
	return c.SetReadDeadline(time.Time{})
}

// stall waits until the client closes the connection.
func (c *conn) stall() error {
	c.server.changeStalled(+1)
	defer c.server.changeStalled(-1)
	c.reader.Peek(1) // every result means that the exchange is over
	return errBroken
}

// reset makes the close of a TCP connection a reset.
func (c *conn) reset() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			return err
		}
	}
	return errBroken
}
