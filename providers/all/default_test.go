package all_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// server answers in OpenAI's dialect and in Ollama's, and records everything that it receives.
type server struct {
	*httptest.Server
	lock     sync.Mutex
	received strings.Builder
}

const openAIReply = `{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`

func serve(t *testing.T) *server {
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.lock.Lock()
		fmt.Fprintln(&s.received, r.Method, r.URL, r.Header, string(body))
		s.lock.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/tags":
			fmt.Fprint(w, `{"models":[
				{"name":"old:1b","model":"old:1b","modified_at":"2026-01-01T00:00:00Z","size":9,"details":{"family":"llama"}},
				{"name":"bge:latest","model":"bge:latest","modified_at":"2026-03-01T00:00:00Z","size":9,"details":{"family":"bert"}},
				{"name":"mine:latest","model":"mine:latest","remote_model":"huge","remote_host":"https://ollama.com:443","modified_at":"2026-05-01T00:00:00Z","size":9,"details":{"family":"llama"}},
				{"name":"huge:cloud","model":"huge:cloud","modified_at":"2026-04-01T00:00:00Z","size":9,"details":{"family":"llama"}},
				{"name":"new:1b","model":"new:1b","modified_at":"2026-02-01T00:00:00Z","size":9,"details":{"family":"llama"}}]}`)
		case "/api/chat":
			fmt.Fprint(w, `{"model":"m","message":{"role":"assistant","content":"hello"},"done":true,"done_reason":"stop"}`)
		default:
			fmt.Fprint(w, openAIReply)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) saw() string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.received.String()
}

// folder changes to an empty working directory.
func folder(t *testing.T) string {
	dir := t.TempDir()
	t.Chdir(dir)
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func environment(set map[string]string) *config.Options {
	return &config.Options{Getenv: func(name string) string { return set[name] }}
}

func TestDefaultTakesTheFirstThatThereIs(t *testing.T) {
	s := serve(t)
	dir := folder(t)
	home := t.TempDir()
	write(t, filepath.Join(home, "named.yaml"), "models: {a: {model: vllm/named, base_url: 'http://x/v1'}, b: vllm/second}\ndefault: a")
	full := map[string]string{
		"PARLEY_CONFIG": filepath.Join(home, "named.yaml"), "XDG_CONFIG_HOME": home,
		"OPENAI_API_KEY": "k", "GROQ_API_KEY": "k", "OLLAMA_HOST": s.URL,
	}
	check := func(what string, set map[string]string, want string) {
		t.Helper()
		result, err := config.Default(t.Context(), environment(set))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		equal(t, what, strings.ReplaceAll(result.String(), home, "HOME"), want)
		if err := result.Model.Close(); err != nil {
			t.Error(err)
		}
	}
	without := func(names ...string) map[string]string {
		set := maps.Clone(full)
		for _, name := range names {
			delete(set, name)
		}
		return set
	}
	write(t, filepath.Join(dir, "parley.yaml"), "models: {here: vllm/here}")
	write(t, filepath.Join(home, "parley", "parley.yaml"), "models: {own: vllm/own}")
	check("the file that is named", full, "vllm/named (by HOME/named.yaml, which PARLEY_CONFIG names)")
	second := maps.Clone(full)
	second["PARLEY_MODEL"] = "b"
	check("a model of it", second, "vllm/second (named by PARLEY_MODEL, set up by HOME/named.yaml, which PARLEY_CONFIG names)")
	check("the file in the working folder", without("PARLEY_CONFIG"), "vllm/here (by parley.yaml in the working directory)")
	os.Remove(filepath.Join(dir, "parley.yaml"))
	check("the user's file", without("PARLEY_CONFIG"), "vllm/own (by HOME/parley/parley.yaml)")
	os.Remove(filepath.Join(home, "parley", "parley.yaml"))
	second = without("PARLEY_CONFIG")
	second["PARLEY_MODEL"] = "groq/x"
	check("the model that is named", second, "groq/x (named by PARLEY_MODEL)")
	check("OpenAI's key", without("PARLEY_CONFIG"), "openai/gpt-6-luna (because OPENAI_API_KEY is set)")
	check("another's key", without("PARLEY_CONFIG", "OPENAI_API_KEY"), "groq/openai/gpt-oss-20b (because GROQ_API_KEY is set)")
	equal(t, "requests until now", s.saw(), "")
	check("a local server", without("PARLEY_CONFIG", "OPENAI_API_KEY", "GROQ_API_KEY"), "ollama/new:1b (the newest on the Ollama server at "+s.URL+")")
	equal(t, "requests for the local server's list", strings.Count(s.saw(), "\n"), 1)
}

// If several keys are set, the rank of the drivers decides.
func TestDefaultChoosesTheProviderOfTheLowestRank(t *testing.T) {
	set := make(map[string]string)
	ranks := make(map[int]string)
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		if d.DefaultModel == "" {
			continue
		}
		for _, key := range d.KeyEnv {
			set[key] = "k"
		}
		if other, taken := ranks[d.Rank]; taken && d.Rank != 0 {
			t.Errorf("%s and %s have the rank %d", other, name, d.Rank)
		}
		ranks[d.Rank] = name
	}
	folder(t)
	for _, want := range []string{"openai", "anthropic", "gemini", "cerebras", "groq", "deepseek", "together", "openrouter"} {
		result, err := config.Default(t.Context(), environment(set))
		if err != nil {
			t.Fatal(err)
		}
		got, _, _ := strings.Cut(result.Model.String(), "/")
		equal(t, "provider", got, want)
		if err := result.Model.Close(); err != nil {
			t.Error(err)
		}
		d, _ := providers.Lookup(got)
		for _, key := range d.KeyEnv {
			delete(set, key)
		}
	}
}

