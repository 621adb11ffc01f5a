package providers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// checked returns the middleware that holds each request to what is known of its model. What
// the model cannot do is a warning beside the answer, as the server may know better than the catalog;
// if the request is strict, it is an error and nothing is sent. A model that a server does not
// have, and of which it is known that it is retired, is an error of kind [llm.Retired].
//
// It looks at the request's fields, and at nothing of the answer unless there is something to say.
func checked(info llm.ModelInfo) llm.Middleware {
	gone := info.Status == llm.StatusRetired
	return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			if call.Model != info.Name || call.Op == llm.OpListModels { // another model took it over
				return next(ctx, call)
			}
			warnings := shortcomings(info, call)
			switch {
			case len(warnings) == 0:
				return next(ctx, call)
			case strict(call):
				return refused(info, call, warnings[0])
			}
			events := next(ctx, call)
			if gone {
				events = retired(events, warnings[0].Message)
			}
			return llmutil.WarnAfterStart(events, warnings...)
		}
	})
}

func strict(call *llm.Call) bool {
	return call.Request != nil && call.Request.FailOnUnsupported || call.Embed != nil && call.Embed.FailOnUnsupported
}

// retired changes the error for a model that the server does not have, and that is known to
// be retired, to one of kind [llm.Retired].
func retired(events llm.Events, message string) llm.Events {
	return func(yield func(llm.Event, error) bool) {
		for ev, err := range events {
			if err != nil && llm.KindOf(err) == llm.NotFound {
				err = &llm.Error{Kind: llm.Retired, Message: message, Err: err}
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}

func refused(info llm.ModelInfo, call *llm.Call, w llm.Warning) llm.Events {
	kind := llm.Unsupported
	if w.Code == llm.WarnDeprecated && info.Status == llm.StatusRetired {
		kind = llm.Retired
	}
	return func(yield func(llm.Event, error) bool) {
		yield(llm.Event{}, &llm.Error{Kind: kind, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: w.Message})
	}
}

// shortcomings returns what of the call its model cannot do. A field that is not
// known of the model says nothing.
func shortcomings(info llm.ModelInfo, call *llm.Call) []llm.Warning {
	var found []llm.Warning
	unsupported := func(setting, format string, args ...any) {
		found = append(found, llm.Warning{Code: llm.WarnUnsupported, Setting: setting, Message: fmt.Sprintf(format, args...)})
	}
	if text := ending(info); text != "" {
		found = append(found, llm.Warning{Code: llm.WarnDeprecated, Message: text})
	}
	if len(info.Output) > 0 && call.Op != llm.OpCountTokens {
		embeds := slices.Contains(info.Output, llm.ModalityEmbedding)
		switch {
		case call.Op == llm.OpEmbed && !embeds:
			unsupported("", "%s is not known to make embeddings", info.Name)
		case call.Op == llm.OpChat && embeds && len(info.Output) == 1:
			unsupported("", "%s makes embeddings and does not chat", info.Name)
		}
	}
	r := call.Request
	if r == nil || call.Op != llm.OpChat {
		return found
	}
	if info.MaxOutput > 0 && r.MaxTokens > info.MaxOutput {
		unsupported("MaxTokens", "%s answers with at most %d tokens, and %d are asked for", info.Name, info.MaxOutput, r.MaxTokens)
	}
	if len(info.Input) > 0 {
		for _, m := range missingModalities(info, r.Messages) {
			unsupported("Messages", "%s is not known to take %s", info.Name, m)
		}
	}
	if info.Capabilities != nil {
		if len(r.Tools) > 0 && !slices.Contains(info.Capabilities, llm.CanUseTools) {
			unsupported("Tools", "%s is not known to use tools", info.Name)
		}
		if r.Format != nil && len(r.Format.Schema) > 0 && !slices.Contains(info.Capabilities, llm.CanFollowJSON) {
			unsupported("Format", "%s is not known to follow a JSON schema", info.Name)
		}
		if r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone && !slices.Contains(info.Capabilities, llm.CanReason) {
			unsupported("ReasoningEffort", "%s is not known to reason", info.Name)
		}
	}
	return found
}

// ending says that a model is no more or soon will be, and what to use instead.
func ending(info llm.ModelInfo) string {
	var b strings.Builder
	b.WriteString(info.Name)
	switch info.Status {
	case llm.StatusRetired:
		b.WriteString(" is retired")
		if !info.RetiresAt.IsZero() {
			b.WriteString(" since " + info.RetiresAt.Format(time.DateOnly))
		}
	case llm.StatusDeprecated:
		b.WriteString(" is deprecated")
		if !info.RetiresAt.IsZero() {
			b.WriteString(" and ends on " + info.RetiresAt.Format(time.DateOnly))
		}
	default:
		return ""
	}
	if info.Successor != "" {
		b.WriteString(": use " + info.Successor)
	}
	return b.String()
}

// missingModalities returns what the messages hold that the model does not take. Plain
// text, which is nearly all there is, costs a look at each part's type.
func missingModalities(info llm.ModelInfo, messages []llm.Message) []llm.Modality {
	var missing []llm.Modality
	for _, m := range messages {
		for _, part := range m.Parts {
			var needs llm.Modality
			switch part.(type) {
			case llm.Image:
				needs = llm.ModalityImage
			case llm.Audio:
				needs = llm.ModalityAudio
			case llm.File:
				needs = llm.ModalityFile
			default:
				continue
			}
			if !slices.Contains(info.Input, needs) && !slices.Contains(missing, needs) {
				missing = append(missing, needs)
			}
		}
	}
	return missing
}
