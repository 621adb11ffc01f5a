package llama

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/chattemplate"
	engine "github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/modeltext"
	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chat is a request in the form that the engine takes.
type chat struct {
	model    *loaded
	request  *llm.Request
	options  Options
	ids      []int
	stop     []string
	sampling engine.Sampling
	reader   *modeltext.Reader
	guides   *guides
	plain    bool // the prompt is in a named format
	warnings []llm.Warning
}

// prepareChat converts a request. It makes the prompt.
func (p *Provider) prepareChat(ctx context.Context, m *loaded, r *llm.Request) (*chat, error) {
	c := &chat{model: m, request: r, options: llmutil.OptionsFor[Options](r.Options), stop: r.Stop}
	if err := checkParts(m, r); err != nil {
		return nil, err
	}
	c.setSampling()
	if err := c.makePrompt(ctx, p.config.Template); err != nil {
		return nil, err
	}
	if len(c.warnings) > 0 && r.FailOnUnsupported {
		return nil, llm.Errorf(llm.Unsupported, "%s: %s", c.warnings[0].Setting, c.warnings[0].Message)
	}
	return c, nil
}

// checkParts refuses messages that are not text.
func checkParts(m *loaded, r *llm.Request) error {
	for i, message := range r.Messages {
		for _, part := range message.Parts {
			what := ""
			switch part.(type) {
			case llm.Image:
				what = "images"
			case llm.Audio:
				what = "audio"
			case llm.File:
				what = "files"
			}
			if what != "" {
				return llm.Errorf(llm.Unsupported, "message %d: %s reads only text, not %s: use a model that does, for example through Ollama or a hosted provider", i, m.name, what)
			}
		}
	}
	return nil
}

func (c *chat) warn(code llm.WarningCode, setting, format string, args ...any) {
	c.warnings = append(c.warnings, llm.Warning{Code: code, Setting: setting, Message: fmt.Sprintf(format, args...)})
}

