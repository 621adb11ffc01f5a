package ollama_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/ollama"
)

const pulling = `{"status":"pulling manifest"}
{"status":"pulling 74701a8c35f6","digest":"sha256:74701a8c35f6","total":1321082688}
{"status":"pulling 74701a8c35f6","digest":"sha256:74701a8c35f6","total":1321082688,"completed":7}
{"status":"verifying sha256 digest"}
{"status":"writing manifest"}
`

var pulled = []ollama.PullProgress{
	{Status: "pulling manifest"},
	{Status: "pulling 74701a8c35f6", Digest: "sha256:74701a8c35f6", Total: 1321082688},
	{Status: "pulling 74701a8c35f6", Digest: "sha256:74701a8c35f6", Total: 1321082688, Completed: 7},
	{Status: "verifying sha256 digest"},
	{Status: "writing manifest"},
}

func pull(t *testing.T, p *ollama.Provider) (steps []ollama.PullProgress, err error) {
	t.Helper()
	for step, err := range p.Pull(t.Context(), "llama3.2:1b") {
		if err != nil {
			return steps, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

func TestPullReportsItsProgress(t *testing.T) {
	for name, end := range map[string]string{
		"success":                  `{"status":"success"}` + "\n",
		"success, newline missing": `{"status":"success"}`,
		"more after success":       `{"status":"success"}` + "\n" + `{"error":"too late"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			steps, err := pull(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
				data, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				equal(t, "the path", r.URL.Path, "/api/pull")
				equal(t, "the request", fromJSON(t, string(data)), fromJSON(t, `{"model":"llama3.2:1b","stream":true}`))
				says(200, "application/x-ndjson", pulling+end)(w, r)
			}))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "the steps", steps, append(pulled[:len(pulled):len(pulled)], ollama.PullProgress{Status: "success"}))
		})
	}
}

func TestPullThatFails(t *testing.T) {
	failing := func(message string) string { return pulling + `{"error":"` + message + `"}` + "\n" }
	for name, test := range map[string]struct {
		body string
		kind llm.Kind
		says string
	}{
		"an unknown model":          {failing(`pull model manifest: file does not exist`), llm.NotFound, "file does not exist"},
		"a private model":           {failing(`unauthorized: access denied`), llm.Auth, ""},
		"an old server":             {failing(`pull model manifest: 412: \n\nThe model you are attempting to pull requires a newer version of Ollama.`), llm.Unsupported, ""},
		"an unreachable registry":   {failing(`pull model manifest: Get \"http://127.0.0.1:9/v2\": dial tcp 127.0.0.1:9: connect: connection refused`), llm.Network, "127.0.0.1:9"},
		"a full disk":               {failing(`write /models/blobs/x: no space left on device`), llm.Server, "no space left"},
		"a clean end":               {pulling, llm.Incomplete, "before the download was complete"},
		"a cut line":                {pulling + `{"status":"succ`, llm.Incomplete, "before the download was complete"},
		"a line that is no JSON":    {pulling + "<oops>\n", llm.Protocol, "not the progress of a download"},
		"a line of the wrong types": {pulling + `{"completed":"x"}` + "\n", llm.Protocol, "not the progress of a download"},
	} {
		t.Run(name, func(t *testing.T) {
			steps, err := pull(t, serve(t, says(200, "application/x-ndjson", test.body)))
			wantError(t, err, test.kind, "ollama/llama3.2:1b", test.says)
			equal(t, "the steps before the error", steps, pulled)
			e, _ := errors.AsType[*llm.Error](err)
			equal(t, "the operation in the error", e.Op, llm.Op("pull_model"))
		})
	}
	t.Run("a refusal", func(t *testing.T) {
		steps, err := pull(t, serve(t, says(400, "application/json", `{"error":"invalid model name"}`)))
		wantError(t, err, llm.InvalidRequest, "invalid model name")
		equal(t, "the steps", steps, []ollama.PullProgress(nil))
	})
	t.Run("a line beyond the limit", func(t *testing.T) {
		_, err := pull(t, handledWith(t, llm.Limits{FrameBytes: 100}, streams(`{"status":"`+strings.Repeat("x", 100)+`"}`)))
		wantError(t, err, llm.Protocol, "limit of 100 bytes")
	})
}

// TestLeavingThePullStopsIt has the server wait for its client to go.
func TestLeavingThePullStopsIt(t *testing.T) {
	gone := make(chan struct{})
	waits := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, pulling)
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		gone <- struct{}{}
	}
	p := serve(t, waits)
	for step, err := range p.Pull(t.Context(), "m") {
		if err != nil {
			t.Fatal(err)
		}
		if step.Completed == 7 {
			break
		}
	}
	<-gone

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for step, err := range p.Pull(ctx, "m") {
		if last = err; step.Completed == 7 {
			cancel()
		}
	}
	wantError(t, last, llm.Canceled)
	<-gone
}
