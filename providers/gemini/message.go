package gemini

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/internal/mediatype"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// message is one message of a chat request.
// https://ai.google.dev/api/caching#Content
type message struct {
	Parts []any  `json:"parts"` // *sentPart, *genai.Part from a hook, json.RawMessage
	Role  string `json:"role,omitempty"`

	results bool // the parts are tool results
}

// The roles of a message.
const (
	roleUser  = "user" // also of tool results
	roleModel = "model"
)

// sentPart is a part of a message. Some members have own types, because the JSON of genai's
// types would lose an empty text or the precision of numbers.
type sentPart struct {
	Text                *string                    `json:"text,omitempty"` // also an empty text
	Thought             bool                       `json:"thought,omitempty"`
	ThoughtSignature    string                     `json:"thoughtSignature,omitempty"` // as the server wrote it
	InlineData          *genai.Blob                `json:"inlineData,omitempty"`
	FileData            *genai.FileData            `json:"fileData,omitempty"`
	MediaResolution     *genai.PartMediaResolution `json:"mediaResolution,omitempty"`
	FunctionCall        *sentCall                  `json:"functionCall,omitempty"`     // keeps numbers in arguments exact
	FunctionResponse    *functionResponse          `json:"functionResponse,omitempty"` // keeps numbers in results exact
	ExecutableCode      *genai.ExecutableCode      `json:"executableCode,omitempty"`
	CodeExecutionResult *genai.CodeExecutionResult `json:"codeExecutionResult,omitempty"`
}

type sentCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

type functionResponse struct {
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
	Parts    []any           `json:"parts,omitempty"` // images and documents

	place int // of its call among all calls
}

// calledTool is the call that a tool result belongs to.
type calledTool struct {
	name  string
	place int // among all calls, from 1
}

// vendorContent converts content in genai's type, which a hook may have set.
func vendorContent(c *genai.Content) *message {
	if c == nil {
		return nil
	}
	m := &message{Role: c.Role}
	for _, p := range c.Parts {
		switch {
		case p == nil:
		case p.Text == "" && reflect.ValueOf(*p).IsZero(): // genai's type would omit it
			m.Parts = append(m.Parts, &sentPart{Text: &p.Text})
		default:
			m.Parts = append(m.Parts, p)
		}
	}
	return m
}

// addMessages adds the messages of the request. A part that Gemini does not support is an
// error, because a message without one of its parts has another meaning.
func (b *requestBuilder) addMessages() error {
	messages, warnings := llmutil.History{
		TakeBack:   llm.TakeBack{Provider: b.provider.name, Formats: []string{format, ""}, Model: b.call.Model},
		ResultPart: b.resultPart, ResultNames: true,
	}.Messages(b.req.Messages)
	b.warnings = append(b.warnings, warnings...)
	called := make(map[string]calledTool) // by call id
	named, late := false, false
	for i, m := range messages {
		var err error
		switch m.Role {
		case llm.RoleSystem:
			late = late || len(b.body.Contents) > 0
			err = b.addSystem(m)
		case llm.RoleTool:
			err = b.addResults(m, called)
		default:
			err = b.addMessage(m, called)
		}
		if err != nil {
			return b.fail(llm.Unsupported, "message %d: %v", i, err)
		}
		named = named || m.Name != ""
	}
	if named {
		b.warn(llm.WarnUnsupported, "Messages", "Gemini does not support names in messages; they were omitted")
	}
	if late {
		b.warn(llm.WarnChanged, "Messages", "Gemini has only one system instruction; a later system message was appended to it")
	}
	if len(b.body.Contents) == 0 {
		return b.fail(llm.InvalidRequest, "there are only system messages: add a user message")
	}
	return nil
}

// addSystem appends to the system instruction, which is part of the configuration.
func (b *requestBuilder) addSystem(m llm.Message) error {
	for _, part := range m.Parts {
		text, ok := part.(llm.Text)
		if !ok {
			return fmt.Errorf("a part of type %T is not supported in a system message: remove it", part)
		}
		if text.Text == "" { // the API rejects it
			continue
		}
		if b.config.SystemInstruction == nil {
			b.config.SystemInstruction = new(genai.Content)
		}
		b.config.SystemInstruction.Parts = append(b.config.SystemInstruction.Parts, &genai.Part{Text: text.Text})
	}
	return nil
}

// addMessage adds a user or assistant message.
func (b *requestBuilder) addMessage(m llm.Message, called map[string]calledTool) error {
	out := message{Role: roleUser, Parts: make([]any, 0, len(m.Parts))}
	if m.Role == llm.RoleAssistant {
		out.Role = roleModel
	}
	for _, part := range m.Parts {
		if call, ok := part.(llm.ToolCall); ok {
			called[call.ID] = calledTool{call.Name, len(called) + 1}
		}
		converted, err := b.part(part)
		if err != nil {
			return err
		}
		if converted != nil {
			out.Parts = append(out.Parts, converted)
		}
	}
	if len(out.Parts) == 0 { // the API rejects empty messages and texts
		return nil
	}
	if out.Role == roleModel && wantsSignatures(b.call.Model) {
		signForeign(out.Parts)
	}
	b.body.Contents = append(b.body.Contents, out)
	return nil
}

