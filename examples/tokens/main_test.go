package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// result is the output and the exit status of the program.
type result struct {
	Status         int
	Stdout, Stderr string
}

// runWith runs the program with its output in a pipe or a terminal.
func runWith(stdin string, terminal bool, args ...string) result {
	var stdout, stderr bytes.Buffer
	status := run(env{
		args: args, stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
		now:        func() time.Time { return time.Time{} },
		isTerminal: func(any) bool { return terminal },
	})
	return result{status, stdout.String(), stderr.String()}
}

// write writes a file and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCountStandardInput(t *testing.T) {
	got := runWith("hello world", false)
	want := result{Stdout: "   bytes  gpt-4o  of 128,000\n-     11       2       0.0 %\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestCompareModels(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{"a.txt": "안녕하세요", "b.txt": strings.Repeat("word ", 1000)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := runWith("", false, "-model", "gpt-4o,gpt-4,cl100k_base", "a.txt", "b.txt")
	want := `       bytes  gpt-4o  of 128,000  gpt-4  of 8,192  cl100k_base
a.txt     15       2       0.0 %      5     0.1 %            5
b.txt  5,000   1,001       0.8 %  1,001    12.2 %        1,001
total  5,015   1,003       0.8 %  1,006    12.3 %        1,006
`
	if diff := cmp.Diff(result{Stdout: want}, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestContextWindow(t *testing.T) {
	for name, want := range map[string]int{
		"gpt-4o-mini": 128_000, "openai/gpt-4.1-2025-04-14": 1_047_576, "gpt-35-turbo": 16_385,
		"ft:gpt-4o-mini-2024-07-18:org::id": 128_000, "o3": 200_000, "somebody-elses": 0,
	} {
		if got := windowOf(name); got != want {
			t.Errorf("the window of %s is %d, want %d", name, got, want)
		}
	}
}

func TestCountWithErrors(t *testing.T) {
	path := write(t, "here.txt", "hello world")
	got := runWith("", false, "-window", "4", path, path+".missing", filepath.Dir(path))
	if got.Status != 1 {
		t.Errorf("the status is %d, want 1", got.Status)
	}
	if !strings.Contains(got.Stdout, "50.0 %") {
		t.Errorf("the table lacks the existing file or its share of the window:\n%s", got.Stdout)
	}
	for _, want := range []string{"here.txt.missing: no such file", "is a folder"} {
		if !strings.Contains(got.Stderr, want) {
			t.Errorf("standard error is %q, want %q in it", got.Stderr, want)
		}
	}
}

func TestUnknownModels(t *testing.T) {
	for _, tt := range []struct {
		models, says string
		status       int
	}{
		{"gpt-4o,claude", "claude", 1},
		{"nothing.gguf", "nothing.gguf", 1},
		{"", "encoding", 1},
	} {
		got := runWith("", false, "-model", tt.models)
		if got.Status != tt.status || got.Stdout != "" || !strings.Contains(got.Stderr, tt.says) {
			t.Errorf("-model %q: status %d, %q and %q; want status %d and an error that names %q",
				tt.models, got.Status, got.Stdout, got.Stderr, tt.status, tt.says)
		}
	}
	if got := runWith("", false, "-modle", "x"); got.Status != 2 {
		t.Errorf("an unknown flag gives status %d, want 2", got.Status)
	}
}

func TestShowInPipe(t *testing.T) {
	got := runWith("hello world\x1b[2J", false, "-show")
	want := result{Stdout: "24912\t\"hello\"\n2375\t\" world\"\n215\t\"\\x1b\"\n58\t\"[\"\n17\t\"2\"\n41\t\"J\"\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestShowInTerminal(t *testing.T) {
	got := runWith("hi\n🦙\x1b[2J", true, "-show")
	for _, want := range []string{
		"hi\x1b[0m",  // a token ends with its colour
		"↵\x1b[0m\n", // which does not run to the end of the line
		"\x1b[4m🦙",   // a character of several tokens is underlined
		"^[",         // control characters are shown in caret notation
		"(o200k_base)\n",
	} {
		if !strings.Contains(got.Stdout, want) {
			t.Errorf("the view lacks %q:\n%q", want, got.Stdout)
		}
	}
	if strings.Contains(got.Stdout, "\x1b[2J") {
		t.Errorf("the output contains the escape sequence of the text: %q", got.Stdout)
	}
}

// The progress bar appears when counting takes longer than patience, and is removed at the end.
func TestProgress(t *testing.T) {
	for _, tt := range []struct {
		name         string
		size         int64
		step         time.Duration // between two reads
		terminal     bool
		shows, hides string
	}{
		{"slow", 4000, 200 * time.Millisecond, true, " 75 %", "100 % of"},
		{"slow, without a size", 0, 200 * time.Millisecond, true, "MB/s", "%"},
		{"quick", 4000, time.Millisecond, true, "", "%"},
		{"in a pipe", 4000, time.Hour, false, "", "%"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			now := time.Unix(0, 0)
			e := env{stderr: &stderr, now: func() time.Time { return now }, isTerminal: func(any) bool { return tt.terminal }}
			p := newProgress(e, "name", tt.size)
			for range 4 {
				now = now.Add(tt.step)
				p.Write(make([]byte, 1000))
			}
			p.clear()
			got := stderr.String()
			if !strings.Contains(got, tt.shows) || strings.Contains(got, tt.hides) {
				t.Errorf("standard error is %q, want %q in it and not %q", got, tt.shows, tt.hides)
			}
			if got != "" && !strings.HasSuffix(got, "\r\x1b[K") {
				t.Errorf("the bar is not removed: %q", got)
			}
		})
	}
}

// failing is a reader that fails after some text.
type failing struct{ io.Reader }

func (failing) Close() error { return nil }

func TestReadError(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("hello"), closed{})
	var stdout, stderr bytes.Buffer
	e := env{stdout: &stdout, stderr: &stderr, now: time.Now, isTerminal: func(any) bool { return false }}
	m, err := openModel("gpt-4o")
	if err != nil {
		t.Fatal(err)
	}
	in := input{"broken", func() (io.ReadCloser, int64, error) { return failing{broken}, 0, nil }}
	if status := countAll(e, []model{m, m}, []input{in}); status != 1 || stdout.Len() > 0 || !strings.Contains(stderr.String(), os.ErrClosed.Error()) {
		t.Errorf("status %d, output %q, error %q; want status 1 and the reader's error alone", status, stdout.String(), stderr.String())
	}
}

type closed struct{}

func (closed) Read([]byte) (int, error) { return 0, os.ErrClosed }
