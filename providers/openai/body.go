package openai

import "encoding/json"

// chatBody is the body of a chat request.
// https://platform.openai.com/docs/api-reference/chat/create
//
// Fields for which zero differs from absent are pointers. Members that only one server
// has name it; they are sent to that server only, see [Quirks].
type chatBody struct {
	Model               string          `json:"model"`
	Messages            []*message      `json:"messages"`
	Stream              bool            `json:"stream,omitempty"`
	StreamOptions       *streamOptions  `json:"stream_options,omitempty"`
	MaxTokens           int             `json:"max_tokens,omitempty"` // the older name of max_completion_tokens
	MaxCompletionTokens int             `json:"max_completion_tokens,omitempty"`
	Temperature         *float64        `json:"temperature,omitempty"`
	TopP                *float64        `json:"top_p,omitempty"`
	TopK                *int            `json:"top_k,omitempty"` // not OpenAI's; several servers have it
	PresencePenalty     *float64        `json:"presence_penalty,omitempty"`
	FrequencyPenalty    *float64        `json:"frequency_penalty,omitempty"`
	Seed                *int64          `json:"seed,omitempty"`
	RandomSeed          *int64          `json:"random_seed,omitempty"` // Mistral
	Stop                []string        `json:"stop,omitempty"`
	Logprobs            bool            `json:"logprobs,omitempty"`
	TopLogprobs         int             `json:"top_logprobs,omitempty"`
	ReasoningEffort     string          `json:"reasoning_effort,omitempty"`
	Thinking            *switchObject   `json:"thinking,omitempty"`        // DeepSeek
	Reasoning           *switchObject   `json:"reasoning,omitempty"`       // Together
	EnableThinking      *bool           `json:"enable_thinking,omitempty"` // DashScope
	Tools               []tool          `json:"tools,omitempty"`
	ToolChoice          any             `json:"tool_choice,omitempty"` // a string or a namedTool
	ParallelToolCalls   *bool           `json:"parallel_tool_calls,omitempty"`
	ResponseFormat      *responseFormat `json:"response_format,omitempty"`

	User               string            `json:"user,omitempty"`
	SafetyIdentifier   string            `json:"safety_identifier,omitempty"`
	ServiceTier        string            `json:"service_tier,omitempty"`
	PromptCacheKey     string            `json:"prompt_cache_key,omitempty"`
	Verbosity          string            `json:"verbosity,omitempty"`
	Store              *bool             `json:"store,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	LogitBias          map[string]int    `json:"logit_bias,omitempty"`
	Prediction         *prediction       `json:"prediction,omitempty"`
	ChatTemplateKwargs map[string]any    `json:"chat_template_kwargs,omitempty"` // llama.cpp, vLLM
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

// switchObject is an object that turns reasoning off, see [DisableReasoningField].
type switchObject struct {
	Type    string `json:"type,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"`
}

// tool is a function or a custom tool that the model may call.
type tool struct {
	Type     string      `json:"type"`
	Function *function   `json:"function,omitempty"`
	Custom   *customTool `json:"custom,omitempty"`
}

// The types of tools and of tool calls.
const (
	typeFunction = "function"
	typeCustom   = "custom"
)

// customTool is a tool whose input is text.
// https://platform.openai.com/docs/guides/function-calling#custom-tools
type customTool struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Format      *customFormat `json:"format,omitempty"`
}

type customFormat struct {
	Type    string  `json:"type"` // always "grammar"
	Grammar grammar `json:"grammar"`
}

type grammar struct {
	Syntax     string `json:"syntax"` // "lark" or "regex"
	Definition string `json:"definition"`
}

type function struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

// namedTool is a tool choice that forces a call of one tool.
type namedTool struct {
	Type     string        `json:"type"`
	Function *functionName `json:"function,omitempty"`
	Custom   *functionName `json:"custom,omitempty"`
}

type functionName struct {
	Name string `json:"name"`
}

type responseFormat struct {
	Type       string      `json:"type"` // "json_object" or "json_schema"
	JSONSchema *jsonSchema `json:"json_schema,omitempty"`
}

type jsonSchema struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema"`
	Strict      bool            `json:"strict"`
}

type prediction struct {
	Type    string `json:"type"` // "content"
	Content string `json:"content"`
}

// message is one message of a chat request.
// https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
type message struct {
	Role       string     `json:"role"`
	Name       string     `json:"name,omitempty"`
	Content    any        `json:"content,omitempty"` // a string, also an empty one, or []contentPart
	Refusal    string     `json:"refusal,omitempty"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
	Audio      *audioRef  `json:"audio,omitempty"`

	Reasoning        string        `json:"reasoning,omitempty"`         // see ReasoningField
	ReasoningContent *string       `json:"reasoning_content,omitempty"` // likewise
	Images           []outputImage `json:"images,omitempty"`            // OpenRouter

	ReasoningDetails []json.RawMessage `json:"reasoning_details,omitempty"` // see opaque.go
	ExtraContent     json.RawMessage   `json:"extra_content,omitempty"`     // likewise
	ReasoningText    string            `json:"reasoning_text,omitempty"`    // GitHub Copilot, with the next
	ReasoningOpaque  string            `json:"reasoning_opaque,omitempty"`  // see opaque.go
}

// audioRef refers to audio of an earlier answer.
type audioRef struct {
	ID string `json:"id"`
}

// toolCall is a call of a tool by the model. Arguments are sent even if they are empty.
type toolCall struct {
	ID           string          `json:"id"`
	Type         string          `json:"type"`
	Function     *calledFunction `json:"function,omitempty"`
	Custom       *calledCustom   `json:"custom,omitempty"`
	ExtraContent json.RawMessage `json:"extra_content,omitempty"` // see opaque.go
}

type calledFunction struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type calledCustom struct {
	Name  string `json:"name"`
	Input string `json:"input"`
}

// contentPart is one part of a message's content. Type names the field that is set.
type contentPart struct {
	Type       string      `json:"type"`
	Text       *string     `json:"text,omitempty"`
	ImageURL   *inputImage `json:"image_url,omitempty"`
	InputAudio *inputAudio `json:"input_audio,omitempty"`
	File       *inputFile  `json:"file,omitempty"`
}

type inputImage struct {
	URL    string `json:"url,omitempty"`
	Detail string `json:"detail,omitempty"` // "low", "high", "auto"
}

type inputAudio struct {
	Data   string `json:"data"`   // base64
	Format string `json:"format"` // "wav", "mp3"
}

type inputFile struct {
	Name string `json:"filename,omitempty"`
	Data string `json:"file_data,omitempty"` // a data URL
	ID   string `json:"file_id,omitempty"`
}

// embedBody is the body of a request for embeddings.
// https://platform.openai.com/docs/api-reference/embeddings/create
type embedBody struct {
	Model          string   `json:"model"`
	Input          []string `json:"input"`
	EncodingFormat string   `json:"encoding_format"` // "float"
	Dimensions     int      `json:"dimensions,omitempty"`
	User           string   `json:"user,omitempty"`
}
