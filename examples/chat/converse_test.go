package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const stats = "\n[tokens/s unknown · 1 in, 1 out]\n" // of the models that answer in one piece

func TestConversations(t *testing.T) {
	type exchange struct{ typed, shown string }
	for _, test := range []struct {
		name  string
		model string
		talk  []exchange
	}{
		{
			name: "the history goes with each message", model: "echo",
			talk: []exchange{
				{"one", `user "one"` + stats},
				{"two", `user "one", assistant "user \"one\"", user "two"` + stats},
			},
		},
		{
			name: "a backslash continues a message", model: "echo",
			talk: []exchange{
				{`one \`, promptMore},
				{`two\`, promptMore},
				{"three", `user "one \ntwo\nthree"` + stats},
			},
		},
		{
			name: "an empty line asks nothing", model: "echo",
			talk: []exchange{{"", ""}, {"  ", ""}, {"hi", `user "hi"` + stats}},
		},
		{
			name: "two slashes begin a message with one", model: "echo",
			talk: []exchange{{"//etc is what?", `user "/etc is what?"` + stats}},
		},
		{
			name: "another model goes on with the conversation", model: "brief",
			talk: []exchange{
				{"one", "Hi.\n[tokens/s unknown · 3 in, 2 out]\n"},
				{"/model", "model: scripted/brief\n"},
				{"/model scripted/echo", "model: scripted/echo\n"},
				{"two", `user "one", assistant "Hi.", user "two"` + stats},
			},
		},
		{
			name: "a model that cannot be had leaves the old one", model: "echo",
			talk: []exchange{
				{"/model other/gpt", "error: invalid request: there is no model \"other/gpt\"\n"},
				{"one", `user "one"` + stats},
			},
		},
		{
			name: "a model of the same provider needs no provider", model: "echo",
			talk: []exchange{
				{"/model hello", "model: scripted/hello\n"},
			},
		},
		{
			name: "a model that does not exist says so at the first message", model: "none",
			talk: []exchange{
				{"one", "error: scripted/none: not found (404): there is no such model\n" +
					"Check the model's name and the server's address. Press Enter or use /retry to try again.\n"},
				{"/model scripted/echo", "model: scripted/echo\n"},
				{"/retry", `user "one"` + stats},
			},
		},
		{
			name: "a system message is set and removed", model: "echo",
			talk: []exchange{
				{"/system Be brief.", "system message set\n"},
				{"one", `system "Be brief.", user "one"` + stats},
				{"/reset", "new conversation\n"},
				{"two", `system "Be brief.", user "two"` + stats},
				{"/system", "system message removed\n"},
				{"/reset", "new conversation\n"},
				{"three", `user "three"` + stats},
			},
		},
		{
			name: "a failed message is taken back and can be asked again", model: "unreliable",
			talk: []exchange{
				{"one", "I was about\nerror: scripted/unreliable: network error: connection reset\n" +
					"Check the network and the server's address. Press Enter or use /retry to try again.\n"},
				{"two", `user "two"` + stats},
				{"/retry", "The last message did not fail.\n"},
				{"", ""},
				{"three", "I was about\nerror: scripted/unreliable: network error: connection reset\n" +
					"Check the network and the server's address. Press Enter or use /retry to try again.\n"},
				{"", `user "two", assistant "user \"two\"", user "three"` + stats},
				{"", ""},
			},
		},
		{
			name: "tool calls are not kept, since they stay without result", model: "rich",
			talk: []exchange{
				{"one", "the model called the tool \"clock\", but this program has no tools\n" +
					"the answer has a part that cannot be shown: image\nSee there.\n" +
					"source: Example https://example.com/\n" +
					"[tokens/s unknown · 90 in (64 cached), ~30 out (20 reasoning) · finish: other eos_maybe]\n"},
				{"/model scripted/echo", "model: scripted/echo\n"},
				{"two", `user "one", assistant "See there." with  of 1 bytes , user "two"` + stats},
			},
		},
		{
			name: "a terminal gets no control characters from a model", model: "escaping",
			talk: []exchange{{"hi", "a[2Jb\nc\td\n[tokens/s unknown · 3 in, 2 out]\n"}},
		},
		{
			name: "unknown commands are answered with the nearest", model: "echo",
			talk: []exchange{
				{"/modle scripted/echo", "Unknown command /modle. Did you mean /model? /help lists the commands.\n"},
				{"/sys", "Unknown command /sys. Did you mean /system? /help lists the commands.\n"},
				{"/exit", "Unknown command /exit. Did you mean /quit? /help lists the commands.\n"},
				{"/frobnicate", "Unknown command /frobnicate. /help lists the commands.\n"},
				{"/", "Unknown command /. /help lists the commands.\n"},
			},
		},
		{
			name: "an image by its URL goes with the next message only", model: "echo",
			talk: []exchange{
				{"/image https://example.com/a.png", "1 image added to the next message\n"},
				{"/image https://example.com/b.png", "2 images added to the next message\n"},
				{"what?", `user "what?" with  of 0 bytes https://example.com/a.png with  of 0 bytes https://example.com/b.png` + stats},
				{"/reset", "new conversation\n"},
				{"and?", `user "and?"` + stats},
			},
		},
		{
			name: "commands that need a file say so", model: "echo",
			talk: []exchange{
				{"/save", "error: missing argument: add the name of a file\n"},
				{"/load", "error: missing argument: add the name of a file\n"},
				{"/image", "error: missing argument: add the name of a file\n"},
			},
		},
		{
			name: "help lists the commands", model: "echo",
			talk: []exchange{{"/help", `/model provider/name   switch to another model, by default of the same provider; without a name, show the model
/system text           set the system message; without text, remove it
/image path-or-URL     add an image to the next message
/retry                 send the last message again after an error
/reset                 start a new conversation
/save file             write the conversation to a file, as JSON
/load file             continue a conversation from a file
/help                  list the commands
/quit                  exit
End a line with \ to continue the message on the next line. Start a message with // to send a leading slash.
A message of several lines is between lines with """, or is pasted.
Ctrl-C stops an answer, Ctrl-D exits.
`}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := converse(t, "scripted/"+test.model)
				for _, x := range test.talk {
					same(t, "the screen after \""+x.typed+"\"", x.shown, s.typing(x.typed))
				}
				if status := s.leave(); status != 0 {
					t.Errorf("the exit status is %d, want 0", status)
				}
				same(t, "the screen at the end", "\n", s.see())
			})
		})
	}
}

func TestQuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		same(t, "the screen", "", s.typing("/quit"))
		if status := <-s.status; status != 0 {
			t.Errorf("the exit status is %d, want 0", status)
		}
		s.keyboard.Close() // the reading of it ends after the program
	})
}

func TestEndOfInputAfterMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		if _, err := s.keyboard.Write([]byte("no newline")); err != nil {
			t.Fatal(err)
		}
		s.keyboard.Close()
		if status := <-s.status; status != 0 {
			t.Errorf("the exit status is %d, want 0", status)
		}
		same(t, "the screen", `user "no newline"`+stats+promptFirst+"\n", s.see())
	})
}

func TestColorsAndSpinner(t *testing.T) {
	const (
		greeting = "model: scripted/slow (named by -model)\n"
		help     = "Ctrl-C stops an answer, Ctrl-D exits, /help lists the commands.\n"
		spun     = "\r⠋\r⠙\r⠹\r⠸\r⠼\r⠴\r⠦\r⠧\r⠇\r⠏\r⠋ 1s\r⠙ 1s\r⠹ 1s\r\x1b[K"
		numbers  = "[tokens/s unknown · 3 in, 2 out]\n"
	)
	dimmed := func(s string) string { return "\x1b[2m" + s + "\x1b[0m" }
	note := func(s string) string { return dimmed(strings.TrimSuffix(s, "\n")) + "\n" }
	for _, test := range []struct {
		name      string
		variables map[string]string
		want      string
	}{
		{"a terminal has both", map[string]string{"TERM": "xterm"},
			note(greeting) + note(help) + "> " + spun + "At last.\n" + note(numbers)},
		{"NO_COLOR leaves the spinner", map[string]string{"TERM": "xterm", "NO_COLOR": "1"},
			greeting + help + "> " + spun + "At last.\n" + numbers},
		{"a dumb terminal has neither", map[string]string{"TERM": "dumb"},
			greeting + help + "> " + "At last.\n" + numbers},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := converse(t, "scripted/slow", func(w *world) { w.variables = test.variables })
				s.shown = 0
				same(t, "the screen", test.want, s.typing("hi"))
				s.leave()
			})
		})
	}
	t.Run("reasoning and errors have theirs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := converse(t, "scripted/hello", func(w *world) { w.variables = nil })
			same(t, "the screen", "\r⠋\r\x1b[K"+dimmed("Greet them.")+"\n\nHello there.\n"+note("[4.0 tokens/s · 12 in, 5 out]\n"), s.typing("hi"))
			same(t, "the screen", "\x1b[31merror: missing argument: add the name of a file\x1b[0m\n", s.typing("/save"))
			s.leave()
		})
	})
}

