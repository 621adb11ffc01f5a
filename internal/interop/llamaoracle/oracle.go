package llamaoracle

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parley-llm/parley/internal/interop/npmtest"
)

//go:embed package.json
var manifest []byte

//go:embed package-lock.json
var lockfile []byte

//go:embed oracle.mjs
var script string

// oracle is libllama in another process. One goroutine at a time may use it.
type oracle struct {
	in     io.WriteCloser
	out    *json.Decoder
	stderr bytes.Buffer
}

// start starts libllama until the end of the test.
func start(t testing.TB) *oracle {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("libllama is installed for amd64 Linux only")
	}
	// Optional packages are builds for other systems and graphics cards, of hundreds of MB.
	// "npm ci" wants all of them in the lock file.
	dir, err := npmtest.Install(t.Context(), t.Output(), manifest, lockfile, "install", "--omit=optional")
	if err != nil {
		t.Fatal(err)
	}
	// The script is a file, because node-llama-cpp runs Node.js again with the same arguments.
	// It finds the packages of the folder that it is in.
	work, err := os.MkdirTemp(dir, "oracle-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(work); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(work, "oracle.mjs")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	p := exec.Command("node", file)
	o := new(oracle)
	p.Stderr = &o.stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	o.out = json.NewDecoder(bufio.NewReaderSize(out, 1<<20))
	if o.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatalf("starting Node.js (in Debian the package nodejs): %v", err)
	}
	t.Cleanup(func() {
		o.in.Close()
		if err := p.Wait(); err != nil {
			t.Errorf("libllama: %v\n%s", err, o.stderr.Bytes())
		}
	})
	return o
}

// token is a token of a greedy run.
type token struct {
	ID     int
	Logits []float64 // by id, less the largest one
}

// margin returns the distance of the largest logit to that of another token.
func (t token) margin(id int) float64 { return -t.Logits[id] }

// request is a line for oracle.mjs.
type request struct {
	Path    string `json:"path"`
	Threads int    `json:"threads"`
	Prompt  []int  `json:"prompt"`
	Tokens  int    `json:"tokens"`
	Timed   bool   `json:"timed"`
	Text    string `json:"text,omitempty"`
}

func (o *oracle) send(r request) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = o.in.Write(append(line, '\n'))
	return err
}

// times are the seconds that something takes.
type times struct{ CPU, Wall float64 }

// time measures a prompt if tokens is 0, or else the generation of tokens after it.
func (o *oracle) time(path string, threads int, prompt []int, tokens int) (times, error) {
	var t times
	if err := o.send(request{Path: path, Threads: threads, Prompt: prompt, Tokens: tokens, Timed: true}); err != nil {
		return t, err
	}
	if err := o.out.Decode(&t); err != nil {
		return t, fmt.Errorf("libllama: %w\n%s", err, o.stderr.Bytes())
	}
	return t, nil
}

// tokenize returns the ids of a text with control tokens.
func (o *oracle) tokenize(path, text string) ([]int, error) {
	if err := o.send(request{Path: path, Threads: 1, Text: text}); err != nil {
		return nil, err
	}
	var answer struct{ Ids []int }
	if err := o.out.Decode(&answer); err != nil {
		return nil, fmt.Errorf("libllama: %w\n%s", err, o.stderr.Bytes())
	}
	return answer.Ids, nil
}

// run calls do for each token of a greedy run of the model at path.
func (o *oracle) run(path string, prompt []int, tokens int, do func(i int, t token) error) error {
	if err := o.send(request{Path: path, Threads: 1, Prompt: prompt, Tokens: tokens}); err != nil {
		return err
	}
	var failed error // all answers are read in any case
	for i := range tokens {
		var t token
		if err := o.out.Decode(&t); err != nil {
			return fmt.Errorf("libllama, token %d: %w\n%s", i, err, o.stderr.Bytes())
		}
		if failed == nil {
			failed = do(i, t)
		}
	}
	return failed
}