func TestFileWithAMistakeIsAnError(t *testing.T) {
	write(t, filepath.Join(folder(t), "parley.yaml"), "models: {a: opnai/m}")
	_, err := config.Default(t.Context(), environment(map[string]string{"OPENAI_API_KEY": "k"}))
	if err == nil || err.Error() != `parley.yaml:1:13: unknown provider "opnai"; did you mean "openai"?` {
		t.Errorf("the error is %v", err)
	}
}

func TestMissingKeyOfAFileSaysWhatToSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	for file, want := range map[string]string{
		"models: {a: openai/m}":                              `cannot open openai/m: the key is missing; set OPENAI_API_KEY in the environment, or add "key: {env: OPENAI_API_KEY}"`,
		"models: {a: gemini/m}":                              `cannot open gemini/m: the key is missing; set GOOGLE_API_KEY in the environment, or add "key: {env: GOOGLE_API_KEY}"`,
		"models: {a: groq/openai/m}":                         `cannot open groq/openai/m: the key is missing; set GROQ_API_KEY in the environment, or add "key: {env: GROQ_API_KEY}"`,
		"models: {a: {model: openai/m, key: {env: MY_KEY}}}": `the environment variable MY_KEY is not set; set it, or name another`,
	} {
		write(t, path, file)
		_, err := config.Load(path, environment(nil))
		if err == nil || !strings.HasSuffix(err.Error(), ": "+want) || strings.Contains(err.Error(), "Config.") {
			t.Errorf("the error of %s is\n%v\nwant\n%s", file, err, want)
		}
	}
}

func TestNothingSetUpSaysInThreeLinesWhatToSet(t *testing.T) {
	folder(t)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := nobody.Addr().String()
	nobody.Close()
	_, err = config.Default(t.Context(), environment(map[string]string{"OLLAMA_HOST": address}))
	want := "No model is configured. For OpenAI, set OPENAI_API_KEY to your key.\n" +
		`For a model on your own machine, start Ollama and run "ollama pull llama3.2"; no server answers at ` + address + ".\n" +
		"For any other, set PARLEY_MODEL, as in PARLEY_MODEL=groq/openai/gpt-oss-20b with GROQ_API_KEY, or PARLEY_CONFIG to a config file."
	if err == nil || err.Error() != want {
		t.Errorf("the error is\n%v\nwant\n%s", err, want)
	}
}

// A key that selects no model is named, with the next step.
func TestKeyWithoutADefaultModelIsNamed(t *testing.T) {
	folder(t)
	for key, want := range map[string]string{
		"MISTRAL_API_KEY": "MISTRAL_API_KEY is set, which is for Mistral: also name a model, as in PARLEY_MODEL=mistral/NAME",
		"HF_TOKEN":        "HF_TOKEN is set, which is for Hugging Face: also name a model, as in PARLEY_MODEL=huggingface/NAME",
		"COHERE_API_KEY":  "COHERE_API_KEY is set, and no provider uses it yet: it is for Cohere; its OpenAI-compatible API works with OPENAI_BASE_URL=",
	} {
		result, err := config.Default(t.Context(), environment(map[string]string{key: "secret-value", "OLLAMA_HOST": "127.0.0.1:1"}))
		said := fmt.Sprint(err)
		if err == nil { // the built-in model
			said = result.String()
			result.Model.Close()
		}
		if !strings.Contains(said, want) || strings.Contains(said, "secret-value") {
			t.Errorf("with %s, the result is %s, want one with %s", key, said, want)
		}
	}
	result, err := config.Default(t.Context(), environment(map[string]string{"GEMINI_API_KEY": "k", "OLLAMA_HOST": "127.0.0.1:1"}))
	if err != nil {
		t.Fatal(err)
	}
	defer result.Model.Close()
	equal(t, "with GEMINI_API_KEY alone", result.String(), "gemini/gemini-3.8-flash (because GEMINI_API_KEY is set)")
}

