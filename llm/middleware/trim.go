package middleware

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Trim removes the oldest turns of a conversation that is too long for the context window of
// the model. It keeps the system messages, the newest turn, and as many of the turns before
// it as fit. If the newest turn alone is too long, Trim removes the oldest tool calls in it,
// each with its results. The answer then has a warning, [llm.WarnChanged], with the number of
// removed messages.
//
// A conversation that is still too long fails with an error of kind [llm.ContextLength]. If
// the tokens cannot be counted, the conversation is sent unchanged, with a warning. A request
// with FailOnUnsupported is sent unchanged, without a warning.
//
// A Trim is safe for concurrent use. Do not copy it or change its fields after the first
// call.
type Trim struct {
	// ContextWindow is the context window of the model in tokens. Zero means that Info
	// provides it. One of them must be set.
	ContextWindow int `yaml:"context_window"`
	// EstimatedOutputTokens is the number of tokens that is kept free for the answer if the
	// request sets no MaxTokens. The default is 1000.
	EstimatedOutputTokens int `yaml:"estimated_output_tokens"`
	// Info returns information about a model, and false if it is not known. Conversations with
	// models whose context window is not known are sent unchanged.
	Info func(provider, model string) (llm.ModelInfo, bool) `json:"-"`
	// Count counts the input tokens. The default asks the model, which for some providers
	// costs a few additional requests for each conversation that is too long.
	Count Counter `json:"-"`

	live live[*Trim]
}

// Validate returns an error that names every invalid field.
func (t *Trim) Validate() error {
	_, err := t.open()
	return err
}

// Wrap implements [llm.Middleware].
func (t *Trim) Wrap(next llm.Handler) llm.Handler {
	return wrap(&t.live, t.open, (*Trim).run, next)
}

func (t *Trim) open() (*Trim, error) {
	t = fixed(t)
	s := settings{name: "Trim"}
	number(&s, "ContextWindow", &t.ContextWindow, 0)
	number(&s, "EstimatedOutputTokens", &t.EstimatedOutputTokens, 1000)
	switch {
	case t.ContextWindow == 0 && t.Info == nil:
		s.refuse("ContextWindow", "is zero, and Info is nil; set one of them")
	case t.ContextWindow > 0 && t.ContextWindow <= t.EstimatedOutputTokens:
		s.refuse("ContextWindow", "is %d, which leaves no room besides EstimatedOutputTokens, %d", t.ContextWindow, t.EstimatedOutputTokens)
	}
	return t, s.err()
}

func (t *Trim) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
	if call.Op != llm.OpChat || call.Request.FailOnUnsupported {
		next(ctx, call)(yield)
		return
	}
	trimmed, warning, err := t.trim(ctx, call, next)
	switch {
	case err != nil:
		yield(llm.Event{}, err)
	case warning != "":
		llmutil.WarnAfterStart(next(ctx, trimmed), llm.Warning{Code: llm.WarnChanged, Setting: "Messages", Message: warning})(yield)
	default:
		next(ctx, trimmed)(yield)
	}
}

// trim returns the call with as many of its messages as fit, and the text of a warning.
func (t *Trim) trim(ctx context.Context, call *llm.Call, next llm.Handler) (trimmed *llm.Call, warning string, err error) {
	room := t.room(call)
	if room <= 0 || maxTokens(call.Request) <= room {
		return call, "", nil
	}
	groups := group(call.Request.Messages)
	removable := groups.removable()
	// Binary search for the smallest number of groups to remove.
	n := sort.Search(removable+1, func(n int) bool {
		if err != nil {
			return true
		}
		trimmed = call.Clone()
		trimmed.Request.Messages = groups.without(n)
		var tokens int
		tokens, err = count(ctx, trimmed, next, t.Count)
		return tokens <= room
	})
	switch {
	case ctx.Err() != nil:
		return nil, "", llm.FromContext(ctx)
	case err != nil:
		return call, "not trimmed, because the tokens could not be counted: " + err.Error(), nil
	case n > removable:
		return nil, "", &llm.Error{
			Kind: llm.ContextLength, Provider: call.Provider, Model: call.Model, Op: call.Op,
			Message: fmt.Sprintf("not sent: the system messages and the newest turn alone exceed the limit of %d tokens (middleware.Trim); shorten them", room),
		}
	case n == 0:
		return call, "", nil
	}
	trimmed = call.Clone()
	trimmed.Request.Messages = groups.without(n)
	all, kept := len(call.Request.Messages), len(trimmed.Request.Messages)
	return trimmed, fmt.Sprintf("the oldest %d of %d messages were removed, so that the rest fits into %d tokens", all-kept, all, room), nil
}

