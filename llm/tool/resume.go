package tool

import (
	"context"
	"crypto/subtle"
	"slices"

	"github.com/parley-llm/parley/llm"
)

// resume continues a history that ends with open calls. It returns true if the model is to be
// asked next.
func (r *run) resume(ctx context.Context) (proceed bool, err error) {
	messages := r.call.Request.Messages
	r.history = joined(withoutDecisions(messages))
	r.tainted = r.ApproveAfterUntrusted && r.hasUntrusted(messages)
	open := llm.OpenCalls(messages)
	turn := lastTurn(messages)
	decided, err := r.decisions(messages[turn:], open)
	switch {
	case err != nil:
		return false, err
	case len(open) == 0:
		return true, nil
	case len(decided) == 0:
		return false, decisionError(r.call, open[0].ID, "%d calls at the end of the history wait for a decision, the first is %s; append an llm.Decision, or close them with llm.CloseCalls",
			len(open), open[0].Name)
	}
	if r.Claim != nil {
		for i, call := range open {
			if d, ok := decided[i]; ok && d.Approved {
				if err := r.Claim(ctx, call); err != nil {
					return false, err
				}
			}
		}
	}
	if !r.startStep() {
		return false, nil
	}
	jobs, err := r.plan(ctx, open, r.tools, decided)
	if err != nil {
		return false, err
	}
	r.execute(ctx, jobs, r.history[:lastTurn(r.history)])
	if r.stopped {
		return false, nil
	}
	if slices.ContainsFunc(jobs, func(j *job) bool { return j.open }) {
		return false, r.finish(ctx, nil, results(jobs))
	}
	if err := r.endStep(ctx, nil, results(jobs)); err != nil {
		return false, err
	}
	return true, r.checkLimits(jobs)
}

// hasUntrusted reports whether messages have a result of an untrusted tool.
func (r *run) hasUntrusted(messages []llm.Message) bool {
	return slices.ContainsFunc(messages, func(m llm.Message) bool {
		return m.Role == llm.RoleTool && slices.ContainsFunc(m.Parts, func(part llm.Part) bool {
			result, ok := part.(llm.ToolResult)
			t := r.tools.byName[result.Name]
			return ok && t != nil && t.untrusted
		})
	})
}

// lastTurn returns the index of the assistant message that begins the last turn of calls.
func lastTurn(messages []llm.Message) int {
	i := len(messages)
	for i > 0 && messages[i-1].Role == llm.RoleTool {
		i--
	}
	for i > 0 && messages[i-1].Role == llm.RoleAssistant {
		i--
	}
	return i
}

// decisions returns the decisions of a turn, by the number of the open call.
func (r *run) decisions(turn []llm.Message, open []llm.ToolCall) (decisionOf, error) {
	decided := decisionOf{}
	answered := map[string]bool{}
	for _, m := range turn {
		for _, part := range m.Parts {
			switch p := part.(type) {
			case llm.ToolResult:
				answered[p.CallID+"\n"+p.Name] = true
			case llm.Decision:
				if err := r.addDecision(decided, p, open, answered[p.CallID+"\n"+p.Name]); err != nil {
					return nil, err
				}
			}
		}
	}
	return decided, nil
}

func (r *run) addDecision(decided decisionOf, d llm.Decision, open []llm.ToolCall, answered bool) error {
	found := false
	for i, call := range open {
		if call.ID != d.CallID || call.Name != d.Name {
			continue
		}
		found = true
		if _, again := decided[i]; again || !d.Matches(call) {
			continue
		}
		if secret := r.ApprovalSecret; secret != "" && d.Approved &&
			subtle.ConstantTimeCompare([]byte(d.Signature), []byte(Sign(secret, call))) != 1 {
			return decisionError(r.call, d.CallID, "the approval of %s has no valid signature: use the signature that tool.Sign returned for the call", d.Name)
		}
		decided[i] = d
		return nil
	}
	switch {
	case found && !answered:
		return decisionError(r.call, d.CallID, "the decision on %s is for other arguments than those of the call: decide on the call that is in the history", d.Name)
	case answered:
		return decisionError(r.call, d.CallID, "the call of %s has a result already: the approval was used before", d.Name)
	}
	return nil // used in an earlier step: its result follows
}

// withoutDecisions returns messages without the decisions that have been used.
func withoutDecisions(messages []llm.Message) []llm.Message {
	isDecision := func(part llm.Part) bool { _, ok := part.(llm.Decision); return ok }
	if !slices.ContainsFunc(messages, func(m llm.Message) bool { return slices.ContainsFunc(m.Parts, isDecision) }) {
		return messages
	}
	kept := make([]llm.Message, 0, len(messages))
	for _, m := range messages {
		if slices.ContainsFunc(m.Parts, isDecision) {
			if m.Parts = slices.DeleteFunc(slices.Clone(m.Parts), isDecision); len(m.Parts) == 0 {
				continue
			}
		}
		kept = append(kept, m)
	}
	return kept
}

// joined returns messages in which all results of a turn are one message, in the order of the
// calls. A conversation that was resumed is then sent in the same form on each turn.
func joined(messages []llm.Message) []llm.Message {
	follows := func(i int) bool {
		return i > 0 && messages[i].Role == llm.RoleTool && messages[i-1].Role == llm.RoleTool
	}
	i := 0
	for i < len(messages) && !follows(i) {
		i++
	}
	if i == len(messages) {
		return messages
	}
	out := slices.Clone(messages[:i])
	for ; i < len(messages); i++ {
		if !follows(i) {
			out = append(out, messages[i])
			continue
		}
		last := len(out) - 1
		out[last].Parts = inOrder(out[:last], append(slices.Clip(out[last].Parts), messages[i].Parts...))
	}
	return out
}

// inOrder returns the results that follow history in the order of the calls.
func inOrder(history []llm.Message, results []llm.Part) []llm.Part {
	var ordered []llm.Part
	for _, m := range history[lastTurn(history):] {
		for _, call := range m.ToolCalls() {
			at := slices.IndexFunc(results, func(part llm.Part) bool {
				result, ok := part.(llm.ToolResult)
				return ok && result.CallID == call.ID && (call.ID != "" || result.Name == call.Name)
			})
			if at >= 0 {
				ordered = append(ordered, results[at])
				results = slices.Delete(slices.Clone(results), at, at+1)
			}
		}
	}
	return append(ordered, results...)
}
