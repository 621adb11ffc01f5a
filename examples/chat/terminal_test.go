//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// patience is the time limit for output of the program.
const patience = 20 * time.Second

// terminal is the program in a separate process with a pseudo-terminal.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	output chan string // closed when the program has ended
	unseen string
	all    strings.Builder
}

func startTerminal(t *testing.T, variables []string, args ...string) *terminal {
	t.Helper()
	return startPiped(t, nil, variables, args...)
}

// startPiped starts the program at a terminal. If there is an input, standard input is a pipe,
// for example "echo hi | chat".
func startPiped(t *testing.T, stdin io.Reader, variables []string, args ...string) *terminal {
	t.Helper()
	cmd := program(t, append([]string{"TERM=xterm", "HOME=" + t.TempDir()}, variables...), args...)
	session := &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if stdin != nil {
		cmd.Stdin, session.Setctty = stdin, false // it is by its input that a process gets a controlling terminal here
	}
	master, err := pty.StartWithAttrs(cmd, nil, session)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, master: master, output: make(chan string)}
	go term.read()
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			term.exit()
		}
		master.Close()
		if t.Failed() {
			t.Logf("all that was shown: %q", term.all.String())
		}
	})
	return term
}

func (term *terminal) read() {
	defer close(term.output)
	data := make([]byte, 4096)
	for {
		n, err := term.master.Read(data)
		if n > 0 {
			term.output <- string(data[:n])
		}
		if err != nil {
			return // EIO or EOF: the program has ended
		}
	}
}

func (term *terminal) press(keys string) {
	term.t.Helper()
	if _, err := term.master.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// see waits for a text and returns the output up to its end.
func (term *terminal) see(text string) string {
	term.t.Helper()
	deadline := time.After(patience)
	for {
		if before, after, found := strings.Cut(term.unseen, text); found {
			term.unseen = after
			return before + text
		}
		select {
		case more, ok := <-term.output:
			if !ok {
				term.t.Fatalf("the program exited without the output %q; its output was %q", text, term.unseen)
			}
			term.unseen += more
			term.all.WriteString(more)
		case <-deadline:
			term.t.Fatalf("after %v, the output does not contain %q: %q", patience, text, term.unseen)
		}
	}
}

// exit waits until the program exits, and returns the exit status and the unread output.
func (term *terminal) exit() (int, string) {
	term.t.Helper()
	kill := time.AfterFunc(patience, func() { term.cmd.Process.Kill() })
	defer kill.Stop()
	for more := range term.output {
		term.unseen += more
		term.all.WriteString(more)
	}
	// Its status tells how it ended.
	_ = term.cmd.Wait()
	return term.cmd.ProcessState.ExitCode(), term.unseen
}

func (term *terminal) leaves(status int) {
	term.t.Helper()
	if got, rest := term.exit(); got != status {
		term.t.Errorf("the exit status is %d, want %d; the last output was %q", got, status, rest)
	}
}

// freshPrompt is a prompt at the start of a line.
const freshPrompt = "\r\n> "

func TestTerminalStreamsAnswer(t *testing.T) {
	term := startTerminal(t, nil, "-model", "scripted/hello")
	term.see("model: scripted/hello (named by -model)")
	term.see(freshPrompt)
	term.press("hi\r")
	if got, want := term.see("⠋"), "hi\r\n\r⠋"; got != want {
		t.Errorf("the output before the answer is %q, want %q", got, want)
	}
	spun := term.see("Greet them.")
	if want := "\r\x1b[K\x1b[2mGreet them."; !strings.HasSuffix(spun, want) {
		t.Errorf("the spinner is not erased before the answer: %q does not end in %q", spun, want)
	}
	term.see("Hello ")
	if piece := term.see("there."); piece != "there." {
		t.Errorf("the second piece is %q, want %q", piece, "there.")
	}
	if line := term.see(freshPrompt); !strings.Contains(line, "tokens/s · 12 in, 5 out]") {
		t.Errorf("the line after the answer has no speed and usage: %q", line)
	}
	term.press("\x04")
	term.leaves(0)
}

func TestTerminalInterruptStopsAnswer(t *testing.T) {
	term := startTerminal(t, []string{"NO_COLOR=1"}, "-model", "scripted/endless")
	term.see(freshPrompt)
	term.press("Count.\r")
	term.see("1 2 3 4 ")
	term.press("\x03")
	term.see("stopped; the partial answer is part of the conversation")
	term.see(freshPrompt)
	term.press("/model scripted/echo\r")
	term.see("model: scripted/echo" + freshPrompt)
	term.press("And?\r")
	term.see(`user "Count.", assistant "1 2 3 4 `)
	term.see(`user "And?"`)
	term.see(freshPrompt)
	term.press("\x04")
	term.leaves(0)
}

func TestTerminalInterruptAtPrompt(t *testing.T) {
	term := startTerminal(t, []string{"NO_COLOR=1"}, "-model", "scripted/echo")
	term.see(freshPrompt)
	term.press("half a line\x03")
	term.see("Press Ctrl-C again or Ctrl-D to exit." + freshPrompt)
	term.press("whole\r")
	term.see(`user "whole"`)
	term.see(freshPrompt)
	term.press("\x03")
	term.see("Press Ctrl-C again or Ctrl-D to exit." + freshPrompt)
	term.press("\x03")
	term.leaves(0)
}

func TestTerminalModelsOfConfigFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	file := "models: {first: scripted/brief, terse: {model: scripted/echo, defaults: {system: Be terse.}}}\ndefault: first"
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	term := startTerminal(t, []string{"NO_COLOR=1", "PARLEY_CONFIG=" + path})
	term.see("model: scripted/brief (by " + path)
	term.see(freshPrompt)
	term.press("/model\r")
	term.see("models of the config file: first, terse" + freshPrompt)
	term.press("/model terse\r")
	term.see("model: scripted/echo" + freshPrompt)
	term.press("And?\r")
	term.see(`system "Be terse.", user "And?"`)
	term.see(freshPrompt)
	term.press("/model trese\r")
	term.see(`did you mean "terse"?` + freshPrompt)
	term.press("/model scripted/brief\r") // not one of the file's names
	term.see("model: scripted/brief" + freshPrompt)
	term.press("And?\r")
	term.see("Hi.")
	term.see(freshPrompt)
	term.press("\x04")
	term.leaves(0)
}

