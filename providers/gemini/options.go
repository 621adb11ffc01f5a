package gemini

import (
	"google.golang.org/genai"
)

// Options are settings that only Gemini models have, for chats, embeddings and token counts.
// They apply to the Gemini API and to Vertex AI. Zero fields are not sent.
type Options struct {
	// ThinkingBudget is the maximum number of tokens for thinking, for models before Gemini
	// 3: 0 disables thinking, and -1 lets the model decide. ThinkingLevel is for later models:
	// "MINIMAL", "LOW", "MEDIUM" or "HIGH". Both take precedence over Request.ReasoningEffort.
	ThinkingBudget *int   `json:"thinking_budget,omitempty"`
	ThinkingLevel  string `json:"thinking_level,omitempty"`
	// IncludeThoughts requests summaries of the thinking. They are returned as reasoning, and
	// for models that generate images as media before the final image. The default is true if
	// Request.ReasoningEffort, ThinkingBudget or ThinkingLevel enables thinking.
	IncludeThoughts *bool `json:"include_thoughts,omitempty"`

	// SafetySettings are thresholds by harm category, for example
	// {"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"}.
	// https://ai.google.dev/gemini-api/docs/safety-settings
	SafetySettings map[string]string `json:"safety_settings,omitempty"`

	// GoogleSearch, URLContext and CodeExecution enable tools that the server runs. Search
	// results and pages are returned as sources, code and its output as llm.Code.
	GoogleSearch  bool `json:"google_search,omitempty"`
	URLContext    bool `json:"url_context,omitempty"`
	CodeExecution bool `json:"code_execution,omitempty"`

	// CachedContent is the name of an existing cache: "cachedContents/ID" or "ID".
	CachedContent string `json:"cached_content,omitempty"`
	// ResponseModalities are the modalities that the answer may have: "TEXT", "IMAGE",
	// "AUDIO".
	ResponseModalities []string `json:"response_modalities,omitempty"`
	// MediaResolution is the resolution at which the model reads media, for example
	// "MEDIA_RESOLUTION_LOW".
	MediaResolution string `json:"media_resolution,omitempty"`
	// ServiceTier determines priority and price: "flex" or "priority". The default is the
	// server's.
	ServiceTier string `json:"service_tier,omitempty"`
	// Labels are added to the billing records of Vertex AI.
	Labels map[string]string `json:"labels,omitempty"`

	// TaskType is the purpose of embeddings, for example "RETRIEVAL_QUERY" or
	// "RETRIEVAL_DOCUMENT". Title is the title of the document.
	TaskType string `json:"task_type,omitempty"`
	Title    string `json:"title,omitempty"`
	// AutoTruncate lets Vertex AI truncate texts that are too long to embed, with a warning.
	// Without it, such a text is an error.
	//
	// The Gemini API has no such setting, and does not report whether it truncated a text. To
	// be sure, keep texts below the model's limit (ModelInfo.ContextWindow in a model list).
	AutoTruncate bool `json:"auto_truncate,omitempty"`

	// CountBy selects where tokens are counted. The default is [CountOffline].
	CountBy CountBy `json:"count_by,omitempty"`

	// Hook is called with the vendor's configuration after all settings are applied, and can
	// change it. The configuration contains the system instruction, but not the other
	// messages. Hook must be safe for concurrent use.
	Hook func(*genai.GenerateContentConfig) `json:"-"`
	// Extra contains additional members for the JSON object of a chat request. They take
	// precedence over all settings and over Hook. An object is merged into an existing
	// object. A nil value removes a member.
	Extra map[string]any `json:"extra,omitempty"`
	// EmbedExtra is like Extra, for requests for embeddings.
	EmbedExtra map[string]any `json:"embed_extra,omitempty"`
}

// ProviderName returns "gemini", for both servers.
func (Options) ProviderName() string { return string(Gemini) }
