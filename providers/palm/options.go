package palm

// Options are the settings that only PaLM has. Zero fields are not sent.
type Options struct {
	// Examples show a chat model how to answer. In addition, a user message and the
	// following assistant message are an example if both have the name "example".
	Examples []Example `json:"examples,omitempty"`
	// SafetySettings configure the content filters of a text model.
	SafetySettings []SafetySetting `json:"safety_settings,omitempty"`
	// Extra contains further members of the request's JSON object, or of its parameters
	// for Vertex AI. They take precedence over all other settings. A nil value removes a
	// member from the request.
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "palm".
func (Options) ProviderName() string { return providerName }

// Example is an input with the desired output.
type Example struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// SafetySetting is the threshold for a category of harm. The values are those of
// safety.proto in the definition of the protocol.
type SafetySetting struct {
	Category  string `json:"category"`  // for example "HARM_CATEGORY_TOXICITY"
	Threshold string `json:"threshold"` // for example "BLOCK_LOW_AND_ABOVE"
}
