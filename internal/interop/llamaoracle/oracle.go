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

// run calls do for each token of a greedy run of the model at path.
func (o *oracle) run(path string, prompt []int, tokens int, do func(i int, t token) error) error {
	request, err := json.Marshal(map[string]any{"path": path, "prompt": prompt, "tokens": tokens})
	if err != nil {
		return err
	}
	if _, err := o.in.Write(append(request, '\n')); err != nil {
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
