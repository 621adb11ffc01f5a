package anthropic

import "encoding/json"

// chatBody is the body of a chat request. The server rejects unknown members.
// https://platform.claude.com/docs/en/api/messages
type chatBody struct {
	Model         string          `json:"model,omitempty"`             // not at Vertex AI
	Version       string          `json:"anthropic_version,omitempty"` // only at Vertex AI
	MaxTokens     int             `json:"max_tokens"`
	System        []*textBlock    `json:"system,omitempty"`
	Messages      []sentMessage   `json:"messages"`
	Tools         []any           `json:"tools,omitempty"`
	ToolChoice    *toolChoice     `json:"tool_choice,omitempty"`
	Stream        bool            `json:"stream,omitempty"`
	StopSequences []string        `json:"stop_sequences,omitempty"`
	Temperature   *float64        `json:"temperature,omitempty"`
	TopP          *float64        `json:"top_p,omitempty"`
	TopK          *int            `json:"top_k,omitempty"`
	Thinking      *thinkingConfig `json:"thinking,omitempty"`
	OutputConfig  *outputConfig   `json:"output_config,omitempty"`
	Metadata      *metadata       `json:"metadata,omitempty"`
	ServiceTier   string          `json:"service_tier,omitempty"`
	Container     string          `json:"container,omitempty"`
}

type sentMessage struct {
	Role    string `json:"role"`
	Content []any  `json:"content"` // the blocks below, or json.RawMessage
}

// The roles of a message.
const (
	roleUser      = "user" // also of tool results
	roleAssistant = "assistant"
	roleSystem    = "system" // only for some models
)

type textBlock struct {
	Type         string            `json:"type"`
	Text         string            `json:"text"`
	Citations    []json.RawMessage `json:"citations,omitempty"`
	CacheControl *cacheControl     `json:"cache_control,omitempty"`
}

type thinkingBlock struct {
	Type      string `json:"type"`
	Thinking  string `json:"thinking"`
	Signature string `json:"signature,omitempty"` // some servers do not sign
}

// mediaBlock is an image or a document.
type mediaBlock struct {
	Type         string        `json:"type"`
	Source       mediaSource   `json:"source"`
	Title        string        `json:"title,omitempty"`
	Citations    *enabled      `json:"citations,omitempty"`
	CacheControl *cacheControl `json:"cache_control,omitempty"`
}

// mediaSource is the content of an image or a document.
type mediaSource struct {
	Type      string `json:"type"` // base64, url, file or text
	MediaType string `json:"media_type,omitempty"`
	Data      any    `json:"data,omitempty"` // []byte, or a string for the type text
	URL       string `json:"url,omitempty"`
	FileID    string `json:"file_id,omitempty"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type toolUseBlock struct {
	Type         string          `json:"type"`
	ID           string          `json:"id"`
	Name         string          `json:"name"`
	Input        json.RawMessage `json:"input"`
	Caller       json.RawMessage `json:"caller,omitempty"`
	CacheControl *cacheControl   `json:"cache_control,omitempty"`
}

type toolResultBlock struct {
	Type         string        `json:"type"`
	ToolUseID    string        `json:"tool_use_id"`
	Content      any           `json:"content"` // a string, or a list of blocks
	IsError      bool          `json:"is_error,omitempty"`
	CacheControl *cacheControl `json:"cache_control,omitempty"`
}

// cacheControl is a cache breakpoint: the prompt up to its block is cached.
// https://platform.claude.com/docs/en/build-with-claude/prompt-caching
type cacheControl struct {
	Type string `json:"type"`
	TTL  string `json:"ttl,omitempty"`
}

type tool struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema"`
	Strict       *bool           `json:"strict,omitempty"`
	CacheControl *cacheControl   `json:"cache_control,omitempty"`
}

type toolChoice struct {
	Type            string `json:"type"` // auto, any, tool or none
	Name            string `json:"name,omitempty"`
	DisableParallel bool   `json:"disable_parallel_tool_use,omitempty"`
}

type thinkingConfig struct {
	Type    string `json:"type"`
	Budget  int    `json:"budget_tokens,omitempty"`
	Display string `json:"display,omitempty"`
}

type outputConfig struct {
	Effort string        `json:"effort,omitempty"`
	Format *outputFormat `json:"format,omitempty"`
}

type outputFormat struct {
	Type   string          `json:"type"`
	Schema json.RawMessage `json:"schema"`
}

type metadata struct {
	UserID string `json:"user_id"`
}
