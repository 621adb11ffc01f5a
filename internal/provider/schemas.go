package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
)

// Profiles are the names of the parts of JSON Schema that a backend accepts; see
// [schema.Profiles]. An empty name, or that of a backend which accepts every schema and
// enforces none, sends schemas as they are.
type Profiles struct {
	Format string // for Request.Format
	Tools  string // for the parameters of tools
	// StrictFormat and StrictTools replace the names above if the request sets Strict.
	StrictFormat, StrictTools string
}

// Schemas translates the schemas of requests to a backend's profiles, and the answers back.
// Everything above a provider sees the original schemas only. The zero value is ready to use.
// A Schemas is safe for concurrent use, and keeps the translations it has made.
type Schemas struct {
	mu   sync.Mutex
	made map[schemaKey]*translated
	size int // bytes of schemas in made
}

type schemaKey struct{ profile, schema string }

type translated struct {
	*schema.Translation
	err error
}

// maxKept bounds the schemas that are kept, in bytes.
const maxKept = 4 << 20

// of returns the translation of a schema.
func (s *Schemas) of(name string, raw json.RawMessage) *translated {
	key := schemaKey{name, string(raw)}
	s.mu.Lock()
	known := s.made[key]
	s.mu.Unlock()
	if known != nil {
		return known
	}
	made := &translated{}
	profile, ok := schema.ProfileNamed(name)
	switch parsed, err := schema.Parse(raw, schema.Limits{}); {
	case !ok:
		made.err = fmt.Errorf("unknown schema profile %q", name)
	case err != nil:
		made.err = err
	default:
		made.Translation, made.err = parsed.For(profile)
		if made.err == nil && parsed.Fits(profile) {
			made.Translation = &schema.Translation{Schema: raw}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil || s.size > maxKept {
		s.made, s.size = make(map[schemaKey]*translated), 0
	}
	s.made[key] = made
	s.size += len(raw)
	return made
}

// enforces reports whether schemas must be translated for the profile.
func enforces(name string) bool {
	if name == "" {
		return false
	}
	p, ok := schema.ProfileNamed(name)
	return ok && !p.Hint
}

// Do translates the schemas of a chat or a token count, calls next, and translates the answer
// back. A schema that the backend cannot express is sent as it is and not strict, with a
// warning.
func (s *Schemas) Do(ctx context.Context, call *llm.Call, profiles Profiles, next llm.Handler) llm.Events {
	if call == nil || call.Request == nil || call.Request.Format == nil && len(call.Request.Tools) == 0 {
		return next(ctx, call)
	}
	t := &translation{schemas: s, profiles: profiles, call: call}
	t.format()
	for i := range call.Request.Tools {
		t.tool(i)
	}
	if t.own == nil {
		return next(ctx, call)
	}
	return func(yield func(llm.Event, error) bool) {
		if len(t.warnings) > 0 && call.Request.FailOnUnsupported {
			w := t.warnings[0]
			yield(llm.Event{}, &llm.Error{
				Kind: llm.Unsupported, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: w.Setting + ": " + w.Message,
			})
			return
		}
		t.notes = append(t.warnings, t.notes...)
		t.answer(next(ctx, t.own), yield)
	}
}

// translation is the translation of one call and its answer.
type translation struct {
	schemas  *Schemas
	profiles Profiles
	call     *llm.Call
	own      *llm.Call // the translated call, or nil if nothing changes
	warnings []llm.Warning
	notes    []llm.Warning // that do not fail a call with FailOnUnsupported

	text  *schema.Stream               // of the answer, or nil
	tools map[string]*translated       // by name, if answers need translation
	calls map[int]*translatedArguments // open calls, by index
}

type translatedArguments struct {
	stream *schema.Stream
	text   strings.Builder
}

// change returns the call that is sent.
func (t *translation) change() *llm.Request {
	if t.own == nil {
		t.own = t.call.Clone()
	}
	return t.own.Request
}

func (t *translation) format() {
	f := t.call.Request.Format
	if f == nil || len(f.Schema) == 0 {
		return
	}
	name, strict := t.profiles.Format, f.Strict != nil && *f.Strict
	if strict && t.profiles.StrictFormat != "" {
		name = t.profiles.StrictFormat
	}
	if !enforces(name) {
		return
	}
	made, own := t.schemas.of(name, f.Schema), *f
	switch {
	case made.err != nil && strict:
		own.Strict = nil
		t.change().Format = &own
		t.warnings = append(t.warnings, llm.Warning{Code: llm.WarnChanged, Setting: "Format", Message: "the schema is not enforced: " + made.err.Error()})
		return
	case made.err != nil:
		return // the server decides
	case string(made.Schema) == string(f.Schema):
		return
	}
	own.Schema = made.Schema
	t.change().Format = &own
	t.text = made.Stream()
	if len(made.Warnings) > 0 {
		t.notes = append(t.notes, llm.Warning{Code: llm.WarnChanged, Setting: "Format.Schema", Message: notEnforced(made.Warnings)})
	}
}

// notEnforced returns the first parts of a schema that are not enforced, as one text.
func notEnforced(warnings []schema.Warning) string {
	const most = 5
	var texts []string
	for i, w := range warnings {
		if i == most {
			texts = append(texts, fmt.Sprintf("and %d more", len(warnings)-most))
			break
		}
		texts = append(texts, w.String())
	}
	return strings.Join(texts, "; ")
}

func (t *translation) tool(i int) {
	tool := t.call.Request.Tools[i]
	if len(tool.Parameters) == 0 {
		return
	}
	name, strict := t.profiles.Tools, tool.Strict != nil && *tool.Strict
	if strict && t.profiles.StrictTools != "" {
		name = t.profiles.StrictTools
	}
	if !enforces(name) {
		return
	}
	made := t.schemas.of(name, tool.Parameters)
	switch {
	case made.err != nil && strict:
		tool.Strict = nil
		t.warnings = append(t.warnings, llm.Warning{
			Code: llm.WarnChanged, Setting: "Tools", Message: "the schema of the tool " + tool.Name + " is not enforced: " + made.err.Error(),
		})
	case made.err != nil, string(made.Schema) == string(tool.Parameters):
		return
	default:
		tool.Parameters = made.Schema
		if made.Stream() != nil {
			if t.tools == nil {
				t.tools = make(map[string]*translated)
			}
			t.tools[tool.Name] = made
		}
	}
	req := t.change()
	if &req.Tools[0] == &t.call.Request.Tools[0] {
		req.Tools = append([]llm.Tool(nil), req.Tools...)
	}
	req.Tools[i] = tool
}

// answer passes the events on, translated back.
func (t *translation) answer(events llm.Events, yield func(llm.Event, error) bool) {
	stopped := false
	pass := func(ev llm.Event, err error) bool {
		stopped = stopped || !yield(ev, err)
		return !stopped
	}
	events(func(ev llm.Event, err error) bool {
		switch {
		case err != nil:
			return pass(ev, err)
		case ev.Type == llm.EventText && t.text != nil:
			if ev.Text = t.text.Write(ev.Text); ev.Text == "" && ev.Detail == nil {
				return true
			}
		case ev.Type == llm.EventDone && t.text != nil:
			if rest := t.text.Close(); rest != "" && !pass(llm.Event{Type: llm.EventText, Text: rest}, nil) {
				return false
			}
		case ev.Type == llm.EventToolCallStart || ev.Type == llm.EventToolCallDelta || ev.Type == llm.EventToolCallEnd:
			return t.toolCall(ev, pass)
		case len(t.notes) > 0 && ev.Type != llm.EventAttempt:
			warnings := t.notes
			t.notes = nil
			if ev.Type == llm.EventStart && !pass(ev, nil) {
				return false
			}
			for i := range warnings {
				if !pass(llm.Event{Type: llm.EventWarning, Detail: &warnings[i]}, nil) {
					return false
				}
			}
			if ev.Type == llm.EventStart {
				return true
			}
		}
		return pass(ev, nil)
	})
}

// toolCall translates the arguments of a call.
func (t *translation) toolCall(ev llm.Event, pass func(llm.Event, error) bool) bool {
	switch ev.Type {
	case llm.EventToolCallStart:
		call, ok := ev.Detail.(*llm.ToolCall)
		if made := t.toolNamed(call, ok); made != nil {
			if t.calls == nil {
				t.calls = make(map[int]*translatedArguments)
			}
			t.calls[ev.Index] = &translatedArguments{stream: made.Stream()}
		}
	case llm.EventToolCallDelta:
		if open := t.calls[ev.Index]; open != nil {
			ev.Text = open.stream.Write(ev.Text)
			open.text.WriteString(ev.Text)
			if ev.Text == "" {
				return true
			}
		}
	case llm.EventToolCallEnd:
		call, ok := ev.Detail.(*llm.ToolCall)
		open := t.calls[ev.Index]
		delete(t.calls, ev.Index)
		made := t.toolNamed(call, ok)
		if made == nil {
			break
		}
		own := *call
		if open == nil || open.text.Len() == 0 && call.Arguments != "" { // it came in one piece
			open = &translatedArguments{stream: made.Stream()}
			open.text.WriteString(open.stream.Write(call.Arguments))
		}
		if rest := open.stream.Close(); rest != "" {
			open.text.WriteString(rest)
			if !pass(llm.Event{Type: llm.EventToolCallDelta, Index: ev.Index, Text: rest}, nil) {
				return false
			}
		}
		own.Arguments = open.text.String()
		ev.Detail = &own
	}
	return pass(ev, nil)
}

func (t *translation) toolNamed(call *llm.ToolCall, ok bool) *translated {
	if !ok || call == nil {
		return nil
	}
	return t.tools[call.Name]
}
