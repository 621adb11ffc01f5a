package anthropic

import "github.com/parley-llm/parley/llm"

// stopPaused is the stop reason of a long turn with tools of the server. It does not end the
// answer: the same request with the content so far returns the rest.
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
const stopPaused = "pause_turn"

// maxPauses limits the number of pauses of one answer.
const maxPauses = 20

// pauses is the state of an answer that continues in another reply.
type pauses struct {
	recording bool
	events    []llm.Event // of the answer so far
	paused    bool        // the current reply ended with a pause
	count     int         // pauses so far
	before    llm.Usage   // of the replies that ended with a pause
	container string      // the id of the code execution tool's container
}

// hasServerTools reports whether the request has tools that the server runs. Only then can
// an answer pause.
func (b *requestBuilder) hasServerTools() bool {
	return len(b.options.ServerTools) > 0 || b.options.Extra["tools"] != nil || b.options.Extra["mcp_servers"] != nil
}

// record keeps the events of the answer, so that it can continue after a pause.
func (a *answer) record(recording bool) {
	if !recording {
		return
	}
	a.recording = true
	yield := a.Yield
	a.Yield = func(ev llm.Event, err error) bool {
		a.events = append(a.events, ev)
		return yield(ev, err)
	}
}

// pause prepares the next request of an answer, and reports whether there is one.
func (a *answer) pause() bool {
	if !a.recording || a.count == maxPauses || a.Calls() > 0 {
		return false
	}
	a.Reply.End() // the connection can be used for the next request
	a.before = a.usageSoFar()
	a.count++
	a.paused = true
	return true
}

// resume returns the body of the request that continues a paused answer: the same request
// with the content so far as its last message.
func (a *answer) resume(b *requestBuilder) ([]byte, error) {
	a.paused, a.open, a.ending, a.counts = false, nil, ending{}, llm.Usage{}
	soFar, _ := llm.Collect(func(yield func(llm.Event, error) bool) { // the error says that there is no end
		for _, ev := range a.events {
			if !yield(ev, nil) {
				return
			}
		}
	})
	call := b.call.Clone()
	call.Request.Messages = append(call.Request.Messages[:len(call.Request.Messages):len(call.Request.Messages)], soFar.Messages...)
	next, err := b.provider.build(call)
	if err != nil {
		return nil, err
	}
	if a.container != "" {
		next.body.Container = a.container
	}
	return next.marshal()
}

// usageSoFar returns the usage of all replies to the call. Each reply counts its own tokens.
func (a *answer) usageSoFar() llm.Usage {
	if a.count > 0 {
		return a.before.Add(total(a.counts))
	}
	return total(a.counts)
}
