package gemini

import (
	"google.golang.org/genai"
)

// Options are settings that only Gemini has, for chats and embeddings. They apply to both
// services. Zero fields are not sent.
type Options struct {
	// ThinkingBudget limits the tokens for thinking, for models before Gemini 3. 0 means no
	// thinking, -1 no limit. ThinkingLevel is "MINIMAL", "LOW", "MEDIUM" or "HIGH", for later
	// models. Both override Request.ReasoningEffort.
	ThinkingBudget *int   `json:"thinking_budget,omitempty"`
	ThinkingLevel  string `json:"thinking_level,omitempty"`
	// IncludeThoughts requests summaries of the thinking. They are returned as reasoning, and
	// as images before the last one if the model generates images. The default is true if
	// Request.ReasoningEffort or one of the settings above requests thinking.
	IncludeThoughts *bool `json:"include_thoughts,omitempty"`

	// SafetySettings are thresholds by harm category. Example:
	// {"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}.
	// https://ai.google.dev/gemini-api/docs/safety-settings
	SafetySettings map[string]string `json:"safety_settings,omitempty"`

	// GoogleSearch, URLContext and CodeExecution enable tools that the server runs. Search
	// results are returned as sources, code and its output as llm.Code.
	GoogleSearch  bool `json:"google_search,omitempty"`
	URLContext    bool `json:"url_context,omitempty"`
	CodeExecution bool `json:"code_execution,omitempty"`

	// CachedContent is the name of an existing cache, "cachedContents/ID" or only the ID.
	CachedContent string `json:"cached_content,omitempty"`
	// ResponseModalities lists the allowed kinds of output: "TEXT", "IMAGE", "AUDIO".
	ResponseModalities []string `json:"response_modalities,omitempty"`
	// MediaResolution is the resolution at which the model processes media, for example
	// "MEDIA_RESOLUTION_LOW".
	MediaResolution string `json:"media_resolution,omitempty"`
	// ServiceTier selects priority and price, for example "flex" or "priority". The default
	// is the server's choice.
	ServiceTier string `json:"service_tier,omitempty"`
	// Labels are labels of the request in Vertex AI's billing reports.
	Labels map[string]string `json:"labels,omitempty"`

	// TaskType is the purpose of embeddings, for example "RETRIEVAL_QUERY" or
	// "RETRIEVAL_DOCUMENT". Title is the title of the document.
	TaskType string `json:"task_type,omitempty"`
	Title    string `json:"title,omitempty"`
	// AutoTruncate lets Vertex AI truncate a text to embed that is too long, with a warning.
	// By default such a text is an error.
	//
	// The Gemini API has no such setting. It does not document how it handles such a text,
	// and does not report it. If this matters, keep texts below the model's limit, which the
	// list of models contains.
	AutoTruncate bool `json:"auto_truncate,omitempty"`

	// CountBy selects who counts tokens. The default is [CountOffline].
	CountBy CountBy `json:"count_by,omitempty"`

	// Hook, if set, can change a chat's configuration in genai's type, after all settings are
	// in it. The system instruction is part of it, the other messages are not.
	Hook func(*genai.GenerateContentConfig) `json:"-"`
	// Extra are additional members of a chat request's JSON object. They replace members of
	// the same name, including those that the hook set. An object is merged into an existing
	// object. A nil value removes a member.
	Extra map[string]any `json:"extra,omitempty"`
	// EmbedExtra is Extra for embeddings.
	EmbedExtra map[string]any `json:"embed_extra,omitempty"`
}

// ProviderName returns "gemini", for both services.
func (Options) ProviderName() string { return string(Gemini) }