// setSampling sets the settings of the sampler: those of the request, or else of the file.
func (c *chat) setSampling() {
	r, o, s := c.request, &c.options, c.model.sampling
	set(&s.Temperature, r.Temperature)
	set(&s.TopP, r.TopP)
	set(&s.TopK, r.TopK)
	set(&s.PresencePenalty, r.PresencePenalty)
	set(&s.FrequencyPenalty, r.FrequencyPenalty)
	set(&s.MinP, o.MinP)
	set(&s.RepeatPenalty, o.RepeatPenalty)
	if o.RepeatWindow != 0 {
		s.Window = o.RepeatWindow
	}
	s.LogitBias = maps.Clone(o.LogitBias)
	if r.Seed != nil {
		s.Seed = uint64(*r.Seed)
	} else {
		var seed [8]byte
		rand.Read(seed[:]) // never fails
		s.Seed = binary.LittleEndian.Uint64(seed[:])
	}
	c.sampling = s
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// makePrompt renders and encodes the prompt, and makes the reader of the answer.
func (c *chat) makePrompt(ctx context.Context, template string) error {
	if c.options.Template != "" {
		template = c.options.Template
	}
	r := c.request
	tools := r.Tools
	if r.ToolChoice.Mode == llm.ToolNone {
		tools = nil
	}
	format := c.model.format
	var p *prompt.Prompt
	var err error
	switch {
	case template != "":
		p, err = c.namedPrompt(template)
		tools, format, c.plain = nil, modeltext.Format{}, true
	case c.model.template == nil:
		return llm.Errorf(llm.Unsupported, "%s cannot chat: %w", c.model.name, c.model.noChat)
	default:
		p, err = c.templatePrompt(ctx, tools)
	}
	if err != nil {
		return err
	}
	if len(tools) > 0 && format.Calls == modeltext.NoCalls {
		c.warn(llm.WarnUnsupported, "Tools", "the chat template of %s has no tool calls that Parley can read; the model may still write them as text", c.model.name)
	}
	if r.ReasoningEffort != "" && r.ReasoningEffort != llm.EffortNone && !format.Thinks && !c.plain {
		c.warn(llm.WarnUnsupported, "ReasoningEffort", "the chat template of %s has no reasoning; the setting was left out", c.model.name)
	}
	if c.ids, err = c.encode(p); err != nil {
		return err
	}
	c.stop = slices.Concat(c.stop, p.Stop)
	c.reader = modeltext.NewReader(format, len(tools) > 0, typesOf(tools))
	if err := c.steer(p, format, tools); err != nil {
		return err
	}
	if n := len(c.ids); n >= c.model.context {
		return contextError(c.model, n)
	}
	return nil
}

// namedPrompt returns the prompt in a named format.
func (c *chat) namedPrompt(name string) (*prompt.Prompt, error) {
	format, err := prompt.Named(name)
	if err != nil {
		return nil, llm.Errorf(llm.InvalidRequest, "Template: %w", err)
	}
	p, err := format.Render(c.request.Messages)
	if err != nil {
		return nil, llm.Errorf(llm.Unsupported, "%w", err)
	}
	c.warnings = append(c.warnings, prompt.Lost(c.request)...)
	return p, nil
}

// templatePrompt returns the prompt by the template of the file.
func (c *chat) templatePrompt(ctx context.Context, tools []llm.Tool) (*prompt.Prompt, error) {
	variables := map[string]any{}
	if c.model.format.Switch {
		switch effort := c.request.ReasoningEffort; {
		case effort == llm.EffortNone:
			variables["enable_thinking"] = false
		case effort != "":
			variables["enable_thinking"] = true
		case c.request.Format != nil:
			variables["enable_thinking"] = false // the answer begins with JSON
		}
	}
	if effort := c.request.ReasoningEffort; effort != "" && effort != llm.EffortNone {
		variables["reasoning_effort"] = string(effort)
	}
	maps.Copy(variables, c.options.TemplateArguments)
	p, err := c.model.template.Render(ctx, chattemplate.Input{
		Messages: c.request.Messages, Tools: tools, Variables: variables, Now: time.Now(),
	})
	if err != nil {
		if ended := llm.FromContext(ctx); ended != nil {
			return nil, ended
		}
		return nil, llm.Errorf(llm.InvalidRequest, "%s: %w", c.model.name, err)
	}
	return p, nil
}

// encode returns the tokens of a prompt.
//
// Security: only the control tokens of the template are control tokens. Names of control tokens
// in messages are encoded as text.
func (c *chat) encode(p *prompt.Prompt) ([]int, error) {
	m := c.model
	var ids []int
	for i, piece := range p.Pieces {
		if !piece.Control {
			ids = m.encoding.AppendEncode(ids, piece.Text)
			continue
		}
		id, ok := m.encoding.SpecialID(piece.Text)
		if !ok {
			return nil, llm.Errorf(llm.Unsupported, "the vocabulary of %s does not have the control token %s of the prompt format: "+
				"set Template to the format that the model was trained with", m.name, piece.Text)
		}
		if i == 0 && id == m.bos {
			continue // it is added below
		}
		ids = append(ids, id)
	}
	if m.bos >= 0 {
		ids = slices.Insert(ids, 0, m.bos)
	}
	if len(ids) == 0 {
		return nil, llm.Errorf(llm.InvalidRequest, "the prompt is empty: add text to the messages")
	}
	return ids, nil
}

// typesOf returns the JSON types of the parameters of tools.
func typesOf(tools []llm.Tool) func(tool, parameter string) string {
	types := make(map[[2]string]string)
	for _, tool := range tools {
		var schema struct {
			Properties map[string]struct {
				Type any `json:"type"`
			} `json:"properties"`
		}
		if json.Unmarshal(tool.Parameters, &schema) != nil {
			continue // without types, all values are strings
		}
		for name, p := range schema.Properties {
			types[[2]string{tool.Name, name}], _ = p.Type.(string)
		}
	}
	return func(tool, parameter string) string { return types[[2]string{tool, parameter}] }
}

func contextError(m *loaded, n int) error {
	return llm.Errorf(llm.ContextLength, "the prompt has %d tokens, and the context window of %s is %d: shorten the conversation, or raise the setting Context (context); the model was trained for %d",
		n, m.name, m.context, m.engine.Context())
}

// engineError converts an error of the engine.
func engineError(ctx context.Context, m *loaded, err error) error {
	if ended := llm.FromContext(ctx); ended != nil {
		return ended
	}
	if e, ok := errors.AsType[*engine.ContextError](err); ok {
		return contextError(m, e.Tokens)
	}
	if e, ok := errors.AsType[*engine.MemoryError](err); ok {
		return llm.Errorf(llm.ContextLength, "%s: raise the setting CacheBytes (cache_bytes), or set MaxTokens", strings.TrimPrefix(e.Error(), "llama: "))
	}
	return llm.Errorf(llm.Server, "%w", err)
}
