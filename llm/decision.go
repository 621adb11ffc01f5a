package llm

import (
	"crypto/sha256"
	"encoding/hex"
)

// Decision allows or denies the execution of a [ToolCall], for example after a person was
// asked. It is part of a tool message after the call. A tool loop runs the call, or writes
// the result of a denied one, and removes the decision. Providers refuse requests with
// decisions.
//
// A decision is valid only for the call that was shown: [Decision.Matches] compares the id,
// the name and the arguments.
//
// Security: a decision is data of a message. Anyone who can write the stored conversation
// can approve a call.
type Decision struct {
	CallID string `json:"callId,omitempty"`
	Name   string `json:"name"`
	// ArgumentsHash is the SHA-256 of the arguments of the call, in hexadecimal.
	ArgumentsHash string `json:"argumentsHash"`
	Approved      bool   `json:"approved"`
	// Reason tells the model the reason why the call was denied.
	Reason string `json:"reason,omitempty"`
	// Arguments replace those of the call, if not empty.
	Arguments string `json:"arguments,omitempty"`
	// Signature shows that the program has asked for this decision. See
	// github.com/parley-llm/parley/llm/tool.Sign.
	Signature string `json:"signature,omitempty"`
}

// Decisions returns the message with decisions, which follows the open calls of a history.
func Decisions(decisions ...Decision) Message {
	m := Message{Role: RoleTool, Parts: make([]Part, len(decisions))}
	for i, d := range decisions {
		m.Parts[i] = d
	}
	return m
}

func (Decision) partType() string { return "decision" }

// Approve returns a decision that allows the call.
func (c ToolCall) Approve() Decision {
	return Decision{CallID: c.ID, Name: c.Name, ArgumentsHash: argumentsHash(c), Approved: true}
}

// Deny returns a decision that denies the call. The model receives the reason.
func (c ToolCall) Deny(reason string) Decision {
	return Decision{CallID: c.ID, Name: c.Name, ArgumentsHash: argumentsHash(c), Reason: reason}
}

// Matches reports whether the decision was made for this call: the id, the name and the
// arguments are the same.
func (d Decision) Matches(call ToolCall) bool {
	return d.CallID == call.ID && d.Name == call.Name && d.ArgumentsHash == argumentsHash(call)
}

func argumentsHash(call ToolCall) string {
	sum := sha256.Sum256([]byte(call.Arguments))
	return hex.EncodeToString(sum[:])
}
