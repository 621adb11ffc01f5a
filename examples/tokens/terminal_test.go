//go:build unix

package main

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
)

// inTerminal runs the program with its output in a pseudo-terminal, and returns the output. The
// clock advances by 0.2 seconds each time the program reads it.
func inTerminal(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	shown := make(chan string)
	go func() {
		data, _ := io.ReadAll(master) // ends with an error after the program has closed the terminal
		shown <- string(data)
	}()
	now := time.Unix(0, 0)
	status := run(env{
		args: args, stdin: strings.NewReader(stdin), stdout: slave, stderr: slave,
		now:        func() time.Time { now = now.Add(200 * time.Millisecond); return now },
		isTerminal: isTerminal,
	})
	slave.Close()
	output := <-shown
	if status != 0 {
		t.Fatalf("the status is %d; the terminal shows %q", status, output)
	}
	return output
}

func TestTerminalProgress(t *testing.T) {
	path := write(t, "long.txt", strings.Repeat("one two three ", 30_000))
	output := inTerminal(t, "", path)
	before, table, found := strings.Cut(output, "bytes")
	if !found {
		t.Fatalf("there is no table: %q", output)
	}
	bars := strings.Split(before, "\r\x1b[K")
	drawn := 0
	for _, bar := range bars {
		if strings.Contains(bar, "█") && strings.Contains(bar, "░") && strings.Contains(bar, " %  ") && strings.Contains(bar, "long.txt") {
			drawn++
		}
	}
	if drawn < 2 {
		t.Errorf("the bar was drawn %d times, want more than one: %q", drawn, before)
	}
	if last := bars[len(bars)-1]; strings.TrimSpace(last) != "" {
		t.Errorf("the table starts after %q, want a cleared line", last)
	}
	if !strings.Contains(table, "420,000  90,001") {
		t.Errorf("the table is %q", table)
	}
}

func TestTerminalColors(t *testing.T) {
	output := inTerminal(t, "hello world\n", "-show")
	want := backgrounds[0] + "hello\x1b[0m" + backgrounds[1] + " world\x1b[0m" + backgrounds[2] + "↵\x1b[0m\r\n"
	if !strings.HasPrefix(output, want) {
		t.Errorf("the output is %q, want the prefix %q", output, want)
	}
}

func TestFileIsNotTerminal(t *testing.T) {
	file, err := os.Open(write(t, "a.txt", "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if isTerminal(file) || isTerminal(new(strings.Builder)) {
		t.Error("isTerminal is true for a file or for another type")
	}
}
