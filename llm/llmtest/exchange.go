package llmtest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
)

// exchanges is the content of the file that [Record] writes. It is JSON that people can read
// and edit.
type exchanges struct {
	Exchanges []*exchange `json:"exchanges"`
}

// exchange is one request and its reply.
type exchange struct {
	Method   string      `json:"method"`
	URL      string      `json:"url"`
	Header   http.Header `json:"header,omitempty"` // for readers: it is not compared
	Body     body        `json:"body"`
	Response response    `json:"response"`
}

type response struct {
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	Body   body        `json:"body"`
	// Broken is the error that ended the body, or "".
	Broken string `json:"broken,omitempty"`
}

// body is the content of a body. In JSON it is a list of lines with their line ends, or a
// string in base64 if it is not UTF-8.
type body []byte

// MarshalJSON writes lines, or base64.
func (b body) MarshalJSON() ([]byte, error) {
	if !utf8.Valid(b) {
		return json.Marshal(base64.StdEncoding.EncodeToString(b))
	}
	lines := []string{}
	for line := range strings.Lines(string(b)) {
		lines = append(lines, line)
	}
	return jsontext.Marshal(lines), nil
}

// UnmarshalJSON reads the forms that MarshalJSON writes.
func (b *body) UnmarshalJSON(data []byte) error {
	var lines []string
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte(`"`)) {
		var encoded string
		if err := json.Unmarshal(data, &encoded); err != nil {
			return err
		}
		decoded, err := base64.StdEncoding.DecodeString(encoded)
		*b = decoded
		return err
	}
	err := json.Unmarshal(data, &lines)
	*b = []byte(strings.Join(lines, ""))
	return err
}

func (x *exchanges) save(path string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "\t")
	if err := enc.Encode(x); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}

func loadExchanges(path string) (*exchanges, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	x := new(exchanges)
	if err := dec.Decode(x); err != nil {
		return nil, fmt.Errorf("%s is not a recording: %w", path, err)
	}
	for i, e := range x.Exchanges {
		if e == nil || e.Method == "" || e.URL == "" || e.Response.Status == 0 {
			return nil, fmt.Errorf("%s is not a recording: exchange %d lacks its method, URL or status", path, i)
		}
	}
	return x, nil
}