func TestInterruptStopsAnswer(t *testing.T) {
	t.Run("and keeps what there is", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := converse(t, "scripted/endless")
			s.begin("Count.")
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
			same(t, "the screen", "1 2 3 \nstopped; the partial answer is part of the conversation\n", s.interrupt())
			s.typing("/model scripted/echo")
			same(t, "the screen", `user "Count.", assistant "1 2 3 ", user "And?"`+stats, s.typing("And?"))
			s.leave()
		})
	})
	t.Run("that has not begun, and offers to ask again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := converse(t, "scripted/silent", func(w *world) { w.variables = map[string]string{"NO_COLOR": "1"} })
			s.begin("Hello?")
			same(t, "the screen", "\r⠋\r\x1b[Kstopped before the answer started. Press Enter or use /retry to try again.\n", s.interrupt())
			s.typing("/model scripted/echo")
			same(t, "the screen", "\r⠋\r\x1b[K"+`user "Hello?"`+stats, s.typing(""))
			s.leave()
		})
	})
}

func TestInterruptAtPrompt(t *testing.T) {
	const hint = "\nPress Ctrl-C again or Ctrl-D to exit.\n"
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		same(t, "the screen after Ctrl-C", hint, s.interrupt())
		same(t, "the screen after a message", `user "one"`+stats, s.typing("one"))
		same(t, "the screen after Ctrl-C", hint, s.interrupt())
		s.typing(`not sent\`)
		same(t, "the screen after Ctrl-C in the middle of a message", hint, s.interrupt())
		same(t, "the screen after a message", `user "one", assistant "user \"one\"", user "two"`+stats, s.typing("two"))
		s.interrupt()
		same(t, "the screen after the second Ctrl-C", "\n", s.interrupt())
		if status := <-s.status; status != 0 {
			t.Errorf("the exit status is %d, want 0", status)
		}
		s.keyboard.Close() // the reading of it ends after the program
	})
}

func TestImageFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	png := write("a.png", "\x89PNG\r\n\x1a\n")
	words := write("a.txt", "words")
	huge := write("huge.png", "")
	if err := os.Truncate(huge, maxImage+1); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		s.typing("/image " + png)
		same(t, "the screen", `user "what?" with image/png of 8 bytes `+stats, s.typing("what?"))
		same(t, "the screen", "error: "+words+" is not an image, but text/plain; charset=utf-8\n", s.typing("/image "+words))
		same(t, "the screen", "error: "+huge+" is not a file of at most 20 MB\n", s.typing("/image "+huge))
		same(t, "the screen", "error: "+dir+" is not a file of at most 20 MB\n", s.typing("/image "+dir))
		s.leave()
	})
}

func TestModelsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		s.typing("/model scripted/brief")
		if s.provider.closed != 1 {
			t.Errorf("after switching models, %d are closed, want 1", s.provider.closed)
		}
		s.leave()
		if s.provider.closed != 2 {
			t.Errorf("at the end, %d models were closed, want 2", s.provider.closed)
		}
	})
}
