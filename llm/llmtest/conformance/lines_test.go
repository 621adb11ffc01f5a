package conformance

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// linesDialect is the dialect in the comment of [Dialect]: lines of JSON with texts, and a
// last one with the end. Its frames are shorter than those of real servers.
func linesDialect() Dialect {
	line := func(format string, args ...any) []byte { return fmt.Appendf(nil, format+"\n", args...) }
	quote := func(text string) []byte { data, _ := json.Marshal(text); return data }
	failure := func(e *llm.Error) []byte { return line(`{"error":%s}`, quote(e.Message)) }
	return Dialect{
		Name:       "lines",
		StreamType: "application/x-ndjson",
		RenderStream: func(events []llm.Event) (body []byte) {
			for _, ev := range events {
				switch ev.Type {
				case llm.EventText:
					body = append(body, line(`{"text":%s}`, quote(ev.Text))...)
				case llm.EventDone:
					body = append(body, line(`{"done":true}`)...)
				}
			}
			return body
		},
		RenderWhole: func([]llm.Event) []byte { return nil }, // this server only streams chats
		RenderError: failure,
		ErrorFrames: func(e *llm.Error) []NamedFrame {
			return []NamedFrame{{Name: "a line", Data: string(failure(e))}}
		},
		Complete: func(body []byte) int {
			const end = `{"done":true}`
			if i := bytes.Index(body, []byte(end)); i >= 0 {
				return i + len(end)
			}
			return -1
		},
	}
}

// lines is a provider for linesDialect, made with the helpers of package llmutil alone.
type lines struct {
	base   string
	client *http.Client
}

func (lines) Name() string { return "lines" }

func (p lines) Do(ctx context.Context, call *llm.Call) llm.Events {
	return llmutil.Dispatch(ctx, call, p)
}

func (p lines) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	body, err := json.Marshal(call.Request.Messages)
	if err != nil {
		return llm.Errorf(llm.InvalidRequest, "the messages have no JSON: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base, bytes.NewReader(body))
	if err != nil {
		return llm.Errorf(llm.InvalidRequest, "the address is invalid: %w", err)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return cmp.Or(llm.FromContext(ctx), error(llm.Errorf(llm.Network, "no reply: %w", err)))
	}
	defer func() { // also if the caller's loop panics
		cancel() // else Body.Close of Go 1.27 reads on, and keeps the connection if it can
		resp.Body.Close()
	}()
	complete, err := p.read(ctx, resp, call.Request.KeepRaw, yield)
	if complete {
		llmutil.DrainAndClose(resp.Body)
	}
	return err
}

// read reports whether it has read the whole answer, and the caller has seen its end.
func (p lines) read(ctx context.Context, resp *http.Response, keep bool, yield func(llm.Event, error) bool) (bool, error) {
	if resp.StatusCode != http.StatusOK {
		return false, refusal(resp)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/x-ndjson") {
		return false, llm.Errorf(llm.Protocol, "the reply is not lines of JSON")
	}
	var raw bytes.Buffer
	reader := bufio.NewReader(resp.Body)
	for {
		data, failed := reader.ReadBytes('\n')
		raw.Write(data)
		if len(bytes.TrimSpace(data)) == 0 && failed == nil {
			continue
		}
		var line struct {
			Text, Error string
			Done        bool
		}
		switch err := json.Unmarshal(data, &line); {
		case err != nil && failed != nil:
			return false, cmp.Or(llm.FromContext(ctx), error(llm.Errorf(llm.Incomplete, "the answer is cut: %w", failed)))
		case err != nil:
			return false, llm.Errorf(llm.Protocol, "a line is not JSON: %w", err)
		case line.Error != "":
			return false, &llm.Error{Kind: llm.Server, Status: resp.StatusCode, Message: line.Error}
		case line.Text != "" && !yield(llm.Event{Type: llm.EventText, Text: line.Text}, nil):
			return false, nil
		case line.Done:
			done := &llm.Done{}
			if keep {
				done.Raw = raw.Bytes()
			}
			unknown := &llm.Warning{Code: llm.WarnUsageUnknown, Message: "the server reports no usage"}
			return yield(llm.Event{Type: llm.EventWarning, Detail: unknown}, nil) && yield(llm.Event{Type: llm.EventDone, Detail: done}, nil), nil
		}
	}
}

func refusal(resp *http.Response) error {
	var said struct{ Error string }
	if data, err := io.ReadAll(resp.Body); err == nil {
		_ = json.Unmarshal(data, &said) // the reply of a gateway has another form
	}
	e := &llm.Error{
		Status:     resp.StatusCode,
		Message:    cmp.Or(said.Error, http.StatusText(resp.StatusCode), "the server gave no reason"),
		RetryAfter: llmutil.RetryAfter(resp.Header, time.Now()),
	}
	for _, sk := range statusKinds {
		if sk.status == resp.StatusCode {
			e.Kind = sk.kind
		}
	}
	return e
}

func linesSuite() Suite {
	return Suite{
		Dialect: linesDialect(),
		New: func(_ testing.TB, baseURL string, client *http.Client) llm.Provider {
			return lines{baseURL, client}
		},
		NoKey: "no credential", NoReasoning: "only text", NoRefusals: "only text", NoTools: "only text", NoUsage: "not reported",
		NoNonStreaming: "only streams", NoFinish: "not reported", NoEmbeddings: "only chats", NoModelList: "only chats",
	}
}

func TestSuitePassesProviderWithShortFrames(t *testing.T) {
	Test(t, linesSuite())
}

// A suite that demands text of a frame that was cut would wait for it in vain.
func TestCutInsideFrameIsInTheLastOne(t *testing.T) {
	for _, d := range []Dialect{linesDialect(), Ollama(), OpenAI(), Gemini()} {
		begun, middle := begunAndMiddle(d)
		frames := begun.Frames()
		last := frames[len(frames)-1]
		if begin := len(begun.Body) - len(last); middle <= begin || middle >= begin+len(bytes.TrimSpace(last)) || !bytes.Contains(last, []byte(" so on")) {
			t.Errorf("%s: the cut is after %q, want it inside the last frame, %q", d.Name, begun.Body[:middle], last)
		}
	}
}
