package cost

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"
)

// The floor is the code that a program would contain if it needed only the text of an
// answer and were written by hand for speed. It finds the text at any position of the
// keys, decodes escapes, and detects errors, truncated streams and the end. It has no
// limits, no usage, no tool calls and no events.

var errCut = errors.New("the stream was cut")

// format is the dialect of a stream.
type format struct {
	sse  bool
	read func(*scanner)
}

var (
	openAIFormat = format{true, (*scanner).chunk}
	ollamaFormat = format{false, (*scanner).ollama}
	geminiFormat = format{true, (*scanner).gemini}

	anthropicFormat = format{true, (*scanner).anthropic}
	responsesFormat = format{true, (*scanner).responses}
)

// floorStream sends a request and passes each piece of text to use.
func floorStream(client *http.Client, req *http.Request, f format, use func(string)) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(make([]byte, 4096), 32<<20)
	ended := false
	var s scanner // shared by all lines, to avoid an allocation for each
	for lines.Scan() {
		line := lines.Bytes()
		if f.sse {
			data, ok := bytes.CutPrefix(line, []byte("data:"))
			if !ok {
				if string(line) == "event: error" {
					return errors.New("the server sent an error")
				}
				continue
			}
			if data = bytes.TrimPrefix(data, []byte(" ")); string(data) == "[DONE]" {
				_, err := io.Copy(io.Discard, resp.Body)
				return err
			}
			line = data
		}
		s = scanner{data: line}
		f.read(&s)
		if s.failed || s.sawError {
			return errors.New("bad chunk: " + string(line))
		}
		if s.text != "" {
			use(s.text)
		}
		ended = ended || s.ended
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if !ended {
		return errCut
	}
	return nil
}

// scanner reads one JSON value.
type scanner struct {
	data     []byte
	pos      int
	text     string
	ended    bool
	sawError bool
	failed   bool
}

// chunk reads a chunk of OpenAI's dialect.
func (s *scanner) chunk() {
	s.object(func(key []byte) {
		switch string(key) {
		case "choices":
			s.array(func() {
				s.object(func(key []byte) {
					switch string(key) {
					case "delta":
						s.object(func(key []byte) {
							if string(key) == "content" && s.peek() == '"' {
								s.text = s.string()
								return
							}
							s.skip()
						})
					case "finish_reason":
						s.ended = s.ended || s.peek() == '"'
						s.skip()
					default:
						s.skip()
					}
				})
			})
		case "error":
			s.sawError = s.peek() != 'n'
			s.skip()
		default:
			s.skip()
		}
	})
}

// ollama reads a line of Ollama's dialect.
func (s *scanner) ollama() {
	s.object(func(key []byte) {
		switch string(key) {
		case "message":
			s.object(func(key []byte) {
				if string(key) == "content" {
					s.text = s.string()
					return
				}
				s.skip()
			})
		case "done":
			s.ended = s.peek() == 't'
			s.skip()
		case "error":
			s.sawError = true
			s.skip()
		default:
			s.skip()
		}
	})
}

// anthropic reads an event of Anthropic's dialect.
func (s *scanner) anthropic() {
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			s.peek()
			s.ended = bytes.HasPrefix(s.data[s.pos:], []byte(`"message_stop"`))
			s.sawError = bytes.HasPrefix(s.data[s.pos:], []byte(`"error"`))
			s.skip()
		case "delta":
			s.object(func(key []byte) {
				if string(key) == "text" {
					s.text = s.string()
					return
				}
				s.skip()
			})
		default:
			s.skip()
		}
	})
}

// responses reads an event of OpenAI's Responses API.
func (s *scanner) responses() {
	isText := false
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			s.peek()
			rest := s.data[s.pos:]
			isText = bytes.HasPrefix(rest, []byte(`"response.output_text.delta"`))
			s.ended = bytes.HasPrefix(rest, []byte(`"response.completed"`))
			s.sawError = bytes.HasPrefix(rest, []byte(`"error"`)) || bytes.HasPrefix(rest, []byte(`"response.failed"`))
			s.skip()
		case "delta":
			if isText { // the type comes first
				s.text = s.string()
				return
			}
			s.skip()
		default:
			s.skip()
		}
	})
}

// gemini reads a chunk of Gemini's dialect.
func (s *scanner) gemini() {
	s.object(func(key []byte) {
		switch string(key) {
		case "candidates":
			s.array(func() { s.object(s.geminiCandidate) })
		case "error":
			s.sawError = true
			s.skip()
		default:
			s.skip()
		}
	})
}

func (s *scanner) geminiCandidate(key []byte) {
	switch string(key) {
	case "content":
		s.object(func(key []byte) {
			if string(key) != "parts" {
				s.skip()
				return
			}
			s.array(func() {
				s.object(func(key []byte) {
					if string(key) == "text" {
						s.text = s.string()
						return
					}
					s.skip()
				})
			})
		})
	case "finishReason":
		s.ended = true
		s.skip()
	default:
		s.skip()
	}
}

func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		s.failed = true
		return false
	}
	s.pos++
	return true
}

func (s *scanner) object(member func(key []byte)) {
	if !s.take('{') || s.peek() == '}' {
		s.pos++
		return
	}
	for !s.failed {
		key := s.raw()
		s.take(':')
		member(key)
		if s.peek() != ',' {
			s.take('}')
			return
		}
		s.pos++
	}
}

