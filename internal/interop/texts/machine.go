package texts

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Source is a list of directories with text.
type Source struct {
	Name string
	Dirs []string
}

// Sources returns texts that exist on every machine with Go and Node.js: the source code
// and documentation of both, and the system's documentation.
func Sources(ctx context.Context) ([]Source, error) {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	node, err := exec.CommandContext(ctx, "node", "--print", "process.execPath").Output()
	if err != nil {
		return nil, fmt.Errorf("find Node.js: %w", err)
	}
	prefix := filepath.Dir(filepath.Dir(strings.TrimSpace(string(node))))
	sources := []Source{
		{"Go", []string{strings.TrimSpace(string(goroot))}},
		{"Node.js", []string{
			filepath.Join(prefix, "lib/node_modules"), filepath.Join(prefix, "include/node"),
			filepath.Join(prefix, "share/nodejs"), filepath.Join(prefix, "share/node_modules"), // Debian's packages
		}},
	}
	if runtime.GOOS == "linux" {
		sources = append(sources, Source{"system documentation", []string{"/usr/share/doc", "/usr/share/common-licenses", "/usr/share/perl", "/usr/share/i18n"}})
	}
	return sources, nil
}

const (
	largestFile = 1 << 20 // only the beginning of larger files is read
	longestSame = 2 << 10 // longest run of one kind of character, in bytes
)

// All iterates over the texts of a source up to a total of limit bytes. The order mixes
// the directories and depends only on the names of the files. Files that are not UTF-8
// and duplicates are left out. A text is divided within a long run of letters, spaces or
// other characters, because the time of npm's tiktoken grows with the square of the
// length of a run.
func (s Source) All(limit int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		paths, err := s.files()
		if err != nil {
			yield("", err)
			return
		}
		seen := make(map[uint64]bool)
		for _, path := range paths {
			text, err := readText(path)
			if err != nil {
				yield("", err)
				return
			}
			if sum := hash(text); text == "" || seen[sum] {
				continue
			} else {
				seen[sum] = true
			}
			for text != "" && limit > 0 {
				n := end(text)
				if !yield(text[:n], nil) {
					return
				}
				limit -= n
				text = text[n:]
			}
			if limit <= 0 {
				return
			}
		}
	}
}

// files returns the regular files in the order of the hashes of their names.
func (s Source) files() ([]string, error) {
	var paths []string
	for _, dir := range s.Dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				paths = append(paths, path)
			}
			if os.IsNotExist(err) || os.IsPermission(err) {
				return nil // missing or unreadable files are left out
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b))
	})
	return paths, nil
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// readText returns the text of a file, or "" if it is not text.
func readText(path string) (string, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) || os.IsPermission(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	data := make([]byte, largestFile)
	n, err := io.ReadFull(f, data)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return "", err
	}
	data = data[:n]
	for i := 1; n == largestFile && i <= utf8.UTFMax; i++ {
		if tail := data[n-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				data = data[:n-i]
			}
			break
		}
	}
	if !utf8.Valid(data) || bytes.Contains(data, make([]byte, 8)) {
		return "", nil
	}
	return string(data), nil
}

// end returns the length of the longest prefix of text without a run that is too long.
func end(text string) int {
	start, last := 0, -1
	for i, r := range text {
		kind := kindOf(r)
		if kind != last {
			start, last = i, kind
		}
		if i-start > longestSame {
			return i
		}
	}
	return len(text)
}

func kindOf(r rune) int {
	switch {
	case unicode.In(r, unicode.L, unicode.M):
		return 0
	case unicode.IsSpace(r):
		return 1
	default:
		return 2
	}
}
