package llama

// Options are settings that only this provider has. Zero fields have the defaults of the model's
// file, or else those of llama.cpp.
type Options struct {
	// Template is the name of a prompt format for a model without a chat template: "plain" (also
	// "llama1" and "cerebras-gpt": the model continues the text), "alpaca", "vicuna", "llama2",
	// "llama3", "chatml", "gemma", "mistral-v1", "mistral-v3" or "mistral-v7". Tools are not
	// supported. The default is the chat template of the file. If it has none, calls fail
	// without this setting.
	Template string `json:"template,omitempty"`
	// TemplateArguments are further variables of the chat template. Example:
	// {"enable_thinking": false}.
	TemplateArguments map[string]any `json:"template_arguments,omitempty"`

	MinP          *float64 `json:"min_p,omitempty"`          // minimum probability of a token, relative to the most likely one; default 0.05
	RepeatPenalty *float64 `json:"repeat_penalty,omitempty"` // 1 means no penalty, the default
	// RepeatWindow is the number of last tokens that the penalties look at. The default is 64. A
	// negative number means all of them.
	RepeatWindow int `json:"repeat_window,omitempty"`
	// LogitBias is added to the logits of tokens by id. -100 or less excludes a token.
	LogitBias map[int]float64 `json:"logit_bias,omitempty"`
}

// ProviderName returns "llama".
func (Options) ProviderName() string { return providerName }
