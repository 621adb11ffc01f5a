package anthropic

// Options are settings that only Anthropic has. Zero fields are not sent.
type Options struct {
	// Betas are beta features, sent in the header anthropic-beta after those of
	// Config.Header. Example: "interleaved-thinking-2025-05-14", which lets models with a
	// thinking budget think between tool calls. Models with adaptive thinking do so without it.
	Betas []string `json:"betas,omitempty"`

	// ThinkingBudget is the thinking budget in tokens, for models of generation 4.6 and
	// older. It overrides Request.ReasoningEffort. The API requires at least 1,024, and less
	// than the limit of the answer.
	ThinkingBudget int `json:"thinking_budget,omitempty"`
	// ThinkingDisplay is "summarized" or "omitted". The default is "summarized" if the
	// request asks for reasoning, otherwise the default of the model.
	ThinkingDisplay string `json:"thinking_display,omitempty"`

	// Cache enables prompt caching. It is the lifetime of entries: "5m" or "1h". The
	// provider marks the end of the tools, of the system prompt and of the messages, so a
	// conversation that grows is read from the cache. The server does not cache prompts below
	// a minimum length, and does not report it.
	Cache string `json:"cache,omitempty"`

	// Citations enables citations for all documents of the request: files, and texts sent as
	// files. Cited passages are reported as sources.
	Citations bool `json:"citations,omitempty"`

	// ServerTools are definitions of tools that the server runs, for example
	// {"type": "web_search_20250305", "name": "web_search"}. They precede the tools of the request.
	ServerTools []map[string]any `json:"server_tools,omitempty"`

	// UserID is sent as metadata.user_id: an opaque id of the user, for abuse detection.
	UserID string `json:"user_id,omitempty"`
	// ServiceTier is "auto" or "standard_only".
	ServiceTier string `json:"service_tier,omitempty"`
	// Container is the id of a container of the code execution tool, to use it again.
	Container string `json:"container,omitempty"`

	// CountBy selects who counts tokens. The default is [CountRemote].
	CountBy CountBy `json:"count_by,omitempty"`

	// Extra are additional members of the request's JSON object. They replace members of the
	// same name. A nil value removes a member.
	Extra map[string]any `json:"extra,omitempty"`
}

// ProviderName returns "anthropic".
func (Options) ProviderName() string { return string(Anthropic) }
