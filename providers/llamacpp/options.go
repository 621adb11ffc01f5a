package llamacpp

import "maps"

// Options are settings that only llama.cpp's server has. Zero fields are not sent.
type Options struct {
	// Template is the name of a prompt format, for a model without a chat template: "plain"
	// (also "llama1" and "cerebras-gpt": the model continues the text), "alpaca", "vicuna",
	// "llama2", "llama3", "chatml", "gemma", "mistral-v1", "mistral-v3" or "mistral-v7".
	// Tools and images are not supported. The default is Config.Template. If that is empty,
	// the server uses the chat template of the model's file, which is better if there is one.
	//
	// Security: with a prompt format, the prompt is sent as token ids, so a message cannot
	// contain a control token. With the chat template, the server interprets the names of
	// control tokens in messages.
	//
	// With "alpaca", the first text of a user message is the instruction. Further texts of
	// the message are its input.
	Template string `json:"template,omitempty"`

	// Grammar is a grammar in GBNF that the answer follows. It cannot be combined with a
	// Format.
	// https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
	Grammar string `json:"grammar,omitempty"`

	// CachePrompt, if false, makes the server process the whole prompt. By default it
	// processes only the part that differs from the slot's previous prompt. The answer can
	// then differ in some tokens, because they are computed in other batches.
	CachePrompt *bool `json:"cache_prompt,omitempty"`
	// Slot is the id of the slot that processes the request and whose prompt is reused, see
	// Provider.Slots. The default is the slot with the most similar prompt.
	Slot *int `json:"slot,omitempty"`

	MinP          *float64 `json:"min_p,omitempty"`          // minimum probability of a token, relative to the most likely token
	RepeatPenalty *float64 `json:"repeat_penalty,omitempty"` // 1 means no penalty

	// ChatTemplateKwargs are arguments of the model's chat template. Example:
	// {"enable_thinking": false}.
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`

	// Extra are additional members of the request's JSON object, for chats and embeddings.
	// They replace members of the same name. A nil value removes a member.
	// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "llamacpp".
func (Options) ProviderName() string { return providerName }

// members returns the members that the options add to a request. They are the same in both
// APIs of the server.
func (o *Options) members() map[string]any {
	members := make(map[string]any)
	if o.Grammar != "" {
		members["grammar"] = o.Grammar
	}
	if o.CachePrompt != nil {
		members["cache_prompt"] = *o.CachePrompt
	}
	if o.Slot != nil {
		members["id_slot"] = *o.Slot
	}
	if o.MinP != nil {
		members["min_p"] = *o.MinP
	}
	if o.RepeatPenalty != nil {
		members["repeat_penalty"] = *o.RepeatPenalty
	}
	maps.Copy(members, o.Extra)
	return members
}
