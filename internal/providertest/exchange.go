package providertest

import (
	"bufio"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// Exchange is a recorded request with its reply.
type Exchange struct {
	Name     string // name of the file, relative to the recordings' directory
	Method   string // empty if the request was not recorded, or only its body
	URL      string // set for cassettes
	Path     string // path of the URL
	Request  string // body of the request
	Status   int
	Header   http.Header // nil if it was not recorded
	Body     string
	Unending bool // a chunked reply without its last chunk
}

// Conformance returns a directory of replies that were not written by this library. It is
// below the directory in the environment variable PARLEY_CONFORMANCE. If the variable is
// not set, the test is skipped.
func Conformance(t testing.TB, folder string) string {
	t.Helper()
	root := os.Getenv("PARLEY_CONFORMANCE")
	if root == "" {
		t.Skip("PARLEY_CONFORMANCE is not set: set it to the directory with recorded replies")
	}
	return filepath.Join(root, filepath.FromSlash(folder))
}

// Recordings returns the recordings that match the pattern, as file names without
// extension. It stops the test if there are none.
func Recordings(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(Conformance(t, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings match %s (%v)", pattern, err)
	}
	names := make([]string, len(files))
	for i, file := range files {
		name, err := filepath.Rel(Conformance(t, ""), file)
		if err != nil {
			t.Fatal(err)
		}
		names[i] = strings.TrimSuffix(filepath.ToSlash(name), filepath.Ext(name))
	}
	return names
}

// Cassettes returns the exchanges of all cassettes that match the pattern. Cassettes are
// in go-vcr's format, version 2.
func Cassettes(t testing.TB, pattern string) (all []Exchange) {
	t.Helper()
	for _, name := range Recordings(t, pattern) {
		var cassette struct {
			Version      int
			Interactions []struct {
				Request struct {
					Method, URL, Body string
				}
				Response struct {
					Code    int
					Headers http.Header
					Body    string
				}
			}
		}
		data := readFile(t, Conformance(t, name+".yaml"))
		if err := yaml.Unmarshal([]byte(data), &cassette); err != nil || cassette.Version != 2 || len(cassette.Interactions) == 0 {
			t.Fatalf("%s is not a cassette of version 2: %v", name, err)
		}
		for _, i := range cassette.Interactions {
			_, path, _ := strings.Cut(strings.TrimPrefix(i.Request.URL, "https://"), "/")
			all = append(all, Exchange{
				Name: name, Method: i.Request.Method, URL: i.Request.URL, Path: "/" + path, Request: i.Request.Body,
				Status: i.Response.Code, Header: i.Response.Headers, Body: i.Response.Body,
			})
		}
	}
	return all
}

// Recording reads an exchange recorded as plain HTTP. NAME.req is the request, or only
// its body. NAME.hdr contains the headers of the reply. NAME.body is the body of the
// reply without its transfer coding. Only NAME.body is required.
func Recording(t testing.TB, name string) Exchange {
	t.Helper()
	base := Conformance(t, name)
	e := Exchange{Name: name, Status: http.StatusOK, Body: readFile(t, base+".body")}
	if head := readIfThere(t, base+".hdr"); head != "" {
		// The file ends after the headers, so a Content-Length in them is not checked.
		resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(strings.TrimRight(head, "\r\n")+"\r\n\r\n")), nil)
		if err != nil {
			t.Fatalf("%s.hdr: %v", name, err)
		}
		e.Status, e.Header = resp.StatusCode, resp.Header
	}
	request := readIfThere(t, base+".req")
	line, rest, _ := strings.Cut(request, "\n")
	if words, isHTTP := strings.CutSuffix(strings.TrimSpace(line), " HTTP/1.1"); isHTTP {
		e.Method, e.Path, _ = strings.Cut(words, " ")
		_, e.Request, _ = strings.Cut(strings.ReplaceAll(rest, "\r", ""), "\n\n")
	} else {
		e.Request = request
	}
	return e
}

func readFile(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readIfThere(t testing.TB, file string) string {
	t.Helper()
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return readFile(t, file)
}