// secrets is an environment with a secret in every variable that a program can have.
func secrets(address string) map[string]string {
	set := map[string]string{"AWS_SECRET_ACCESS_KEY": "secret-of-AWS", "HTTP_PROXY": "", "OLLAMA_HOST": address}
	for _, name := range []string{
		"OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "CEREBRAS_API_KEY", "GROQ_API_KEY", "DEEPSEEK_API_KEY", "TOGETHER_API_KEY",
		"OPENROUTER_API_KEY", "OLLAMA_API_KEY", "VLLM_API_KEY", "LMSTUDIO_API_KEY", "LLAMACPP_API_KEY", "GEMINI_API_KEY",
		"GOOGLE_API_KEY", "PALM_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
	} {
		set[name] = "secret-of-" + name
	}
	return set
}

// TestClonedFolderCannotStealAKey has files in the working directory that try to send secrets to
// the server of their author. The server must receive none.
func TestClonedFolderCannotStealAKey(t *testing.T) {
	const refusal = "a config file found in the working directory may not "
	for _, test := range []struct{ name, file, want string }{
		{"a command", "models: {a: {model: vllm/m, base_url: 'URL/v1', key: {command: [cat, secret.txt]}}}", "run a command"},
		{"a file", "models: {a: {model: vllm/m, base_url: 'URL/v1', key: {file: secret.txt}}}", "read a key from a file"},
		{"a key to another address", "models: {a: {model: openai/m, base_url: 'URL/v1', key: {env: OPENAI_API_KEY}}}", "send a key from the environment to an address that it gives itself"},
		{"one of several keys to another address", "models: {a: {model: openai/m, base_url: 'URL/v1', keys: [mine, {env: OPENAI_API_KEY}]}}", "send a key from the environment to an address that it gives itself"},
		{"one of several keys from a command", "models: {a: {model: openai/m, keys: [mine, {command: [cat, secret.txt]}]}}", "run a command"},
		{"another's key", "models: {a: {model: groq/m, key: {env: OPENAI_API_KEY}}}", "send OPENAI_API_KEY to groq"},
		{"a key of no model's", "models: {a: {model: groq/m, key: {env: AWS_SECRET_ACCESS_KEY}}}", "send AWS_SECRET_ACCESS_KEY to groq"},
		{"a header from the environment", "models: {a: {model: vllm/m, base_url: 'URL/v1', headers: {X: {env: OPENAI_API_KEY}}}}", "take a header from elsewhere"},
		{"the header Host", "models: {a: {model: openai/m, headers: {host: thief.example}}}", "set the header Host"},
		{"a store", "stores: {s: {kind: redis, url: 'URL'}}\nmodels: {a: openai/m}", "connect to a store"},
		{"a store named by the environment", "stores: {s: {kind: redis, url: {env: REDIS}}}\nmodels: {a: openai/m}", "connect to a store"},
		{"a proxy", "models: {a: {model: openai/m, proxy: 'URL'}}", "set a proxy"},
		{"a CA of its own", "models: {a: {model: openai/m, tls: {ca: thief.pem}}}", "set up TLS"},
		{"another server's name", "models: {a: {model: openai/m, tls: {server_name: thief.example}}}", "set up TLS"},
		{"an address for a known name", "providers: {openai: {base_url: 'http://thief.example/v1'}}\nmodels: {a: openai/m}", "give openai another address (under another name, with type: openai, it may)"},
		{"an address for a known name, at the model", "models: {a: {model: openai/m, base_url: 'http://thief.example/v1', key: mine}}", "give openai another address (under another name, with type: openai, it may)"},
		{"the address of a store from a command", "stores: {s: {kind: memory, url: {command: [cat, secret.txt]}}}\nmodels: {a: openai/m}", "take the address of a store from elsewhere"},
		{"TLS of a store", "stores: {s: {kind: memory, tls: {ca: secret.txt}}}\nmodels: {a: openai/m}", "set up TLS"},
		{"settings in a section", "providers: {mine: {type: openai, base_url: 'URL/v1', key: {env: OPENAI_API_KEY}}}\nmodels: {a: mine/m}", "send a key from the environment to an address that it gives itself"},
		{"an address in the section, a key at the model", "providers: {mine: {type: openai, base_url: 'URL/v1'}}\nmodels: {a: {model: mine/m, key: {env: OPENAI_API_KEY}}}", "send a key from the environment to an address that it gives itself"},
		{"a key in a merged mapping", "models: {a: &a {model: openai/m, key: {env: OPENAI_API_KEY}}, b: {<<: *a, base_url: 'URL/v1'}}", "send a key from the environment to an address that it gives itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t)
			dir := folder(t)
			write(t, filepath.Join(dir, "secret.txt"), "secret-of-a-file")
			write(t, filepath.Join(dir, "parley.yaml"), strings.ReplaceAll(test.file, "URL", s.URL))
			result, err := config.Default(t.Context(), environment(secrets(s.URL)))
			if err == nil {
				result.Model.Close()
				t.Fatal("the file was taken")
			}
			if !errors.Is(err, llm.InvalidRequest) || !strings.Contains(err.Error(), refusal+test.want+"; if you trust it, set PARLEY_CONFIG=parley.yaml") {
				t.Errorf("the error is %v,\nwant %s%s", err, refusal, test.want)
			}
			equal(t, "what the thief saw", s.saw(), "")
		})
	}
}

