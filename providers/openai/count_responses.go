package openai

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// countByResponses asks the token counter of the Responses API.
// https://platform.openai.com/docs/api-reference/responses/input-tokens
func (p *Provider) countByResponses(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	if p.byDeployment() {
		return p.fail(call, llm.Unsupported, "Azure counts tokens only in its v1 API: leave Config.AzureAPIVersion empty")
	}
	var attached attachments
	request, err := p.responsesRequest(call, &attached)
	if err != nil {
		return err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: %v", err)
	}
	var got counted
	r, err := p.post(ctx, call, p.url("/responses/input_tokens", call.Model), attached.insert(body), &got)
	if err != nil {
		return err
	}
	source := string(p.config.Server) + " /responses/input_tokens, which counts for the Responses API"
	return finishCount(r, call.Model, got.InputTokens, false, source, yield)
}

// responsesBody is the body of a request to count, in the dialect of the Responses API.
// https://platform.openai.com/docs/api-reference/responses/create
type responsesBody struct {
	Model      string              `json:"model"`
	Input      []responsesItem     `json:"input"`
	Tools      []responsesFunction `json:"tools,omitempty"`
	ToolChoice any                 `json:"tool_choice,omitempty"`
	Parallel   *bool               `json:"parallel_tool_calls,omitempty"`
	Reasoning  *responsesReasoning `json:"reasoning,omitempty"`
	Text       *responsesText      `json:"text,omitempty"`
}

type responsesReasoning struct {
	Effort llm.ReasoningEffort `json:"effort"`
}

type responsesText struct {
	Format responsesFormat `json:"format"`
}

type responsesFormat struct {
	Type        string          `json:"type"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Strict      *bool           `json:"strict,omitempty"`
}

type responsesFunction struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"` // absent would mean true
}

// responsesItem is a message, a tool call or a tool result.
type responsesItem struct {
	Type      string          `json:"type"`
	Role      string          `json:"role,omitempty"`
	Content   []responsesPart `json:"content,omitempty"`
	CallID    string          `json:"call_id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Arguments *string         `json:"arguments,omitempty"`
	Output    *string         `json:"output,omitempty"`
}

type responsesPart struct {
	Type     string  `json:"type"`
	Text     *string `json:"text,omitempty"`
	Refusal  *string `json:"refusal,omitempty"`
	ImageURL string  `json:"image_url,omitempty"`
	Detail   string  `json:"detail,omitempty"`
	FileID   string  `json:"file_id,omitempty"`
	FileURL  string  `json:"file_url,omitempty"`
	FileName string  `json:"filename,omitempty"`
	FileData string  `json:"file_data,omitempty"`
}

// responsesRequest converts a chat to the dialect of the Responses API.
func (p *Provider) responsesRequest(call *llm.Call, attached *attachments) (*responsesBody, error) {
	req := call.Request
	options := llmutil.OptionsFor[Options](req.Options)
	body := &responsesBody{Model: call.Model}
	if problem := provider.CustomTool(req); problem != "" {
		return nil, p.fail(call, llm.Unsupported, "the token counter: %s, or use openai.CountOffline", problem)
	}
	history := p.history(call)
	history.CustomCalls = false
	messages, _ := history.Messages(req.Messages)
	for i, m := range messages {
		items, err := responsesItems(m, options.SystemRole, attached)
		if err != nil {
			return nil, p.fail(call, llm.Unsupported, "message %d: %v", i, err)
		}
		body.Input = append(body.Input, items...)
	}
	for _, t := range req.Tools {
		parameters := t.Parameters
		if len(parameters) == 0 {
			parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		body.Tools = append(body.Tools, responsesFunction{"function", t.Name, t.Description, parameters, t.Strict != nil && *t.Strict})
	}
	if len(req.Tools) > 0 {
		body.Parallel = req.ParallelToolCalls
	}
	switch mode := req.ToolChoice.Mode; mode {
	case "":
	case llm.ToolNamed:
		body.ToolChoice = map[string]string{"type": "function", "name": req.ToolChoice.Name}
	default:
		body.ToolChoice = string(mode)
	}
	if req.ReasoningEffort != "" {
		body.Reasoning = &responsesReasoning{req.ReasoningEffort}
	}
	if f := req.Format; f != nil {
		body.Text = &responsesText{responsesFormat{Type: "json_object"}}
		if len(f.Schema) > 0 {
			name := cmp.Or(f.Name, defaultSchemaName)
			body.Text.Format = responsesFormat{"json_schema", name, f.Description, f.Schema, new(f.Strict != nil && *f.Strict)}
		}
	}
	return body, nil
}

// responsesItems converts a message of a request: to a message, its tool calls and its tool
// results.
func responsesItems(m llm.Message, systemRole string, attached *attachments) ([]responsesItem, error) {
	message := responsesItem{Type: "message", Role: string(m.Role)}
	if m.Role == llm.RoleSystem && systemRole != "" {
		message.Role = systemRole
	}
	textType := "input_text"
	if m.Role == llm.RoleAssistant {
		textType = "output_text"
	}
	var others []responsesItem
	for _, part := range m.Parts {
		switch part := part.(type) {
		case llm.ToolCall:
			others = append(others, responsesItem{Type: "function_call", CallID: part.ID, Name: part.Name, Arguments: &part.Arguments})
		case llm.ToolResult:
			others = append(others, responsesItem{Type: "function_call_output", CallID: part.CallID, Output: &part.Content})
		case llm.Reasoning, llm.Opaque, llm.Unknown, llm.Code: // not sent in a chat, either
		default:
			converted, err := responsesContent(part, textType, attached)
			if err != nil {
				return nil, err
			}
			message.Content = append(message.Content, converted)
		}
	}
	if len(message.Content) == 0 {
		if m.Role == llm.RoleTool || len(others) > 0 {
			return others, nil
		}
		message.Content = []responsesPart{{Type: textType, Text: new("")}}
	}
	return append([]responsesItem{message}, others...), nil
}

func responsesContent(part llm.Part, textType string, attached *attachments) (responsesPart, error) {
	switch part := part.(type) {
	case llm.Text:
		return responsesPart{Type: textType, Text: &part.Text}, nil
	case llm.Refusal:
		return responsesPart{Type: "refusal", Refusal: &part.Text}, nil
	case llm.Image:
		url := part.URL
		if url == "" {
			url = attached.addURL(part.MediaType, part.Data)
		}
		return responsesPart{Type: "input_image", ImageURL: url, Detail: cmp.Or(part.Quality, "auto")}, nil
	case llm.File:
		file := responsesPart{Type: "input_file", FileID: part.ID, FileURL: part.URL, FileName: part.Name}
		if len(part.Data) > 0 {
			file.FileData = attached.addURL(part.MediaType, part.Data)
			file.FileName = cmp.Or(file.FileName, defaultFileName)
		}
		return file, nil
	}
	return responsesPart{}, fmt.Errorf("a part of type %T is not supported by the token counter: remove it, or use openai.CountOffline", part)
}
