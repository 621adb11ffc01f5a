package llm

import "iter"

// ProviderData is an item of an answer in the provider's own form, or the members of it that
// no part of this package has: for example a thought signature, encrypted reasoning, or a
// server tool's result. A later turn sends it back unchanged, together with its part.
// Programs keep it with the part and do not look into it. It is sent to no other provider.
//
// [TakeBack] decides whether data goes back.
type ProviderData struct {
	// Provider is the name of the [Provider] that produced the data. Data that a program made
	// for each provider of a dialect has no name.
	Provider string `json:"provider"`
	// Format is the dialect that wrote Data, for example "anthropic". Data of messages
	// without a version has none.
	Format string `json:"format,omitempty"`
	// Model is the name of the model in the call, if the data is valid only for it.
	Model string `json:"model,omitempty"`
	// Covers is the number of parts before this one, in the same message, that show the same
	// item.
	Covers int `json:"covers,omitempty"`
	// PartsDigest is a hash of the parts that show the item. The data is not sent if the
	// program has changed one of them. [Collect] sets it. Data without it is not checked.
	PartsDigest string `json:"partsDigest,omitempty"`
	// HistoryDigest is the [HistoryDigest] of the messages before the answer, if the data is
	// valid only after them. The provider sets it.
	HistoryDigest string `json:"historyDigest,omitempty"`
	// Data is opaque.
	Data []byte `json:"data"`
}

// endsPart reports whether d only ends a part, and leaves no data with it.
func (d *ProviderData) endsPart() bool { return d.Provider == "" && len(d.Data) == 0 }

// Items returns the parts of the message in order, as groups of those that show one item of
// the provider, with the item's data. Every part without data is a group of its own, with
// nil.
func (m Message) Items() iter.Seq2[[]Part, *ProviderData] {
	return func(yield func([]Part, *ProviderData) bool) {
		start := 0 // of the parts that have not been yielded
		for i, part := range m.Parts {
			data := partData(part)
			if data == nil {
				continue
			}
			first := max(i-max(data.Covers, 0), start)
			for ; start < first; start++ {
				if !yield(m.Parts[start:start+1:start+1], nil) {
					return
				}
			}
			start = i + 1
			if !yield(m.Parts[first:start:start], data) {
				return
			}
		}
		for ; start < len(m.Parts); start++ {
			if !yield(m.Parts[start:start+1:start+1], nil) {
				return
			}
		}
	}
}

// partData returns the data of a part, or nil.
func partData(part Part) *ProviderData {
	switch p := part.(type) {
	case Text:
		return p.ProviderData
	case Image:
		return p.ProviderData
	case Audio:
		return p.ProviderData
	case File:
		return p.ProviderData
	case ToolCall:
		return p.ProviderData
	case Reasoning:
		return p.ProviderData
	case Refusal:
		return p.ProviderData
	case Code:
		return p.ProviderData
	case Opaque:
		return p.ProviderData
	}
	return nil
}

// withData returns the part with other data.
func withData(part Part, data *ProviderData) Part {
	switch p := part.(type) {
	case Text:
		p.ProviderData = data
		return p
	case Image:
		p.ProviderData = data
		return p
	case Audio:
		p.ProviderData = data
		return p
	case File:
		p.ProviderData = data
		return p
	case ToolCall:
		p.ProviderData = data
		return p
	case Reasoning:
		p.ProviderData = data
		return p
	case Refusal:
		p.ProviderData = data
		return p
	case Code:
		p.ProviderData = data
		return p
	case Opaque:
		p.ProviderData = data
		return p
	}
	return part
}

// seal sets the digest of the data of the last part.
func seal(parts []Part) {
	last := len(parts) - 1
	data := partData(parts[last])
	if data == nil || data.PartsDigest != "" {
		return
	}
	if data.endsPart() {
		parts[last] = withData(parts[last], nil)
		return
	}
	sealed := *data // an event's data can be shared
	sealed.Covers = min(max(data.Covers, 0), last)
	sealed.PartsDigest = partsDigest(parts[last-sealed.Covers:])
	parts[last] = withData(parts[last], &sealed)
}
