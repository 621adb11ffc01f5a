package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

func TestPipe(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		input  string
		status int
		stdout string
		stderr string // without the first line with the name of the model
	}{
		{
			name: "the answer alone goes to standard output", args: []string{"-model", "scripted/hello"}, input: "hi",
			stdout: "Hello there.\n",
			stderr: "Greet them.\n\n[4.0 tokens/s · 12 in, 5 out]\n",
		},
		{
			name: "the whole input is one prompt", args: []string{"-model", "scripted/echo"}, input: "/help me\\\nwith this\r\n\n",
			stdout: `user "/help me\\\nwith this"` + "\n",
			stderr: "[tokens/s unknown · 1 in, 1 out]\n",
		},
		{
			name: "words come before the input", args: []string{"-model", "scripted/echo", "-system", "Be brief.", "Review", "this:"}, input: "x := 1\n",
			stdout: `system "Be brief.", user "Review this:\n\nx := 1"` + "\n",
			stderr: "[tokens/s unknown · 1 in, 1 out]\n",
		},
		{
			name: "words need no input", args: []string{"-model", "scripted/echo", "hi"},
			stdout: `user "hi"` + "\n",
			stderr: "[tokens/s unknown · 1 in, 1 out]\n",
		},
		{
			name: "indentation of the input stays", args: []string{"-model", "scripted/echo"}, input: "\tindented\n",
			stdout: `user "\tindented"` + "\n",
			stderr: "[tokens/s unknown · 1 in, 1 out]\n",
		},
		{
			name: "a warning and a cut answer are told", args: []string{"-model", "scripted/cut"}, input: "hi",
			stdout: "Once upon a time\n",
			stderr: "warning: TopK: left out\n[20.0 tokens/s · 7 in, 11 out · finish: length]\n",
		},
		{
			name: "what the server did not say is unknown", args: []string{"-model", "scripted/unknowing"}, input: "hi",
			stdout: "Who counts?\n",
			stderr: "[tokens/s unknown · usage unknown · finish: unknown]\n",
		},
		{
			name: "what is not text is told", args: []string{"-model", "scripted/rich"}, input: "hi",
			stdout: "See there.\n",
			stderr: "the model called the tool \"clock\", but this program has no tools\nthe answer has a part that cannot be shown: image\n" +
				"source: Example https://example.com/\n" +
				"[tokens/s unknown · 90 in (64 cached), ~30 out (20 reasoning) · finish: other eos_maybe]\n",
		},
		{
			name: "a refusal is the answer", args: []string{"-model", "scripted/refusing"}, input: "hi",
			stdout: "I would rather not.\n",
			stderr: "[tokens/s unknown · 3 in, 5 out]\n",
		},
		{
			name: "an empty answer is told", args: []string{"-model", "scripted/empty"}, input: "hi",
			stderr: "the answer is empty\n[tokens/s unknown · 3 in, 0 out]\n",
		},
		{
			name: "a pipe gets the answer's bytes unchanged", args: []string{"-model", "scripted/escaping"}, input: "hi",
			stdout: "a\x1b[2Jb\r\n\u009bc\td\n",
			stderr: "[tokens/s unknown · 3 in, 2 out]\n",
		},
		{
			name: "an error says what to do", args: []string{"-model", "scripted/unkeyed"}, input: "hi", status: 1,
			stderr: "error: groq/unkeyed: authentication failed (401): Invalid API Key\n" +
				"Set the environment variable GROQ_API_KEY to a valid key.\n",
		},
		{
			name: "an error after a part of the answer is an error", args: []string{"-model", "scripted/breaking"}, input: "hi", status: 1,
			stdout: "So far\n",
			stderr: "error: scripted/breaking: incomplete reply: the connection was cut\nThe connection closed before the end of the answer.\n",
		},
		{
			name: "input that is not UTF-8 is refused", args: []string{"-model", "scripted/echo"}, input: "caf\xe9", status: 1,
			stderr: "error: scripted/echo: invalid request: message 0: part 0 (text) is not valid UTF-8 at byte 3\n",
		},
		{
			name: "nothing to ask is an error", args: []string{"-model", "scripted/echo"}, input: " \n", status: 1,
			stderr: "error: empty prompt: pass the prompt as arguments or on standard input\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(strings.NewReader(test.input), test.args...)
				if status := run(t.Context(), w.env); status != test.status {
					t.Errorf("the exit status is %d, want %d", status, test.status)
				}
				first, rest, _ := strings.Cut(w.stderr.String(), "\n")
				same(t, "the first line of standard error", "model: "+test.args[1]+" (named by -model)", first)
				same(t, "the rest of standard error", test.stderr, rest)
				same(t, "standard output", test.stdout, w.stdout.String())
				if w.provider.closed != 1 {
					t.Errorf("the model was closed %d times, want once", w.provider.closed)
				}
			})
		})
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		status int
		stderr string // its beginning
	}{
		{"-h tells the usage", []string{"-h"}, 0, "usage: chat [-model provider/name] [-system text] [prompt ...]\n"},
		{"an unknown flag is an error", []string{"-mdoel", "a/b"}, 2, "flag provided but not defined: -mdoel\nusage: chat "},
		{"a name that is none is an error", []string{"-model", "gpt"}, 1, "error: invalid request: there is no model \"gpt\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(strings.NewReader("hi"), test.args...)
			if status := run(t.Context(), w.env); status != test.status {
				t.Errorf("the exit status is %d, want %d", status, test.status)
			}
			if got := w.stderr.String(); !strings.HasPrefix(got, test.stderr) {
				t.Errorf("standard error is %q, want it to begin with %q", got, test.stderr)
			}
			same(t, "standard output", "", w.stdout.String())
		})
	}
}

func TestPipeWriteErrors(t *testing.T) {
	broken := errors.New("broken")
	t.Run("input", func(t *testing.T) {
		w := newWorld(iotest.ErrReader(broken), "-model", "scripted/echo")
		if status := run(t.Context(), w.env); status != 1 {
			t.Errorf("the exit status is %d, want 1", status)
		}
		same(t, "standard error", "model: scripted/echo (named by -model)\nerror: cannot read standard input: broken\n", w.stderr.String())
	})
	t.Run("output", func(t *testing.T) {
		w := newWorld(strings.NewReader("hi"), "-model", "scripted/hello")
		r, stdout := io.Pipe()
		r.CloseWithError(broken)
		w.env.stdout = stdout
		if status := run(t.Context(), w.env); status != 1 {
			t.Errorf("the exit status is %d, want 1", status)
		}
		same(t, "standard error", "model: scripted/hello (named by -model)\nGreet them.\n\nerror: cannot write the answer: broken\n", w.stderr.String())
	})
}

func TestInterruptStopsSingleAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/endless", func(w *world) { w.args = append(w.args, "Count.") })
		got := s.interrupt()
		same(t, "the screen", "\nstopped\n", got)
		if status := <-s.status; status != 130 {
			t.Errorf("the exit status is %d, want 130", status)
		}
		s.keyboard.Close()
	})
}

func TestCanceledContextEndsProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorld(strings.NewReader("hi"), "-model", "scripted/hello")
	if status := run(ctx, w.env); status != 1 {
		t.Errorf("the exit status is %d, want 1", status)
	}
	same(t, "standard output", "", w.stdout.String())
}
