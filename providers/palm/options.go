package palm

// Options are the settings that PaLM has and others do not. What is zero is not
// sent.
type Options struct {
	// Examples show a chat model how to answer. A user's message and the
	// assistant's after it are one more, if both have the name "example".
	Examples []Example `json:"examples,omitempty"`
	// SafetySettings say what of a text model's answers is filtered.
	SafetySettings []SafetySetting `json:"safety_settings,omitempty"`
	// Extra are further members of the request's JSON object, or for Vertex AI of
	// its parameters. They outrank all else. A nil member takes away what would be
	// sent otherwise.
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "palm".
func (Options) ProviderName() string { return providerName }

// Example is an input with the output that is wanted for it.
type Example struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// SafetySetting is the threshold for a kind of harm.
type SafetySetting struct {
	Category  string `json:"category"`  // "HARM_CATEGORY_TOXICITY"
	Threshold string `json:"threshold"` // "BLOCK_LOW_AND_ABOVE"
}
