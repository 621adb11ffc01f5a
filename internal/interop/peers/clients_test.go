package peers

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	oldgenai "github.com/google/generative-ai-go/genai"
	ollamaapi "github.com/ollama/ollama/api"
	goopenai "github.com/sashabaranov/go-openai"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/llmtest/conformance"
	"github.com/parley-llm/parley/providers/gemini"
	"github.com/parley-llm/parley/providers/ollama"
	"github.com/parley-llm/parley/providers/openai"
)

const (
	key      = "key-of-peers-5b1d7c0e93a2"
	question = "Why is the sky blue?"
)

// client is a Go client. ask requests a streamed answer from the server at a URL, and
// returns the text that the user would see, and the error.
type client struct {
	name    string
	dialect conformance.Dialect
	list    bool // its streams are JSON lists of chunks, not events
	ask     func(t *testing.T, base string) (text string, err error)
}

// ours reports whether the client is this library.
func (c *client) ours() bool { return strings.HasPrefix(c.name, "Parley") }

// clients are the vendors' clients, each followed by this library with the same dialect.
var clients = []client{
	{"genai", conformance.Gemini(), false, askGenai},
	{"generative-ai-go", conformance.Gemini(), true, askGenerativeAI},
	{"Parley, Gemini", conformance.Gemini(), false, func(t *testing.T, base string) (string, error) {
		p, err := gemini.New(gemini.Config{BaseURL: base, APIKey: key})
		return askOurs(t, p, err)
	}},
	{"go-openai", conformance.OpenAI(), false, askGoOpenAI},
	{"Parley, OpenAI", conformance.OpenAI(), false, func(t *testing.T, base string) (string, error) {
		p, err := openai.New(openai.Config{BaseURL: base, APIKey: key})
		return askOurs(t, p, err)
	}},
	{"ollama/api", conformance.Ollama(), false, askOllama},
	{"Parley, Ollama", conformance.Ollama(), false, func(t *testing.T, base string) (string, error) {
		p, err := ollama.New(ollama.Config{BaseURL: base, APIKey: key})
		return askOurs(t, p, err)
	}},
}

func askOurs(t *testing.T, p llm.Provider, err error) (text string, _ error) {
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.(io.Closer).Close() })
	for piece, err := range llm.New(p, "m").Stream(t.Context(), llm.Prompt(question)).Text() {
		if err != nil {
			return text, err
		}
		text += piece
	}
	return text, nil
}

func askGenai(t *testing.T, base string) (text string, _ error) {
	c, err := genai.NewClient(t.Context(), &genai.ClientConfig{
		APIKey: key, Backend: genai.BackendGeminiAPI, HTTPClient: &http.Client{Transport: transport(t)}, HTTPOptions: genai.HTTPOptions{BaseURL: base},
	})
	if err != nil {
		t.Fatal(err)
	}
	for chunk, err := range c.Models.GenerateContentStream(t.Context(), "m", genai.Text(question), nil) {
		if err != nil {
			return text, err
		}
		text += chunk.Text()
	}
	return text, nil
}

func askGenerativeAI(t *testing.T, base string) (text string, _ error) {
	c, err := oldgenai.NewClient(t.Context(), option.WithAPIKey(key), option.WithEndpoint(base))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	stream := c.GenerativeModel("m").GenerateContentStream(t.Context(), oldgenai.Text(question))
	for {
		chunk, err := stream.Next()
		if errors.Is(err, iterator.Done) {
			return text, nil
		}
		if err != nil {
			return text, err
		}
		for _, candidate := range chunk.Candidates {
			if candidate.Content == nil {
				continue
			}
			for _, part := range candidate.Content.Parts {
				if piece, ok := part.(oldgenai.Text); ok {
					text += string(piece)
				}
			}
		}
	}
}

func askGoOpenAI(t *testing.T, base string) (text string, _ error) {
	config := goopenai.DefaultConfig(key)
	config.BaseURL, config.HTTPClient = base, &http.Client{Transport: transport(t)}
	stream, err := goopenai.NewClientWithConfig(config).CreateChatCompletionStream(t.Context(), goopenai.ChatCompletionRequest{
		Model: "m", Messages: []goopenai.ChatCompletionMessage{{Role: "user", Content: question}},
	})
	if err != nil {
		return "", err
	}
	defer stream.Close()
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return text, err
		}
		for _, choice := range chunk.Choices {
			text += choice.Delta.Content
		}
	}
}

func askOllama(t *testing.T, base string) (text string, _ error) {
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	c := ollamaapi.NewClient(address, &http.Client{Transport: transport(t)})
	err = c.Chat(t.Context(), &ollamaapi.ChatRequest{
		Model: "m", Messages: []ollamaapi.Message{{Role: "user", Content: question}},
	}, func(chunk ollamaapi.ChatResponse) error {
		text += chunk.Message.Content
		return nil
	})
	return text, err
}

// transport returns a separate transport for one client.
func transport(t *testing.T) http.RoundTripper {
	own := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(own.CloseIdleConnections)
	return own
}

// asList converts the events of a stream to a JSON list of chunks. Google's servers send
// such a list to clients that do not request events.
func asList(t *testing.T, d conformance.Dialect, r llmtest.Reply) [][]byte {
	t.Helper()
	frames := d.Stream(r).Frames()
	for i, frame := range frames {
		data := frame[len("data: "):]
		if !json.Valid(data) {
			t.Fatalf("the frame %q is not a chunk", frame)
		}
		before := ",\r\n"
		if i == 0 {
			before = "["
		}
		frames[i] = append([]byte(before), data[:len(data)-2]...) // without the blank line
	}
	return append(frames, []byte("]\n"))
}