// foreign is the signature that the API accepts for tool calls that were not made by this
// model, for example in a conversation that began with another provider.
// https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
const foreign = "skip_thought_signature_validator"

// signForeign signs the first tool call of a turn if the model has not signed it. The API
// checks only the first one.
func signForeign(parts []any) {
	for _, part := range parts {
		if p, ok := part.(*sentPart); ok && p.FunctionCall != nil {
			if p.ThoughtSignature == "" {
				p.ThoughtSignature = foreign
			}
			return
		}
	}
}

// own returns the data that this provider sends back with a part. [llm.TakeBack] has
// removed the data of others.
func (b *requestBuilder) own(data *llm.ProviderData) (own partData, ok bool) {
	if data == nil || json.Unmarshal(data.Data, &own) != nil {
		return partData{}, false
	}
	return own, true
}

// part converts a part. It returns nil for a part that is omitted.
func (b *requestBuilder) part(part llm.Part) (any, error) {
	switch p := part.(type) {
	case llm.Text:
		own, _ := b.own(p.ProviderData)
		if p.Text == "" && own.Signature == "" {
			return nil, nil
		}
		return &sentPart{Text: &p.Text, ThoughtSignature: own.Signature}, nil
	case llm.Refusal: // sent as text of the model
		if p.Text == "" {
			return nil, nil
		}
		return &sentPart{Text: &p.Text}, nil
	case llm.Reasoning: // the server ignores it without a signature
		own, ok := b.own(p.ProviderData)
		if !ok || own.Signature == "" {
			return nil, nil
		}
		return &sentPart{Text: &p.Text, Thought: true, ThoughtSignature: own.Signature}, nil
	case llm.Image:
		out, err := b.media(mediaType(p.MediaType, p.Data, p.URL), p.Data, p.URL, p.ProviderData)
		if err != nil {
			return nil, err
		}
		if p.Quality != "" && familyOf(b.call.Model).thinks == byLevel { // models from Gemini 3 on have a resolution for each image
			level := "MEDIA_RESOLUTION_" + strings.ToUpper(p.Quality)
			out.MediaResolution = &genai.PartMediaResolution{Level: genai.PartMediaResolutionLevel(level)}
		}
		return out, nil
	case llm.Audio:
		return b.media(mediaType(p.MediaType, p.Data, p.URL), p.Data, p.URL, p.ProviderData)
	case llm.File:
		url := p.URL
		if p.ID != "" {
			var err error
			if url, err = b.provider.fileURL(p.ID); err != nil {
				return nil, err
			}
		}
		return b.media(mediaType(p.MediaType, p.Data, p.Name, url), p.Data, url, p.ProviderData)
	case llm.ToolCall:
		own, _ := b.own(p.ProviderData)
		return &sentPart{
			FunctionCall:     &sentCall{ID: sentID(p.ID), Name: p.Name, Args: json.RawMessage(p.Arguments)},
			ThoughtSignature: own.Signature,
		}, nil
	case llm.Code:
		return b.code(p), nil
	case llm.Opaque:
		if !json.Valid(p.ProviderData.Data) {
			return nil, errors.New("the data of an opaque part is not JSON: remove the part")
		}
		return json.RawMessage(p.ProviderData.Data), nil
	case llm.Unknown:
		b.skip(p)
		return nil, nil
	}
	return nil, fmt.Errorf("a part of type %T is not supported: remove it", part)
}

// skip adds the warning for a part that is omitted.
func (b *requestBuilder) skip(part llm.Part) {
	b.warn(llm.WarnUnsupported, "Messages", fmt.Sprintf("a part of type %T is not supported; it was omitted", part))
}

func (b *requestBuilder) media(given string, data []byte, url string, provided *llm.ProviderData) (*sentPart, error) {
	own, _ := b.own(provided)
	out := &sentPart{ThoughtSignature: own.Signature, Thought: own.Thought}
	if said, held, ok, err := mediatype.FromURL(url); err != nil {
		return nil, err
	} else if ok {
		data, given = held, mediaType(cmp.Or(said, given), held)
	}
	if given == mediatype.Unknown {
		return nil, errors.New("the type of the data cannot be determined from its bytes: set MediaType")
	}
	if len(data) > 0 {
		out.InlineData = &genai.Blob{MIMEType: given, Data: data}
	} else {
		out.FileData = &genai.FileData{MIMEType: given, FileURI: url}
	}
	return out, nil
}

// fileURL returns the address of an uploaded file. For the Gemini API, the id can be the
// file's name. For Vertex AI, it must be an address in a bucket, "gs://…".
func (p *Provider) fileURL(id string) (string, error) {
	switch {
	case strings.Contains(id, "://"):
		return id, nil
	case p.vertex:
		return "", fmt.Errorf("the file id %q is not an address, and Vertex AI stores no files: use an address such as gs://bucket/file", id)
	case !strings.HasPrefix(id, "files/"):
		id = "files/" + id
	}
	return p.baseURL + "/" + id, nil
}

