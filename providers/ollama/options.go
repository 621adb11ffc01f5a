package ollama

// Options are settings that only Ollama has, for chats and embeddings. Zero fields are not
// sent, except Truncate.
type Options struct {
	// NumCtx is the size of the context window in tokens, for prompt and answer together.
	// If it differs from the size of the loaded model, the server reloads the model.
	NumCtx int `json:"num_ctx,omitempty"`
	// NumThread is the number of CPU threads of the computation.
	NumThread int `json:"num_thread,omitempty"`
	// KeepAlive is the time that the model stays loaded after the call: a duration in the
	// format of time.Duration, for example "1h30m", or a number of seconds. "0" unloads the
	// model immediately. "-1" keeps it loaded.
	KeepAlive string `json:"keep_alive,omitempty"`

	// Truncate lets the server omit the oldest messages of a prompt that is too long, or
	// the end of a text to embed. The server does not report it. By default such a call
	// fails with kind llm.ContextLength.
	Truncate *bool `json:"truncate,omitempty"`
	// Shift, if false, ends an answer when the context window is full, with
	// llm.FinishLength. By default the server continues and drops the beginning of the
	// conversation.
	Shift *bool `json:"shift,omitempty"`
	// Think turns reasoning on or off, and overrides Request.ReasoningEffort. Use it for
	// models without reasoning efforts.
	Think *bool `json:"think,omitempty"`

	// Template is the name of a prompt format, for a model without a chat template: "plain"
	// (also "llama1" and "cerebras-gpt": the model continues the text), "alpaca", "vicuna",
	// "llama2", "llama3", "chatml", "gemma", "mistral-v1", "mistral-v3" or "mistral-v7". The
	// prompt is sent in Ollama's raw mode. Tools and images are not supported. The default
	// is Config.Template, or the model's template if that is empty.
	//
	// Security: Ollama interprets the names of control tokens in a raw prompt. If a message
	// contains such a name, an invisible character (U+200B) is inserted into it, with a
	// warning.
	//
	// With "alpaca", the first text of a user message is the instruction. Further texts of
	// the message are its input.
	Template string `json:"template,omitempty"`

	// Raw are additional members of the request's "options", for example min_p,
	// repeat_penalty or num_gpu. They replace members of the same name.
	// https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#valid-parameters-and-values
	Raw map[string]any `json:"raw,omitempty"`
	// Extra are additional members of the request's JSON object, for chats and embeddings.
	// They replace members of the same name. A nil value removes a member.
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "ollama".
func (Options) ProviderName() string { return providerName }
