package openai

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// Exchange is one recorded request with its reply.
type Exchange struct {
	Name     string // the file's, within the folder of recordings
	Method   string
	Path     string // of the URL
	Request  string // body
	Status   int
	Header   http.Header
	Body     string
	Unending bool // a chunked reply whose last chunk never came
}

// Exchanges returns the recorded exchanges in OpenAI's dialect under the folder
// that PARLEY_CONFORMANCE names, and skips the test where there is none.
func Exchanges(t testing.TB) []Exchange {
	t.Helper()
	root := os.Getenv("PARLEY_CONFORMANCE")
	if root == "" {
		t.Skip("PARLEY_CONFORMANCE is not set: there are no recorded replies to test against")
	}
	var all []Exchange
	for _, folder := range []string{"openai", "azure", "compat"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*", "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Fatalf("there are no recordings in %s (%v)", filepath.Join(root, folder), err)
		}
		for _, file := range files {
			all = append(all, readCassette(t, root, file)...)
		}
	}
	for _, pattern := range []string{
		"llamacpp/v1-*", "llamacpp/err-*", "llamacpp/overflow*", "llamacpp/midstream-crash*",
		"ollama/v1-*", "ollama/overflow-v1*", "ollama/midstream-crash-v1*",
	} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)+".hdr"))
		if err != nil || len(files) == 0 {
			t.Fatalf("there are no recordings %s (%v)", pattern, err)
		}
		for _, file := range files {
			all = append(all, readRecording(t, root, strings.TrimSuffix(file, ".hdr")))
		}
	}
	return all
}

// readCassette reads a file of go-vcr's second version.
func readCassette(t testing.TB, root, file string) []Exchange {
	t.Helper()
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
	data := readFile(t, file)
	if err := yaml.Unmarshal(data, &cassette); err != nil || cassette.Version != 2 || len(cassette.Interactions) == 0 {
		t.Fatalf("%s cannot be read as a cassette of version 2: %v", file, err)
	}
	var exchanges []Exchange
	for _, i := range cassette.Interactions {
		_, path, _ := strings.Cut(strings.TrimPrefix(i.Request.URL, "https://"), "/")
		exchanges = append(exchanges, Exchange{
			Name: nameOf(root, file), Method: i.Request.Method, Path: "/" + path, Request: i.Request.Body,
			Status: i.Response.Code, Header: i.Response.Headers, Body: i.Response.Body,
		})
	}
	return exchanges
}

// readRecording reads an exchange in three files: the request as it was sent,
// the reply's headers, its body without its transfer coding.
func readRecording(t testing.TB, root, base string) Exchange {
	t.Helper()
	e := Exchange{Name: nameOf(root, base), Body: string(readFile(t, base+".body"))}
	// What follows the headers is not there: the lengths that they promise do not hold.
	head := bytes.TrimRight(readFile(t, base+".hdr"), "\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), strings.NewReader("\r\n\r\n"))), nil)
	if err != nil {
		t.Fatalf("%s.hdr: %v", base, err)
	}
	e.Status, e.Header = resp.StatusCode, resp.Header
	e.Unending = strings.HasSuffix(base, "llamacpp/midstream-crash")
	if _, err := os.Stat(base + ".req"); err != nil {
		return e // only the reply was recorded
	}
	line, body, _ := strings.Cut(string(readFile(t, base+".req")), "\n")
	if strings.HasPrefix(line, "{") { // only the body was recorded
		e.Method, e.Path, e.Request = http.MethodPost, "/v1/chat/completions", line
		return e
	}
	e.Method, e.Path, _ = strings.Cut(strings.TrimSuffix(strings.TrimSpace(line), " HTTP/1.1"), " ")
	_, e.Request, _ = strings.Cut(strings.ReplaceAll(body, "\r", ""), "\n\n")
	return e
}

func nameOf(root, file string) string {
	name, err := filepath.Rel(root, file)
	if err != nil {
		return file
	}
	return strings.TrimSuffix(filepath.ToSlash(name), ".yaml")
}

func readFile(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
