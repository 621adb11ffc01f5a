package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Check returns a middleware that compares each request with the facts about its model.
//
// If the model is not known to support part of a request, or if it is deprecated or retired,
// the answer has a warning, because the server may be newer than the catalog. If the request
// has FailOnUnsupported set, the call fails with an error of kind [llm.Unsupported] or
// [llm.Retired], and nothing is sent.
//
// If the server does not have the model and the model is retired, the error is of kind
// [llm.Retired] and names the successor.
//
// A fact that is not known produces neither. Check reads the fields of the request only; it
// reads the answer only if there is a warning to add.
func Check(info llm.ModelInfo) llm.Middleware {
	gone := info.Status == llm.StatusRetired
	return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			if call.Model != info.Name || call.Op == llm.OpListModels { // another model took over
				return next(ctx, call)
			}
			warnings := shortcomings(info, call)
			switch {
			case len(warnings) == 0:
				return next(ctx, call)
			case failOnUnsupported(call):
				return refused(info, call, warnings[0])
			}
			events := next(ctx, call)
			if gone {
				events = asRetired(events, warnings[0].Message)
			}
			return llmutil.WarnAfterStart(events, warnings...)
		}
	})
}

// failOnUnsupported reports whether the request prefers an error to a warning.
func failOnUnsupported(call *llm.Call) bool {
	return call.Request != nil && call.Request.FailOnUnsupported || call.Embed != nil && call.Embed.FailOnUnsupported
}

// asRetired changes the error for a model that the server does not have, and that is known to
// be retired, to one of kind [llm.Retired].
func asRetired(events llm.Events, message string) llm.Events {
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

// refused returns the events of a call that fails without being sent.
func refused(info llm.ModelInfo, call *llm.Call, w llm.Warning) llm.Events {
	kind := llm.Unsupported
	if w.Code == llm.WarnDeprecated && info.Status == llm.StatusRetired {
		kind = llm.Retired
	}
	return func(yield func(llm.Event, error) bool) {
		yield(llm.Event{}, &llm.Error{Kind: kind, Provider: call.Provider, Model: call.Model, Op: call.Op, Message: w.Message})
	}
}

// shortcomings returns a warning for each part of the call that its model is not known to
// support.
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
		unsupported("MaxTokens", "%s answers with at most %d tokens, and the request asks for %d", info.Name, info.MaxOutput, r.MaxTokens)
	}
	if len(info.Input) > 0 {
		for _, m := range missingModalities(info, r.Messages) {
			unsupported("Messages", "%s is not known to accept %s", info.Name, m)
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

// soon is the time before the end of a model in which every call has a warning.
const soon = 30 * 24 * time.Hour

// ending says that a model is retired or will be, and names its successor. It returns "" for
// other models.
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
		if info.RetiresAt.IsZero() || time.Until(info.RetiresAt) > soon {
			return ""
		}
		b.WriteString(" ends on " + info.RetiresAt.Format(time.DateOnly))
	}
	if info.Successor != "" {
		b.WriteString(": use " + info.Successor)
	}
	return b.String()
}

// missingModalities returns the modalities in the messages that the model does not accept.
// For text, which is nearly every request, the cost is a type switch for each part.
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
