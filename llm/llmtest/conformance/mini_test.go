package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest/internal/jsontext"
	"github.com/parley-llm/parley/llm/llmutil"
)

// mini is a small correct provider for Ollama's dialect. Its flaws are errors that real
// providers have had.
type mini struct {
	base   string
	client *http.Client
	key    string
	limits llm.Limits
	flaw   flaw

	once  sync.Once
	first []byte // the body of the first request
	left  []io.Closer
	held  string        // the last piece, for the flaw that loses it
	over  chan struct{} // closed at the end of the test
}

type flaw string

const (
	flawless         flaw = ""
	cutIsSuccess     flaw = "takes a cut as success"
	leaksBody        flaw = "leaves the connection open on break"
	leaksGoroutine   flaw = "leaves a goroutine on break"
	goesOn           flaw = "goes on after the caller has left"
	complainsAfter   flaw = "complains to a caller who has left"
	losesErrors      flaw = "loses errors inside the stream"
	losesPartial     flaw = "loses the text before an error"
	ignoresContext   flaw = "ignores the context"
	waitsForEver     flaw = "ignores the limits"
	hidesCause       flaw = "does not match the cause of a cancellation"
	showsKey         flaw = "shows the key in errors"
	keyInURL         flaw = "sends the key in the URL"
	takesKeyAlong    flaw = "takes the key to another host"
	modifiesCall     flaw = "modifies the request"
	shortLines       flaw = "fails on long lines"
	splitsCharacters flaw = "splits characters"
	inventsUsage     flaw = "invents zero usage"
	dropsRetryAfter  flaw = "drops Retry-After"
	oneKind          flaw = "gives every refusal the same kind"
	takesWebPages    flaw = "takes a web page for an empty answer"
	sendsEarly       flaw = "sends before the range"
	connectsAnew     flaw = "connects anew for each call"
	endsTwice        flaw = "ends twice"
	inventsArguments flaw = "changes the arguments of tool calls"
	mixesCalls       flaw = "sends one call's request for another"
	losesLastChunk   flaw = "loses the last piece"
	losesEndText     flaw = "loses the text that comes with the end of a stream"
	goesOnAfterError flaw = "goes on after an error"
	triesAgain       flaw = "makes a failed call again"
	repeatsIDs       flaw = "gives all tool calls the same id"
	dropsUsage       flaw = "drops the usage"
	leaksOnPanic     flaw = "leaves the connection open when the loop panics"
	appendsInPlace   flaw = "appends to the request's messages in place"
	modifiesInputs   flaw = "modifies the inputs of an embedding"
	takesRefusals    flaw = "takes a refusal to list models for an empty list"
	showsKeyOfLists  flaw = "shows the key in errors of a listing"
	listsForEver     flaw = "lists models without the context"
	twoUsages        flaw = "reports two usages for an embedding"
	plainErrors      flaw = "returns errors that are not *llm.Error"
)

func (m *mini) Name() string { return "mini" }

func (m *mini) String() string { return "mini " + m.base }

// GoString keeps the key out of %#v.
func (m *mini) GoString() string { return m.String() }

// Format keeps the key out of all other verbs.
func (m *mini) Format(f fmt.State, _ rune) { io.WriteString(f, m.String()) }

