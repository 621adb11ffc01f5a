package config

import (
	"context"

	"github.com/parley-llm/parley/llm"
)

// lackingKey is a provider whose key is missing. Its calls fail with the problem. So one
// missing key does not prevent the use of the other models of a file.
type lackingKey struct {
	name    string
	problem Problem
}

// Name returns the name of the provider.
func (l *lackingKey) Name() string { return l.name }

// Do fails the call with kind [llm.Auth].
func (l *lackingKey) Do(_ context.Context, call *llm.Call) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		yield(llm.Event{}, &llm.Error{Kind: llm.Auth, Provider: l.name, Model: call.Model, Op: call.Op, Message: l.problem.String()})
	}
}

// lacking returns a provider for a model whose key is missing.
func (c *connector) lacking(t target, at place, message string) llm.Provider {
	return &lackingKey{t.kind, Problem{c.path, max(at.line, 1), max(at.column, 1), message}}
}

// lackingAll returns the problems of the providers if all of them lack their key, or nil.
func lackingAll(opened []llm.Provider) []Problem {
	var all []Problem
	for _, p := range opened {
		l, ok := p.(*lackingKey)
		if !ok {
			return nil
		}
		all = append(all, l.problem)
	}
	return all
}

// reportLacking decides about the keys that are missing: if no model has its key, nothing
// works, so they are mistakes in the file. Otherwise they are warnings.
func (b *builder) reportLacking() (warnings []Problem) {
	unusable := 0
	for i := range b.file.Models {
		if e := b.entries[b.file.Models[i].name.value]; e != nil && e.lacks != nil {
			unusable++
		}
	}
	isAll := unusable == len(b.file.Models)
	for i := range b.file.Models {
		e := b.entries[b.file.Models[i].name.value]
		switch {
		case e == nil || e.lacks == nil:
		case isAll:
			b.list = append(b.list, e.lacks...)
		default:
			warnings = append(warnings, e.lacks...)
		}
	}
	return warnings
}
