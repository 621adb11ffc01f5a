package openai

import "encoding/json"

// responsesBody is the body of a request to the Responses API. The server rejects unknown
// members. https://platform.openai.com/docs/api-reference/responses/create
type responsesBody struct {
	Model       string              `json:"model"`
	Input       []any               `json:"input"` // the items below, or json.RawMessage
	Store       *bool               `json:"store,omitempty"`
	Background  bool                `json:"background,omitempty"`
	Stream      bool                `json:"stream,omitempty"`
	Include     []string            `json:"include,omitempty"`
	Previous    string              `json:"previous_response_id,omitempty"`
	Talk        string              `json:"conversation,omitempty"`
	MaxTokens   int                 `json:"max_output_tokens,omitempty"`
	Temperature *float64            `json:"temperature,omitempty"`
	TopP        *float64            `json:"top_p,omitempty"`
	TopK        *int                `json:"top_k,omitempty"` // not OpenAI's
	TopLogprobs int                 `json:"top_logprobs,omitempty"`
	Reasoning   *responsesReasoning `json:"reasoning,omitempty"`
	Text        *responsesText      `json:"text,omitempty"`
	Tools       []any               `json:"tools,omitempty"`
	ToolChoice  any                 `json:"tool_choice,omitempty"` // a string or a responsesChoice
	Parallel    *bool               `json:"parallel_tool_calls,omitempty"`

	User               string            `json:"user,omitempty"`
	SafetyIdentifier   string            `json:"safety_identifier,omitempty"`
	ServiceTier        string            `json:"service_tier,omitempty"`
	PromptCacheKey     string            `json:"prompt_cache_key,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	ChatTemplateKwargs map[string]any    `json:"chat_template_kwargs,omitempty"` // llama.cpp, vLLM
}

type responsesReasoning struct {
	Effort  string `json:"effort,omitempty"`
	Summary string `json:"summary,omitempty"`
}

type responsesText struct {
	Format    *responsesFormat `json:"format,omitempty"`
	Verbosity string           `json:"verbosity,omitempty"`
}

type responsesFormat struct {
	Type        string          `json:"type"` // "json_object" or "json_schema"
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Strict      *bool           `json:"strict,omitempty"` // always sent with a schema
}

// responsesFunction is a function that the model may call. Strict is always sent, because
// some servers take an absent one for true.
type responsesFunction struct {
	Type        string          `json:"type"` // always typeFunction
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"`
}

// responsesCustom is a tool whose input is text.
type responsesCustom struct {
	Type        string         `json:"type"` // always typeCustom
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Format      *customGrammar `json:"format,omitempty"`
}

type customGrammar struct {
	Type       string `json:"type"` // "grammar"
	Syntax     string `json:"syntax"`
	Definition string `json:"definition"`
}

// responsesChoice is a tool choice that forces a call of one tool.
type responsesChoice struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// inputMessage is a message. The server accepts messages of the model without an id.
type inputMessage struct {
	Type    string      `json:"type"` // always itemMessage; llama.cpp requires it
	Role    string      `json:"role"`
	Content []inputPart `json:"content"`
}

// inputPart is a part of a message or of a tool result. Type names the fields that are set.
type inputPart struct {
	Type     string  `json:"type"`
	Text     *string `json:"text,omitempty"`
	Refusal  *string `json:"refusal,omitempty"`
	ImageURL string  `json:"image_url,omitempty"`
	Detail   string  `json:"detail,omitempty"` // required with an image
	FileID   string  `json:"file_id,omitempty"`
	FileURL  string  `json:"file_url,omitempty"`
	FileName string  `json:"filename,omitempty"`
	FileData string  `json:"file_data,omitempty"` // a data URL
}

// inputCall is a tool call of an earlier answer.
type inputCall struct {
	Type      string  `json:"type"`
	CallID    string  `json:"call_id"`
	Name      string  `json:"name"`
	Arguments *string `json:"arguments,omitempty"` // of a function, also if empty
	Input     *string `json:"input,omitempty"`     // of a custom tool
}

// inputResult is the result of a tool call.
type inputResult struct {
	Type   string `json:"type"`
	CallID string `json:"call_id"`
	Output any    `json:"output"` // a string or []inputPart
}

// The types of results, by the type of the call.
const (
	itemFunctionResult = "function_call_output"
	itemCustomResult   = "custom_tool_call_output"
)