func (m *mini) Do(ctx context.Context, call *llm.Call) llm.Events {
	if m.flaw == sendsEarly {
		if resp, err := m.client.Get(m.base); err == nil {
			resp.Body.Close()
		}
	}
	return func(yield func(llm.Event, error) bool) {
		if m.flaw == ignoresContext {
			ctx = context.WithoutCancel(ctx)
		}
		if m.flaw == modifiesCall && call.Request != nil {
			call.Request.Messages[0].Role = llm.RoleUser
			call.Request.MaxTokens++
		}
		if m.flaw == appendsInPlace && call.Request != nil {
			_ = append(call.Request.Messages, llm.User("Answer in JSON."))
		}
		if m.flaw == modifiesInputs && call.Embed != nil {
			call.Embed.Inputs[0] = "search_query: " + call.Embed.Inputs[0]
		}
		if m.flaw == listsForEver && call.Op == llm.OpListModels {
			ctx = context.WithoutCancel(ctx)
		}
		if m.flaw == goesOn {
			theirs := yield
			yield = func(ev llm.Event, err error) bool { theirs(ev, err); return true }
		}
		ctx, came, stop := m.watch(ctx)
		defer stop()
		err := m.answer(ctx, call, func(ev llm.Event, err error) bool {
			came()
			return yield(ev, err)
		})
		if m.flaw == leaksOnPanic {
			m.left[0].Close()
		}
		if err != nil && m.flaw == triesAgain {
			err = m.answer(ctx, call, yield)
		}
		var e *llm.Error
		switch {
		case err == nil:
			return
		case m.flaw == plainErrors:
			yield(llm.Event{}, errors.New(err.Error()))
			return
		case errors.As(err, &e):
		default:
			e = &llm.Error{Kind: llm.Incomplete, Message: strings.ReplaceAll(err.Error(), m.key, "[secret]")}
		}
		if ended := llm.FromContext(ctx); ended != nil {
			e = asError(ended)
			if m.flaw == hidesCause {
				e = &llm.Error{Kind: llm.Canceled, Message: "canceled"}
			}
		}
		e.Provider = m.Name()
		if yield(llm.Event{}, e) && m.flaw == goesOnAfterError {
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
		}
	}
}

