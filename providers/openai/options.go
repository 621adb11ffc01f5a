package openai

// Options are settings that only OpenAI-compatible servers have. They apply to every
// [Server]. Zero fields are not sent.
type Options struct {
	// API selects the API for chats. The default is Config.API.
	API API `json:"api,omitempty"`

	// SystemRole is the role of system messages. The default is "system". Some models
	// require "developer".
	SystemRole string `json:"system_role,omitempty"`

	User             string `json:"user,omitempty"`              // id of the end user; also sent with embeddings
	SafetyIdentifier string `json:"safety_identifier,omitempty"` // id of the end user for OpenAI's safety checks; use a hash
	ServiceTier      string `json:"service_tier,omitempty"`      // "auto", "default", "flex", "priority"
	Verbosity        string `json:"verbosity,omitempty"`         // "low", "medium", "high"
	// Store is whether the server stores the answer. The default is the server's for chat
	// completions, and false for the Responses API.
	Store      *bool             `json:"store,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`   // stored with the answer
	LogitBias  map[string]int    `json:"logit_bias,omitempty"` // -100 to 100, by token id
	Prediction string            `json:"prediction,omitempty"` // text that the answer will largely repeat
	// ChatTemplateKwargs are arguments of the model's chat template, for llama.cpp and
	// vLLM. Example: {"enable_thinking": false}.
	ChatTemplateKwargs map[string]any `json:"chat_template_kwargs,omitempty"`

	// PromptCacheKey groups requests with the same beginning, so that the server finds their
	// prompt in its cache.
	PromptCacheKey string `json:"prompt_cache_key,omitempty"`

	// The following settings are for the Responses API only.

	// ReasoningSummary requests a summary of the reasoning: "auto", "concise" or "detailed".
	// OpenAI may require a verified organization.
	ReasoningSummary string `json:"reasoning_summary,omitempty"`
	// ServerTools are definitions of tools that the server runs, for example
	// {"type": "web_search"}. They precede the tools of the request. The calls of these tools
	// and their results are parts of the answer, and go back with it.
	ServerTools []map[string]any `json:"server_tools,omitempty"`
	// Include lists additional content of the answer, for example
	// "code_interpreter_call.outputs".
	Include []string `json:"include,omitempty"`
	// PreviousResponseID continues a stored answer, by its [llm.Response.ID]. The messages of
	// the request are then only those after it. Store must have been set in its request.
	PreviousResponseID string `json:"previous_response_id,omitempty"`
	// Conversation is the id of a conversation that the server stores. The messages of the
	// request are then only the new ones.
	Conversation string `json:"conversation,omitempty"`

	// Background makes the server go on with the answer if the connection is lost or the
	// program leaves. The middleware Resume then reads the rest of the answer without
	// repeating the request. If the request sets NonStreaming, the provider asks the server
	// repeatedly until the answer is complete.
	//
	// To start an answer and read it later, leave the stream after [llm.EventStart], which has
	// the id of the answer, and set ResponseID then. [Provider.CancelResponse] stops an answer.
	// OpenAI keeps an answer that is not stored for about ten minutes.
	Background bool `json:"background,omitempty"`
	// ResponseID reads an answer that the server makes in the background or has stored. No
	// request is sent to the model, and the messages are ignored.
	ResponseID string `json:"response_id,omitempty"`

	// CountBy selects who counts tokens. The default is [CountOffline].
	CountBy CountBy `json:"count_by,omitempty"`

	// Hook, if set, can change a chat request in go-openai's type, see [Hook].
	Hook Hook `json:"-"`

	// Extra are additional members of a chat request's JSON object. They replace members
	// of the same name, including those that the hook set. A nil value removes a member.
	//
	// For example, Groq's Qwen models write reasoning into the text of the answer, within
	// <think> tags, unless Extra has {"reasoning_format": "parsed"}.
	Extra map[string]any `json:"extra,omitempty"`
	// EmbedExtra is Extra for embeddings.
	EmbedExtra map[string]any `json:"embed_extra,omitempty"`
}

// ProviderName returns "openai".
func (Options) ProviderName() string { return string(OpenAI) }
