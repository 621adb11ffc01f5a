package openai

import (
	openai "github.com/sashabaranov/go-openai"
)

// Options are the settings that OpenAI's dialect has and others do not. What is
// zero is not sent. They serve every [Server].
type Options struct {
	// SystemRole is the role under which system messages go: "system" if it is
	// empty, "developer" for models that want that.
	SystemRole string `json:"system_role,omitempty"`

	User             string            `json:"user,omitempty"`              // your end user's id; also of embeddings
	SafetyIdentifier string            `json:"safety_identifier,omitempty"` // the same for OpenAI's checks, best as a hash
	ServiceTier      string            `json:"service_tier,omitempty"`      // "auto", "default", "flex", "priority"
	Verbosity        string            `json:"verbosity,omitempty"`         // "low", "medium", "high"
	Store            *bool             `json:"store,omitempty"`             // whether the server keeps the answer
	Metadata         map[string]string `json:"metadata,omitempty"`          // kept with it
	LogitBias        map[string]int    `json:"logit_bias,omitempty"`        // -100 to 100, by token id
	Prediction       string            `json:"prediction,omitempty"`        // text that much of the answer will equal
	// ChatTemplateKwargs are arguments of the model's chat template, for
	// llama.cpp and vLLM: {"enable_thinking": false}.
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`

	// CountBy says who counts tokens: this process, without the network, or the server.
	CountBy CountBy `json:"count_by,omitempty"`

	// Hook, if set, changes the vendor's request after all settings are in it.
	// Messages and tools that it leaves alone are sent as they were, with the parts
	// that the vendor's type does not know. The type cannot tell a zero from
	// nothing: to send one for a temperature or another number of sampling that
	// the request does not have, set math.SmallestNonzeroFloat32, as with the
	// vendor's own client; for other fields, use Extra.
	Hook func(*openai.ChatCompletionRequest) `json:"-"`
	// Extra are further members of the request's JSON object, in chats. They
	// outrank all else, the hook included. A nil member takes away what would be
	// sent otherwise.
	//
	// Groq's Qwen models, for one, reason in the text of the answer, within <think>,
	// unless Extra has {"reasoning_format": "parsed"}.
	Extra map[string]any `json:"extra,omitempty"`
	// EmbedExtra is Extra for requests for embeddings.
	EmbedExtra map[string]any `json:"embed_extra,omitempty"`
}

// ProviderName returns "openai".
func (Options) ProviderName() string { return string(OpenAI) }