// room returns the maximum number of input tokens, or 0 if it is not known.
func (t *Trim) room(call *llm.Call) int {
	window := t.ContextWindow
	if window == 0 {
		info, _ := t.Info(call.Provider, call.Model)
		window = info.ContextWindow
	}
	if n := call.Request.MaxTokens; n > 0 {
		return window - n
	}
	return window - t.EstimatedOutputTokens
}

// maxTokens returns an upper bound for the tokens of a request, so that short requests need
// not be counted. A text never has more tokens than bytes. Other content has no bound.
func maxTokens(req *llm.Request) int {
	const around = 32 // the role and the template around a message
	n := around
	for _, m := range req.Messages {
		n += around + len(m.Name)
		for _, part := range m.Parts {
			switch part.(type) {
			case llm.Image, llm.Audio, llm.File:
				return math.MaxInt
			}
			n += partBytes(part)
		}
	}
	for _, tool := range req.Tools {
		n += around + len(tool.Name) + len(tool.Description) + 2*len(tool.Parameters)
	}
	if req.Format != nil {
		n += around + 2*len(req.Format.Schema)
	}
	return n
}

// groups are the messages of a conversation, oldest first, in groups that are kept or
// removed together.
type groups []messageGroup

type messageGroup struct {
	messages []llm.Message
	kept     bool // never removed
}

// group divides a conversation. Each system message is a group, and so is each turn except
// the newest. The newest turn is divided into the user messages and each tool exchange.
func group(messages []llm.Message) groups {
	newest := len(messages)
	for i, m := range messages {
		if m.Role == llm.RoleUser && (i == 0 || messages[i-1].Role != llm.RoleUser) {
			newest = i
		}
	}
	var all groups
	for i, m := range messages {
		last := len(all) - 1
		switch {
		case m.Role == llm.RoleSystem:
			all = append(all, messageGroup{messages[i : i+1], true})
		case last < 0 || all[last].messages[0].Role == llm.RoleSystem || begins(messages, i, newest):
			all = append(all, messageGroup{messages[i : i+1 : i+1], i >= newest && m.Role == llm.RoleUser})
		default:
			all[last].messages = append(all[last].messages, m)
		}
	}
	for i := range slices.Backward(all) { // the answer follows the newest group
		if all[i].messages[0].Role != llm.RoleSystem {
			all[i].kept = true
			break
		}
	}
	return all
}

// begins reports whether a message begins a group: a turn or, in the newest turn, a message
// of the model.
func begins(messages []llm.Message, i, newest int) bool {
	switch messages[i].Role {
	case llm.RoleUser:
		return messages[i-1].Role != llm.RoleUser
	case llm.RoleAssistant:
		return i > newest
	}
	return false
}

func (gs groups) removable() int {
	n := 0
	for _, g := range gs {
		if !g.kept {
			n++
		}
	}
	return n
}

// without returns the messages without the n oldest groups that can be removed.
func (gs groups) without(n int) []llm.Message {
	var messages []llm.Message
	for _, g := range gs {
		if !g.kept && n > 0 {
			n--
			continue
		}
		messages = append(messages, g.messages...)
	}
	return messages
}
