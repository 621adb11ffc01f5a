package llamacpp

import "maps"

// Options are the settings that llama.cpp's server has and others do not. What
// is zero is not sent.
type Options struct {
	// Template is the name of the prompt format in which a model without a chat
	// template of its own is asked: "plain" (also "llama1" and "cerebras-gpt":
	// the model goes on with the text), "alpaca", "vicuna", "llama2", "llama3",
	// "chatml", "gemma", "mistral-v1", "mistral-v3" or "mistral-v7". It goes to
	// the server as tokens, so that control tokens in the messages' texts are
	// text. There is no place in it for tools or images.
	//
	// Empty is Config.Template, and if that is empty the chat template of the
	// model's file, which is better where there is one. The server then takes
	// control tokens in the messages' texts for what they are.
	//
	// In the format "alpaca", further texts of a user's message are the input of
	// the instruction that is the first.
	Template string `json:"template,omitempty"`

	// Grammar holds the answer to a grammar in GBNF:
	// https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
	// A request has this or a Format, not both.
	Grammar string `json:"grammar,omitempty"`

	// CachePrompt, if false, has the server read all of the prompt anew, rather than
	// only what differs from the prompt before it. An answer can then not differ in
	// a token for having been computed in other batches.
	CachePrompt *bool `json:"cache_prompt,omitempty"`
	// Slot is the number of the slot to answer in, whose prompt is reused: see
	// Provider.Slots. Nil is the slot with the most similar prompt.
	Slot *int `json:"slot,omitempty"`

	MinP          *float64 `json:"min_p,omitempty"`          // sample from tokens at least this likely, as a share of the likeliest
	RepeatPenalty *float64 `json:"repeat_penalty,omitempty"` // 1 is none

	// ChatTemplateKwargs are arguments of the model's own chat template, such as
	// {"enable_thinking": false}.
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`

	// Extra are further members of the request's JSON object, of chats and of
	// embeddings. They outrank all else. A nil member takes away what would be
	// sent otherwise.
	// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-completion-given-a-prompt-it-returns-the-predicted-completion
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "llamacpp".
func (Options) ProviderName() string { return providerName }

// members returns what the options add to a request for an answer, which both
// of the server's APIs take.
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
