package ollama

// Options are the settings that Ollama has and others do not, for chats and
// embeddings. What is zero is not sent, but for Truncate.
type Options struct {
	// NumCtx is the size of the context in tokens, prompt and answer together.
	// Another size than the model is loaded with makes the server load it again.
	NumCtx int `json:"num_ctx,omitempty"`
	// NumThread is the number of processor threads to compute with.
	NumThread int `json:"num_thread,omitempty"`
	// KeepAlive is how long the model stays loaded after the call: a duration
	// such as "1h30m" (time.Duration's String will do), or a number of seconds.
	// "0" unloads it at once, "-1" keeps it for ever.
	KeepAlive string `json:"keep_alive,omitempty"`

	// Truncate lets the server leave out the oldest messages of a prompt that is
	// too long, or the end of a text to embed, without saying so. By default
	// that is an error of kind llm.ContextLength.
	Truncate *bool `json:"truncate,omitempty"`
	// Shift, if false, ends an answer that fills the context, with the reason
	// llm.FinishLength; the server's default is to go on and forget the
	// beginning of the conversation.
	Shift *bool `json:"shift,omitempty"`
	// Think switches thinking on or off, whatever Request.Reasoning says: for
	// models that know no efforts.
	Think *bool `json:"think,omitempty"`

	// Template is the name of the prompt format in which a model without a chat
	// template of its own is asked: "plain" (also "llama1" and "cerebras-gpt":
	// the model goes on with the text), "alpaca", "vicuna", "llama2", "llama3",
	// "chatml", "gemma", "mistral-v1", "mistral-v3" or "mistral-v7". It is sent
	// to be completed as it is (raw, in Ollama's words), and has no place for
	// tools or images. Empty is Config.Template, and if that is empty the model's
	// own template.
	//
	// Control tokens in the messages' texts are made text by a character in them
	// that does not show, with a warning: Ollama cannot be told to leave them alone.
	//
	// In the format "alpaca", further texts of a user's message are the input of
	// the instruction that is the first.
	Template string `json:"template,omitempty"`

	// Raw are further members of the request's "options", such as min_p,
	// repeat_penalty or num_gpu. They outrank the request's own settings:
	// https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#valid-parameters-and-values
	Raw map[string]any `json:"raw,omitempty"`
	// Extra are further members of the request's JSON object, of chats and of
	// embeddings. They outrank all else. A nil member takes away what would be sent
	// otherwise.
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "ollama".
func (Options) ProviderName() string { return providerName }
