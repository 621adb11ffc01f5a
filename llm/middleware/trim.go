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

// Trim leaves out the oldest turns of a conversation that has become too long
// for the model's context window. It keeps the system messages, the newest turn, and as many of
// those before as fit. If the newest turn alone is too long, it leaves out the oldest
// of its tool calls, each with its results. The answer then has a
// warning, [llm.WarnChanged], that says what was left out.
//
// What is still too long fails with [llm.ContextLength]. A conversation whose
// tokens cannot be counted is sent as it is, with a warning, and so is a
// request that is Strict, without one.
type Trim struct {
	// ContextWindow is the model's, in tokens; 0 asks Info. One must be set.
	ContextWindow int `yaml:"context_window" json:"context_window"`
	// Answer is how many tokens are kept free for the answer to a request that
	// sets no MaxTokens. Default 1000.
	Answer int `yaml:"answer" json:"answer"`
	// Info returns what is known of a model. Models whose context window is
	// not known are left alone.
	Info func(provider, model string) (llm.ModelInfo, bool) `yaml:"-" json:"-"`
	// Count counts the input tokens; nil asks the model, which for some is a
	// request of its own: a few for each conversation that is too long.
	Count Counter `yaml:"-" json:"-"`
}

// Middleware returns the middleware of these settings.
func (t Trim) Middleware() (llm.Middleware, error) {
	s := settings{name: "Trim"}
	positive(&s, "ContextWindow", &t.ContextWindow, 0)
	positive(&s, "Answer", &t.Answer, 1000)
	switch {
	case t.ContextWindow == 0 && t.Info == nil:
		s.refuse("ContextWindow", "is zero, and Info is nil; set one of them")
	case t.ContextWindow > 0 && t.ContextWindow <= t.Answer:
		s.refuse("ContextWindow", "is %d, which leaves nothing besides Answer, %d", t.ContextWindow, t.Answer)
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return layer(t.run), nil
}

func (t Trim) run(ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool) {
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

// trim returns the call with as many of its messages as fit, and what to say of it.
func (t Trim) trim(ctx context.Context, call *llm.Call, next llm.Handler) (trimmed *llm.Call, warning string, err error) {
	room := t.room(call)
	if room <= 0 || mostTokens(call.Request) <= room {
		return call, "", nil
	}
	groups := group(call.Request.Messages)
	droppable := groups.droppable()
	// The fewest groups to drop, by halves; dropping more never makes it longer.
	n := sort.Search(droppable+1, func(n int) bool {
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
	case n > droppable:
		return nil, "", &llm.Error{
			Kind: llm.ContextLength, Provider: call.Provider, Model: call.Model, Op: call.Op,
			Message: fmt.Sprintf("not sent: the system messages and the newest turn alone are more than the %d tokens there is room for (middleware.Trim)", room),
		}
	case n == 0:
		return call, "", nil
	}
	trimmed = call.Clone()
	trimmed.Request.Messages = groups.without(n)
	all, kept := len(call.Request.Messages), len(trimmed.Request.Messages)
	return trimmed, fmt.Sprintf("%d of %d messages, the oldest, were left out so that the rest fits into %d tokens", all-kept, all, room), nil
}

// room returns how many tokens the input may have, or 0 if that is not known.
func (t Trim) room(call *llm.Call) int {
	window := t.ContextWindow
	if window == 0 {
		info, _ := t.Info(call.Provider, call.Model)
		window = info.ContextWindow
	}
	if n := call.Request.MaxTokens; n > 0 {
		return window - n
	}
	return window - t.Answer
}

// mostTokens returns more tokens than the request can have: no tokenizer makes
// more of a text than it has bytes. It saves counting what is short. What is not text
// may have any number.
func mostTokens(req *llm.Request) int {
	const around = 32 // a message, with its role and what stands around it
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

// groups are the messages of a conversation by what belongs together, oldest
// first, each with its place in the order in which they are dropped.
type groups []messageGroup

type messageGroup struct {
	messages []llm.Message
	kept     bool // never dropped
}

// group divides a conversation: every system message for itself, every turn but
// the newest as a whole, and the newest into what was asked and each tool exchange.
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
	for i := range slices.Backward(all) { // the newest of all is what the answer follows
		if all[i].messages[0].Role != llm.RoleSystem {
			all[i].kept = true
			break
		}
	}
	return all
}

// begins reports whether a message begins a group: a turn, or within the newest
// one, the model's side of an exchange.
func begins(messages []llm.Message, i, newest int) bool {
	switch messages[i].Role {
	case llm.RoleUser:
		return messages[i-1].Role != llm.RoleUser
	case llm.RoleAssistant:
		return i > newest
	}
	return false
}

func (gs groups) droppable() int {
	n := 0
	for _, g := range gs {
		if !g.kept {
			n++
		}
	}
	return n
}

// without returns the messages without the n oldest groups that may be dropped.
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