// watch cancels the context when a time limit expires. Call came for each piece of the answer,
// and stop at the end.
func (m *mini) watch(ctx context.Context) (_ context.Context, came, stop func()) {
	if m.flaw == waitsForEver {
		return ctx, func() {}, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	after := func(limit time.Duration) *time.Timer {
		if limit <= 0 {
			limit = time.Hour
		}
		return time.AfterFunc(limit, func() {
			cancel(&llm.Error{Kind: llm.Timeout, Message: "the limit of " + limit.String() + " ran out"})
		})
	}
	first, idle, total := after(m.limits.FirstEvent), after(m.limits.Idle), after(m.limits.Total)
	came = func() {
		first.Stop()
		if m.limits.Idle > 0 {
			idle.Reset(m.limits.Idle)
		}
	}
	return ctx, came, func() {
		first.Stop()
		idle.Stop()
		total.Stop()
		if m.flaw != leaksBody && m.flaw != leaksOnPanic { // the end of the context would close it
			cancel(nil)
		}
	}
}

func (m *mini) answer(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	leaks := m.flaw == leaksBody || m.flaw == leaksOnPanic
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	if !leaks {
		ctx = own
	}
	resp, err := m.send(ctx, call)
	if err != nil {
		return err
	}
	if leaks {
		m.left = append(m.left, resp.Body)
	} else {
		defer func() {
			cancel() // else Body.Close of Go 1.27 reads on, and keeps the connection if it can
			resp.Body.Close()
		}()
	}
	if resp.StatusCode != http.StatusOK && (m.flaw != takesRefusals || call.Op != llm.OpListModels) {
		return m.refused(resp, call.Op)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		if m.flaw == takesWebPages {
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
			return nil
		}
		return &llm.Error{Kind: llm.Protocol, Status: 200, Message: "a web page"}
	}
	yield = m.leaky(yield)
	switch call.Op {
	case llm.OpEmbed:
		return m.embedding(resp, len(call.Embed.Inputs), yield)
	case llm.OpListModels:
		return m.models(resp, yield)
	}
	return m.lines(resp, call.Request, yield)
}

// leaky starts a goroutine that never ends when the caller stops reading, if that is the flaw.
func (m *mini) leaky(yield func(llm.Event, error) bool) func(llm.Event, error) bool {
	if m.flaw != leaksGoroutine {
		return yield
	}
	return func(ev llm.Event, err error) bool {
		if yield(ev, err) {
			return true
		}
		go m.forgotten()
		return false
	}
}

// endLeft ends the leaked goroutines at the end of the test.
func (m *mini) endLeft() {
	close(m.over)
	for _, body := range m.left {
		body.Close()
	}
}

// forgotten returns at the end of the test.
func (m *mini) forgotten() { <-m.over }

func (m *mini) send(ctx context.Context, call *llm.Call) (*http.Response, error) {
	path, method, body := "/api/chat", http.MethodPost, object{"model": call.Model}
	switch call.Op {
	case llm.OpChat:
		body["messages"], body["stream"] = call.Request.Messages, !call.Request.NonStreaming
	case llm.OpEmbed:
		path, body["input"] = "/api/embed", call.Embed.Inputs
	case llm.OpListModels:
		path, method = "/api/tags", http.MethodGet
	default:
		return nil, &llm.Error{Kind: llm.Unsupported, Message: "no such operation"}
	}
	url := m.base + path
	if m.flaw == keyInURL {
		url += "?key=" + m.key
	}
	data := jsontext.Marshal(body)
	if m.flaw == mixesCalls {
		m.once.Do(func() { m.first = data })
		data = m.first
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", m.key) // net/http does not treat it as a secret
	req.Close = m.flaw == connectsAnew
	client := *m.client
	if m.flaw != takesKeyAlong {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, &llm.Error{Kind: llm.Network, Message: "no reply", Err: errors.Unwrap(err)}
	}
	return resp, nil
}

func (m *mini) refused(resp *http.Response, op llm.Op) error {
	data, _ := io.ReadAll(resp.Body)
	e := &llm.Error{Kind: llm.InvalidRequest, Status: resp.StatusCode, Message: "refused: " + string(data)}
	if m.flaw != showsKey && (m.flaw != showsKeyOfLists || op != llm.OpListModels) {
		e.Message = strings.ReplaceAll(e.Message, m.key, "[secret]")
	}
	if m.flaw == oneKind {
		return e
	}
	for _, sk := range statusKinds {
		if sk.status == resp.StatusCode {
			e.Kind = sk.kind
		}
	}
	if m.flaw == dropsRetryAfter {
		return e
	}
	after := resp.Header.Get("Retry-After")
	if at, err := http.ParseTime(after); err == nil {
		e.RetryAfter = max(0, time.Until(at))
	} else if seconds, err := strconv.ParseFloat(after, 64); err == nil && seconds > 0 && seconds < 1e6 {
		e.RetryAfter = time.Duration(seconds * float64(time.Second))
	}
	return e
}

func (m *mini) embedding(resp *http.Response, inputs int, yield func(llm.Event, error) bool) error {
	var said struct{ Embeddings [][]float32 }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return err
	}
	if len(said.Embeddings) != inputs {
		return &llm.Error{Kind: llm.Protocol, Message: "not a vector for each input"}
	}
	result := &llm.EmbedResponse{Vectors: said.Embeddings}
	if m.flaw == twoUsages {
		result.Usage.Input = llm.Known(3)
	}
	_ = yield(llm.Event{Type: llm.EventResult, Detail: result}, nil) &&
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
	return nil
}

func (m *mini) models(resp *http.Response, yield func(llm.Event, error) bool) error {
	var said struct{ Models []llm.ModelInfo }
	if err := json.NewDecoder(resp.Body).Decode(&said); err != nil {
		return err
	}
	_ = yield(llm.Event{Type: llm.EventResult, Detail: &llm.ModelList{Models: said.Models}}, nil) &&
		yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
	return nil
}

type miniLine struct {
	ollamaLine
	Message *struct {
		Content, Thinking string
		ToolCalls         []struct {
			ID       string
			Function struct {
				Name      string
				Arguments json.RawMessage
			}
		} `json:"tool_calls"`
	} `json:"message"`
	Error any
}

func (m *mini) lines(resp *http.Response, req *llm.Request, yield func(llm.Event, error) bool) error {
	body := new(bytes.Buffer)
	r := bufio.NewReader(io.TeeReader(resp.Body, body))
	var calls llmutil.ToolCallAssembler
	said := false
	for {
		data, err := r.ReadBytes('\n')
		if limit := m.limits.FrameBytes; limit > 0 && len(data) > limit && m.flaw != waitsForEver {
			return &llm.Error{Kind: llm.Protocol, Message: "line too long"}
		}
		if m.flaw == shortLines && len(data) > bufio.MaxScanTokenSize {
			return errors.New("line too long")
		}
		if len(bytes.TrimSpace(data)) == 0 && err == nil {
			continue
		}
		if err == io.EOF && m.flaw == cutIsSuccess && said {
			yield(llm.Event{Type: llm.EventDone, Detail: &llm.Done{}}, nil)
			return nil
		}
		var line miniLine
		if len(data) == 0 {
			return errors.New("cut off")
		} else if bad := json.Unmarshal(data, &line); bad != nil && err != nil {
			return errors.Join(bad, err)
		} else if bad != nil {
			return &llm.Error{Kind: llm.Protocol, Status: 200, Message: bad.Error()}
		}
		said = true
		if line.Error != nil && m.flaw != losesErrors {
			return m.complaint(line.Error)
		}
		if line.Message == nil && line.Error == nil && !line.Done {
			return &llm.Error{Kind: llm.Protocol, Message: "not a line of an answer"}
		}
		if m.flaw == losesEndText && line.Done && !req.NonStreaming {
			line.Message = nil
		}
		if !m.pass(line, &calls, yield) && m.flaw != complainsAfter {
			return nil
		}
		if line.Done {
			kept := body.Bytes()
			if !req.KeepRaw {
				kept = nil
			}
			return m.done(line, &calls, kept, r, yield)
		}
	}
}

func (m *mini) complaint(said any) error {
	text := strings.ReplaceAll(fmt.Sprint(said), m.key, "[secret]")
	return &llm.Error{Kind: llm.Server, Status: 200, Message: text}
}

// pass passes on the content of a line.
func (m *mini) pass(line miniLine, calls *llmutil.ToolCallAssembler, yield func(llm.Event, error) bool) bool {
	if line.Message == nil {
		return true
	}
	if s := line.Message.Thinking; s != "" && !yield(llm.Event{Type: llm.EventReasoning, Text: s}, nil) {
		return false
	}
	texts := []string{line.Message.Content}
	if m.flaw == splitsCharacters {
		texts = nil
		for i := range len(line.Message.Content) {
			texts = append(texts, line.Message.Content[i:i+1])
		}
	}
	for _, s := range texts {
		if m.flaw == losesLastChunk && s != "" {
			s, m.held = m.held, s
		}
		if s != "" && m.flaw != losesPartial && !yield(llm.Event{Type: llm.EventText, Text: s}, nil) {
			return false
		}
	}
	for _, c := range line.Message.ToolCalls {
		arguments := string(c.Function.Arguments)
		if m.flaw == inventsArguments {
			var v any
			json.Unmarshal([]byte(arguments), &v) // float64 loses digits
			arguments = string(jsontext.Marshal(v))
		}
		if m.flaw == repeatsIDs {
			c.ID = "call_0"
		}
		f := llmutil.ToolCallFragment{Index: calls.Len(), ID: c.ID, Name: c.Function.Name, Arguments: arguments}
		if !calls.Add(f, yield) {
			return false
		}
	}
	return true
}

func (m *mini) done(line miniLine, calls *llmutil.ToolCallAssembler, raw []byte, rest io.Reader, yield func(llm.Event, error) bool) error {
	done := &llm.Done{FinishReason: Ollama().FinishReasons[line.DoneReason], RawFinishReason: line.DoneReason, Raw: raw}
	if calls.Len() > 0 {
		done.FinishReason = llm.FinishToolCalls
	}
	known := func(n *int) llm.Tokens {
		switch {
		case n != nil:
			return llm.Known(*n)
		case m.flaw == inventsUsage:
			return llm.Known(0)
		}
		return llm.Tokens{}
	}
	if m.flaw != dropsUsage {
		done.Usage = llm.Usage{Input: known(line.PromptEvalCount), Output: known(line.EvalCount)}
	}
	if !calls.Finish(done.FinishReason, yield) {
		return nil
	}
	unknown := &llm.Warning{Code: llm.WarnUsageUnknown, Message: "no usage"}
	if done.Usage.IsZero() && !yield(llm.Event{Type: llm.EventWarning, Detail: unknown}, nil) {
		return nil
	}
	if yield(llm.Event{Type: llm.EventDone, Detail: done}, nil) {
		if m.flaw == endsTwice {
			yield(llm.Event{Type: llm.EventDone, Detail: done}, nil)
		}
		io.Copy(io.Discard, rest) // so that the connection can be reused
	}
	return nil
}