func (s *scanner) array(element func()) {
	if !s.take('[') || s.peek() == ']' {
		s.pos++
		return
	}
	for !s.failed {
		element()
		if s.peek() != ',' {
			s.take(']')
			return
		}
		s.pos++
	}
}

// raw returns the undecoded text between the quotes of a string.
func (s *scanner) raw() []byte {
	if !s.take('"') {
		return nil
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case '"':
			s.pos++
			return s.data[start : s.pos-1]
		case '\\':
			s.pos++
		}
		s.pos++
	}
	s.failed = true
	return nil
}

func (s *scanner) string() string {
	raw := s.raw()
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	return unescape(raw)
}

// skip skips any value.
func (s *scanner) skip() {
	switch s.peek() {
	case '"':
		s.raw()
	case '{', '[':
		for depth := 0; s.pos < len(s.data); {
			switch s.data[s.pos] {
			case '"':
				s.raw()
				continue
			case '{', '[':
				depth++
			case '}', ']':
				depth--
			}
			s.pos++
			if depth == 0 {
				return
			}
		}
		s.failed = true
	default:
		for s.pos < len(s.data) {
			switch s.data[s.pos] {
			case ',', '}', ']', ' ', '\n':
				return
			}
			s.pos++
		}
	}
}

func unescape(raw []byte) string {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' || i+1 == len(raw) {
			out = append(out, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		case 'r':
			out = append(out, '\r')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'u':
			r, size := hexRune(raw[i+1:])
			out = utf8.AppendRune(out, r)
			i += size
		default:
			out = append(out, raw[i])
		}
	}
	return string(out)
}

// hexRune reads the digits of \uXXXX, and of the second half of a surrogate pair.
func hexRune(b []byte) (rune, int) {
	r := hex4(b)
	if r >= 0xD800 && r < 0xDC00 && len(b) >= 10 && b[4] == '\\' && b[5] == 'u' {
		if low := hex4(b[6:]); low >= 0xDC00 && low < 0xE000 {
			return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, 10
		}
	}
	return r, min(4, len(b))
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:min(4, len(b))] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		}
	}
	return r
}

// A whole reply is decoded into a struct with the members that a program without a library
// needs: the text, the finish reason, the usage and the error.

type openAIWhole struct {
	Choices []struct {
		Message struct {
			Content string `json:"content"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

func (w *openAIWhole) answer() (text string, ok bool) {
	if len(w.Error) > 0 || len(w.Choices) == 0 {
		return "", false
	}
	return w.Choices[0].Message.Content, w.Choices[0].FinishReason != ""
}

type ollamaWhole struct {
	Message struct {
		Content string `json:"content"`
	} `json:"message"`
	Done            bool            `json:"done"`
	DoneReason      string          `json:"done_reason"`
	PromptEvalCount int             `json:"prompt_eval_count"`
	EvalCount       int             `json:"eval_count"`
	Error           json.RawMessage `json:"error"`
}

func (w *ollamaWhole) answer() (text string, ok bool) {
	return w.Message.Content, w.Done && len(w.Error) == 0
}

type geminiWhole struct {
	Candidates []struct {
		Content struct {
			Parts []struct {
				Text string `json:"text"`
			} `json:"parts"`
		} `json:"content"`
		FinishReason string `json:"finishReason"`
	} `json:"candidates"`
	Usage struct {
		Prompt     int `json:"promptTokenCount"`
		Candidates int `json:"candidatesTokenCount"`
	} `json:"usageMetadata"`
	Error json.RawMessage `json:"error"`
}

func (w *geminiWhole) answer() (text string, ok bool) {
	if len(w.Error) > 0 || len(w.Candidates) == 0 || len(w.Candidates[0].Content.Parts) == 0 {
		return "", false
	}
	return w.Candidates[0].Content.Parts[0].Text, w.Candidates[0].FinishReason != ""
}

type anthropicWhole struct {
	Type    string `json:"type"`
	Content []struct {
		Text string `json:"text"`
	} `json:"content"`
	StopReason string `json:"stop_reason"`
	Usage      struct {
		Input  int `json:"input_tokens"`
		Output int `json:"output_tokens"`
	} `json:"usage"`
}

func (w *anthropicWhole) answer() (text string, ok bool) {
	if w.Type != "message" || len(w.Content) == 0 {
		return "", false
	}
	return w.Content[0].Text, w.StopReason != ""
}

type responsesWhole struct {
	Status string `json:"status"`
	Output []struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"output"`
	Usage struct {
		Input  int `json:"input_tokens"`
		Output int `json:"output_tokens"`
	} `json:"usage"`
}

func (w *responsesWhole) answer() (text string, ok bool) {
	if len(w.Output) == 0 || len(w.Output[0].Content) == 0 {
		return "", false
	}
	return w.Output[0].Content[0].Text, w.Status == "completed"
}

// floorWhole sends a request, reads the whole reply and decodes it with encoding/json into
// to. It returns the text of the answer.
func floorWhole(client *http.Client, req *http.Request, to interface{ answer() (string, bool) }) (string, error) {
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", errors.New(resp.Status)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return "", err
	}
	text, ok := to.answer()
	if !ok {
		return "", errors.New("no answer: " + string(data))
	}
	return text, nil
}