// TestAddressOfAFoundFileGetsNoKey has a file that gives each provider another address.
func TestAddressOfAFoundFileGetsNoKey(t *testing.T) {
	for _, provider := range providers.Names() {
		for _, file := range []string{
			"models: {a: {model: " + provider + "/m, base_url: 'URL/v1'}}",
			"providers: {mine: {type: " + provider + ", base_url: 'URL/v1'}}\nmodels: {a: mine/m}",
			"providers: {" + provider + ": {base_url: 'URL/v1'}}\nmodels: {a: " + provider + "/m}", // URL is on this machine
			"models: {a: {model: " + provider + "/m, base_url: 'URL/v1', key: thiefs-own-key}}",
		} {
			t.Run(provider, func(t *testing.T) {
				s := serve(t)
				write(t, filepath.Join(folder(t), "parley.yaml"), strings.ReplaceAll(file, "URL", s.URL))
				for name, secret := range secrets(s.URL) { // for those who do not ask Config.Getenv
					t.Setenv(name, secret)
				}
				result, err := config.Default(t.Context(), environment(secrets(s.URL)))
				if d, _ := providers.Lookup(provider); d.InProcess {
					if err == nil || !strings.Contains(err.Error(), "connects to no server: remove the address") {
						t.Errorf("an address is not refused: %v", err)
					}
					return
				}
				if err != nil {
					if strings.Contains(err.Error(), "give the provider "+provider+" an address") || strings.Contains(err.Error(), "no key is read from the environment; add key") {
						return // this provider has no address but its own, or wants a key
					}
					t.Fatal(err)
				}
				defer result.Model.Close()
				for _, req := range []*llm.Request{llm.Prompt("hi"), {Messages: []llm.Message{llm.User("hi")}, NonStreaming: true}} {
					_, _ = result.Model.Generate(context.WithoutCancel(t.Context()), req) // its result does not matter
				}
				saw := s.saw()
				if saw == "" {
					t.Error("the server was not asked, so nothing is shown")
				}
				if strings.Contains(saw, "secret-of-") {
					t.Errorf("the server was sent a secret:\n%s", saw)
				}
			})
		}
	}
}

func TestNamedFileMayDoAllOfThat(t *testing.T) {
	s := serve(t)
	dir := folder(t)
	write(t, filepath.Join(dir, "secret.txt"), "secret-of-a-file")
	write(t, filepath.Join(dir, "parley.yaml"), strings.ReplaceAll("models: {a: {model: vllm/m, base_url: 'URL/v1', key: {command: [cat, secret.txt]}, headers: {X-Extra: {env: OPENAI_API_KEY}}}}", "URL", s.URL))
	set := secrets(s.URL)
	set["PARLEY_CONFIG"] = "parley.yaml"
	result, err := config.Default(t.Context(), environment(set))
	if err != nil {
		t.Fatal(err)
	}
	defer result.Model.Close()
	if _, err := result.Model.Generate(t.Context(), &llm.Request{Messages: []llm.Message{llm.User("hi")}, NonStreaming: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Bearer secret-of-a-file", "X-Extra:[secret-of-OPENAI_API_KEY]"} {
		if !strings.Contains(s.saw(), want) {
			t.Errorf("the server was sent\n%s\nwithout %s", s.saw(), want)
		}
	}
}
