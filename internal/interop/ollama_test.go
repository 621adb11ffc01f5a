package interop

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/interop/ollamatest"
	"github.com/parley-llm/parley/internal/tinyllama"
)

// These tests use the server in plain HTTP, without the library. They check the
// assumptions of the other tests about the server and its models.

// reply is a complete answer of Ollama, collected from a stream.
type reply struct {
	Text      string
	Thinking  string
	ToolCalls []call
	Done      bool // the last line had done set
	Reason    string
	Tokens    int // reported by the server
}

type call struct {
	Name      string
	Arguments map[string]any
}

// ask posts the request and reads the NDJSON of the reply.
func ask(t *testing.T, server *ollamatest.Server, path string, request map[string]any) reply {
	t.Helper()
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(server.URL+path, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		message, err := io.ReadAll(response.Body)
		t.Fatalf("POST %s: %s: %s (%v)", path, response.Status, message, err)
	}
	var whole reply
	for decoder := json.NewDecoder(response.Body); ; {
		var line struct {
			Response string // in replies of /api/generate
			Message  struct {
				Content   string
				Thinking  string
				ToolCalls []struct{ Function call } `json:"tool_calls"`
			}
			Done       bool
			DoneReason string `json:"done_reason"`
			EvalCount  int    `json:"eval_count"`
			Error      string
		}
		if err := decoder.Decode(&line); err == io.EOF {
			return whole
		} else if err != nil {
			t.Fatal(err)
		}
		if line.Error != "" {
			t.Fatalf("the stream contains the error %s", line.Error)
		}
		whole.Text += line.Response + line.Message.Content
		whole.Thinking += line.Message.Thinking
		for _, c := range line.Message.ToolCalls {
			whole.ToolCalls = append(whole.ToolCalls, c.Function)
		}
		whole.Done = line.Done
		whole.Reason = line.DoneReason
		whole.Tokens = line.EvalCount
	}
}

// chat returns a request with a deterministic answer on one processor.
func chat(model string, more map[string]any) map[string]any {
	request := map[string]any{
		"model":    model,
		"messages": []map[string]any{{"role": "user", "content": "hi"}},
		"options":  map[string]any{"temperature": 0, "num_thread": 1},
	}
	for key, value := range more {
		request[key] = value
	}
	return request
}

func TestScriptedModelsAnswerTheirScript(t *testing.T) {
	server := ollama.Server(t)
	tools := map[string]any{"tools": []any{map[string]any{
		"type": "function",
		"function": map[string]any{
			"name":        "get_weather",
			"description": "Weather in a city",
			"parameters": map[string]any{
				"type":       "object",
				"properties": map[string]any{"city": map[string]any{"type": "string"}},
				"required":   []string{"city"},
			},
		},
	}}}
	weather := []call{{Name: "get_weather", Arguments: map[string]any{"city": "Paris"}}}
	for _, test := range []struct {
		model   string
		request map[string]any
		want    reply // tokens: one for each piece, and one for the end
	}{
		{
			model: "chain",
			want: reply{
				Text:   " Hello there from the tiny llama. It always gives exactly this reply, with a llama 🦙 at its end.",
				Tokens: 15,
			},
		},
		{
			model:   "think",
			request: map[string]any{"think": true},
			want:    reply{Thinking: "Let me ponder this.", Text: "The answer is 42.", Tokens: 8},
		},
		{
			model:   "toolxml",
			request: tools,
			want:    reply{Text: "Let me look.", ToolCalls: weather, Tokens: 11},
		},
		{
			model:   "tool",
			request: tools,
			want:    reply{ToolCalls: weather, Tokens: 7},
		},
	} {
		t.Run(test.model, func(t *testing.T) {
			test.want.Done, test.want.Reason = true, "stop"
			got := ask(t, server, "/api/chat", chat(test.model, test.request))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("the model's answer (-want +got):\n%s", diff)
			}
		})
	}
}

// The same weights in three storage types must give the same text, because an error in a
// file would give different nonsense. Later tokens depend on the storage type, and on
// near-ties that depend on the processor.
func TestRandomModelsSayWhatTheyDoInLlamaCpp(t *testing.T) {
	server := ollama.Server(t)
	const want = "veroxberayking!4hat assistant:ough g goxber%2or"
	for _, model := range []string{"tiny", "tiny-f16", "tiny-q8"} {
		t.Run(model, func(t *testing.T) {
			got := ask(t, server, "/api/generate", map[string]any{
				"model":  model,
				"raw":    true, // the prompt unchanged, without a template
				"prompt": "Once upon a time",
				"options": map[string]any{
					"temperature":    0,
					"repeat_penalty": 1,
					"num_predict":    16,
					"num_thread":     1,
				},
			})
			if diff := cmp.Diff(reply{Text: want, Done: true, Reason: "length", Tokens: 16}, got); diff != "" {
				t.Errorf("the model's text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestServerHasTheReadyModels(t *testing.T) {
	server := ollama.Server(t)
	response, err := http.Get(server.URL + "/api/tags")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var list struct{ Models []struct{ Name string } }
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range list.Models {
		got = append(got, m.Name)
	}
	for _, m := range tinyllama.Ready() {
		want = append(want, m.Name+":latest")
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the server's models (-want +got):\n%s", diff)
	}
}

// Killing a process in the middle of an answer simulates a crash of the engine. The
// server continues without it.
func TestServerSurvivesTheDeathOfItsRunners(t *testing.T) {
	server := ollamatest.Start(t)
	want := ask(t, server, "/api/chat", chat("chain", nil))
	killed, err := server.KillRunners()
	if err != nil {
		t.Fatal(err)
	}
	if killed != 1 {
		t.Errorf("killed %d runners after a chat with one model, want 1", killed)
	}
	if got := ask(t, server, "/api/chat", chat("chain", nil)); !cmp.Equal(want, got) {
		t.Errorf("after the crash the model answers %+v, want %+v", got, want)
	}
}