func TestTerminalCommands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "talk.json")
	term := startTerminal(t, []string{"NO_COLOR=1"}, "-model", "scripted/brief", "-system", "Be brief.")
	term.see("model: scripted/brief")
	term.see(freshPrompt)
	for _, step := range []struct{ typed, shown string }{
		{"one", "\r\x1b[KHi.\r\n[tokens/s unknown · 3 in, 2 out]"},
		{"/model", "model: scripted/brief"},
		{"/model scripted/echo", "model: scripted/echo"},
		{"two", `system "Be brief.", user "one", assistant "Hi.", user "two"` + "\r\n[tokens/s unknown · 1 in, 1 out]"},
		{"/system Be kind.", "system message set"},
		{"/save " + path, "saved 5 messages to " + path},
		{"/reset", "new conversation"},
		{"three", `system "Be kind.", user "three"` + "\r\n"},
		{"/system", "system message removed"},
		{"/reset", "new conversation"},
		{"four", `Kuser "four"` + "\r\n"},
		{"/load " + path, "loaded 5 messages from " + path},
		{"five", `system "Be kind.", user "one", assistant "Hi.", user "two", assistant `},
		{"/load " + path + ".none", "no such file or directory"},
		{"/save", "error: "},
		{"/help", "/model provider/name"},
	} {
		term.press(step.typed + "\r")
		term.see(step.shown)
		term.see(freshPrompt)
	}
	term.press("/quit\r")
	term.leaves(0)
}

func TestTerminalWithPipedInput(t *testing.T) {
	term := startPiped(t, strings.NewReader("hi\n"), nil, "-model", "scripted/hello")
	if before := term.see("⠋"); strings.Contains(before, "> ") {
		t.Errorf("a prompt is shown although the input is a pipe: %q", before)
	}
	term.see("\r\x1b[K\x1b[2mGreet them.")
	term.see("Hello there.\r\n")
	status, rest := term.exit()
	if want := "tokens/s · 12 in, 5 out]"; status != 0 || !strings.Contains(rest, want) {
		t.Errorf("the exit status is %d, want 0; the last output is %q, want %q in it", status, rest, want)
	}
}