// mediaTypes are the media types that models support, by file extension.
// https://ai.google.dev/gemini-api/docs/file-input-methods
var mediaTypes = map[string]string{
	".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp", ".heic": "image/heic",
	".heif": "image/heif", ".gif": "image/gif", ".mp3": "audio/mpeg", ".wav": "audio/wav", ".aac": "audio/aac", ".ogg": "audio/ogg",
	".flac": "audio/flac", ".m4a": "audio/m4a", ".aiff": "audio/aiff", ".mp4": "video/mp4", ".mov": "video/quicktime", ".mpg": "video/mpeg",
	".mpeg": "video/mpeg", ".webm": "video/webm", ".wmv": "video/wmv", ".3gp": "video/3gpp", ".pdf": "application/pdf",
	".txt": "text/plain", ".md": "text/markdown", ".html": "text/html", ".csv": "text/csv", ".xml": "text/xml", ".json": "application/json",
}

// mediaType returns the given type, or the type of a name's extension, or the type detected
// from the data. It returns "" if there is none: the server knows the types of its files.
func mediaType(given string, data []byte, names ...string) string {
	if given != "" {
		return given
	}
	for _, name := range names {
		name, _, _ = strings.Cut(name, "?")
		if known := mediaTypes[strings.ToLower(path.Ext(name))]; known != "" {
			return known
		}
	}
	if len(data) > 0 {
		return mediatype.Detect(data)
	}
	return ""
}

// sentID returns the id of a tool call to send, or "" for an id that this package generated.
func sentID(id string) string {
	if strings.HasPrefix(id, madeUp) {
		return ""
	}
	return id
}

func isObject(text string) bool { return strings.HasPrefix(text, "{") && json.Valid([]byte(text)) }

// addResults adds tool results. All results of one turn are one message, in the order of
// their calls. If the calls have no ids, the server assigns results by name and order.
func (b *requestBuilder) addResults(m llm.Message, called map[string]calledTool) error {
	var parts []any
	for _, part := range m.Parts {
		result, ok := part.(llm.ToolResult)
		if !ok {
			continue // Validate accepts no other part
		}
		response, err := response(result)
		if err != nil {
			return err
		}
		call := called[result.CallID]
		out := &functionResponse{ID: sentID(result.CallID), Name: cmp.Or(result.Name, call.name), Response: response, place: call.place}
		for _, inner := range result.Parts {
			converted, err := b.part(inner)
			if err != nil {
				return err
			}
			out.Parts = append(out.Parts, converted)
		}
		parts = append(parts, &sentPart{FunctionResponse: out})
	}
	n := len(b.body.Contents)
	if n == 0 || !b.body.Contents[n-1].results {
		b.body.Contents = append(b.body.Contents, message{Role: roleUser, results: true})
		n++
	}
	last := &b.body.Contents[n-1]
	last.Parts = append(last.Parts, parts...)
	slices.SortStableFunc(last.Parts, func(x, y any) int { return cmp.Compare(placeOf(x), placeOf(y)) })
	return nil
}

// resultPart reports whether a result can have a part: from Gemini 3 on, images and
// documents that are given by their data.
// https://ai.google.dev/gemini-api/docs/function-calling#multimodal
func (b *requestBuilder) resultPart(part llm.Part) bool {
	if !wantsSignatures(b.call.Model) {
		return false
	}
	switch p := part.(type) {
	case llm.Image:
		return len(p.Data) > 0
	case llm.File:
		return len(p.Data) > 0
	}
	return false
}

// placeOf returns the position of a result's call.
func placeOf(part any) int {
	if p, ok := part.(*sentPart); ok && p.FunctionResponse != nil {
		return p.FunctionResponse.place
	}
	return 0
}

// response returns a result as a JSON object. A result that is an object is sent unchanged,
// except one with a member "$ref", which the API reads as a reference to an image of the
// result. Other results are members of an object, under the names that the API defines for output and
// errors.
// https://ai.google.dev/api/caching#FunctionResponse
func response(result llm.ToolResult) (json.RawMessage, error) {
	name := "output"
	if result.IsError {
		name = "error"
	} else if text := strings.TrimSpace(result.Content); isObject(text) && !strings.Contains(text, `"$ref"`) {
		return json.RawMessage(text), nil
	}
	return json.Marshal(map[string]string{name: result.Content})
}

// code converts code that the server ran, or its output.
func (b *requestBuilder) code(c llm.Code) *sentPart {
	own, _ := b.own(c.ProviderData)
	out := &sentPart{ThoughtSignature: own.Signature, Thought: own.Thought}
	if c.Source != "" {
		out.ExecutableCode = &genai.ExecutableCode{Code: c.Source, Language: genai.Language(c.Language), ID: own.ID}
	} else {
		out.CodeExecutionResult = &genai.CodeExecutionResult{Outcome: genai.Outcome(c.Outcome), Output: c.Output, ID: own.ID}
	}
	return out
}
