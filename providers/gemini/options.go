package gemini

import (
	"google.golang.org/genai"
)

// Options are the settings that Gemini has and others do not, for chats and
// embeddings. What is zero is not sent. They serve both servers.
type Options struct {
	// ThinkingBudget is how many tokens the model may think, for models before
	// Gemini 3: 0 is none, -1 as many as it likes. ThinkingLevel is "MINIMAL", "LOW",
	// "MEDIUM" or "HIGH", for later ones. Either outranks Request.Reasoning.
	ThinkingBudget *int   `json:"thinking_budget,omitempty"`
	ThinkingLevel  string `json:"thinking_level,omitempty"`
	// IncludeThoughts asks for summaries of the thinking, which come as
	// reasoning, and as media before the last where a model draws. By default they are asked for where Request.Reasoning or one of
	// the above asks for thinking.
	IncludeThoughts *bool `json:"include_thoughts,omitempty"`

	// SafetySettings are thresholds by category of harm:
	// {"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}.
	// https://ai.google.dev/gemini-api/docs/safety-settings
	SafetySettings map[string]string `json:"safety_settings,omitempty"`

	// Tools that the server runs itself. What they find comes as sources, code and
	// its output as llm.Code.
	GoogleSearch  bool `json:"google_search,omitempty"`
	URLContext    bool `json:"url_context,omitempty"`
	CodeExecution bool `json:"code_execution,omitempty"`

	// CachedContent names a cache made before: "cachedContents/…", or its last part.
	CachedContent string `json:"cached_content,omitempty"`
	// ResponseModalities are what the answer may consist of: "TEXT", "IMAGE", "AUDIO".
	ResponseModalities []string `json:"response_modalities,omitempty"`
	// MediaResolution is how closely media are looked at, such as
	// "MEDIA_RESOLUTION_LOW".
	MediaResolution string `json:"media_resolution,omitempty"`
	// ServiceTier is how urgent the request is, and what it costs: "flex", "priority".
	// Empty is the server's choice.
	ServiceTier string `json:"service_tier,omitempty"`
	// Labels mark the request in Vertex AI's bills.
	Labels map[string]string `json:"labels,omitempty"`

	// TaskType says what embeddings are for: "RETRIEVAL_QUERY",
	// "RETRIEVAL_DOCUMENT". Title is that of the document.
	TaskType string `json:"task_type,omitempty"`
	Title    string `json:"title,omitempty"`
	// AutoTruncate lets Vertex AI leave out the end of a text to embed that is too
	// long, which is then a warning. By default that is an error. The Gemini API has
	// no such setting, and neither says what it does with such a text nor that it has
	// done it: where that matters, keep to the model's limit, which the list of
	// models has.
	AutoTruncate bool `json:"auto_truncate,omitempty"`

	// CountBy says who counts tokens: this process, without the network, or the server.
	CountBy CountBy `json:"count_by,omitempty"`

	// Hook, if set, changes the vendor's configuration after all settings are in
	// it. The conversation is not part of it, but for the system instruction.
	Hook func(*genai.GenerateContentConfig) `json:"-"`
	// Extra are further members of the request's JSON object, in chats. They outrank all
	// else, the hook included. An object is merged into one that is there; a nil
	// member takes away what would be sent otherwise.
	Extra map[string]any `json:"extra,omitempty"`
	// EmbedExtra is Extra for each request for embeddings.
	EmbedExtra map[string]any `json:"embed_extra,omitempty"`
}

// ProviderName returns "gemini", with either server.
func (Options) ProviderName() string { return string(Gemini) }