func TestTerminalNoConfiguration(t *testing.T) {
	// No server listens at this address, because the port is reserved.
	term := startTerminal(t, []string{"OLLAMA_HOST=127.0.0.1:1"})
	note := term.see(")\x1b[0m\r\n")
	for _, want := range []string{"\x1b[2mmodel: llama/builtin (a small model", "set OPENAI_API_KEY", "start Ollama"} {
		if !strings.Contains(note, want) {
			t.Errorf("the line about the model does not contain %q: %q", want, note)
		}
	}
	term.see("> ")
	for range 2 {
		term.press("Hello\r")
		term.see("tokens/s · ")
		term.see(freshPrompt)
	}
	term.press("\x04")
	term.leaves(0)
}

func TestTerminalSingleAnswer(t *testing.T) {
	t.Run("to its end", func(t *testing.T) {
		term := startTerminal(t, nil, "-model", "scripted/brief", "Hello?")
		term.see("\r\x1b[KHi.\r\n")
		term.leaves(0)
	})
	t.Run("interrupted", func(t *testing.T) {
		term := startTerminal(t, nil, "-model", "scripted/endless", "Count.")
		term.see("1 2 ")
		term.press("\x03")
		term.see("stopped")
		term.leaves(130)
	})
}

func TestTerminalPipedInputAndOutput(t *testing.T) {
	cmd := program(t, nil, "-model", "scripted/hello")
	cmd.Stdin = strings.NewReader("hi\n")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	same(t, "standard output", "Hello there.\n", stdout.String())
	if strings.ContainsAny(stderr.String(), "\x1b\r") {
		t.Errorf("standard error is not a terminal, but has control characters: %q", stderr.String())
	}
}

// The keys of a line editor: cursor keys, the history, and a pasted block.
func TestTerminalEditsLines(t *testing.T) {
	term := startTerminal(t, []string{"NO_COLOR=1"}, "-model", "scripted/echo")
	term.see(freshPrompt)
	term.press("ab\x1b[Dx\r") // the cursor is before b
	term.see(`user "axb"`)
	term.see(freshPrompt)
	term.press("/reset\r")
	term.see("new conversation" + freshPrompt)
	term.press("\x1b[A\x1b[A\r") // the line before the last
	term.see(`user "axb"`)
	term.see(freshPrompt)
	term.press("/reset\r")
	term.see("new conversation" + freshPrompt)
	term.press("\x1b[200~one\rtwo\r\rthree\x1b[201~\r")
	term.see(`user "one\ntwo\n\nthree"`)
	term.see(freshPrompt)
	term.press("/reset\r")
	term.see("new conversation" + freshPrompt)
	term.press("\"\"\"\r")
	term.see(promptMore)
	term.press("first\r")
	term.see(promptMore)
	term.press("second\"\"\"\r")
	term.see(`user "first\nsecond"`)
	term.see(freshPrompt)
	term.press("\x04")
	term.leaves(0)
}

// An answer in Markdown is rendered on a terminal, and nowhere else.
func TestTerminalRendersMarkdown(t *testing.T) {
	term := startTerminal(t, nil, "-model", "scripted/echo")
	if err := pty.Setsize(term.master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	term.see("> ")
	term.press("**bold**\r")
	term.see(`user "` + bold + "bold" + plain + `"`)
	term.see("> ")
	term.press("\x04")
	term.leaves(0)
	plainly := startTerminal(t, []string{"NO_COLOR=1"}, "-model", "scripted/echo")
	plainly.see(freshPrompt)
	plainly.press("**bold**\r")
	if got := plainly.see(freshPrompt); !strings.Contains(got, `user "**bold**"`) || strings.Contains(got, bold) {
		t.Errorf("without colors, the answer is %q", got)
	}
	plainly.press("\x04")
	plainly.leaves(0)
}
