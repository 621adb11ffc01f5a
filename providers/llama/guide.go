package llama

import (
	"encoding/json"
	"strings"

	"github.com/parley-llm/parley/internal/constrain"
	"github.com/parley-llm/parley/internal/modeltext"
	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/internal/schema"
	"github.com/parley-llm/parley/llm"
)

// guides constrain the tokens of an answer: to a [llm.Format], from the beginning or from the end
// of the reasoning, and tool calls to the schemas of the tools. A nil *guides constrains nothing.
type guides struct {
	ends    map[int]bool
	matcher *constrain.Matcher // nil: any token can follow now

	format func() (*constrain.Matcher, error) // for the answer after the reasoning; nil: none, or begun
	call   func() (*constrain.Matcher, error) // for each tool call; nil: none
	bare   bool                               // a tool call begins without a marker
	inCall bool                               // the matcher is that of a tool call
	opened bool                               // the call that is being written has been looked at
	once   bool                               // the answer ends after the first tool call
	over   bool

	scratch []float32
}

// active reports whether some tokens cannot follow.
func (g *guides) active() bool { return g != nil && g.matcher != nil }

// finished reports whether the answer is complete, so that nothing can follow.
func (g *guides) finished() bool {
	return g != nil && (g.over || g.matcher != nil && !g.inCall && g.matcher.MustEnd())
}

// allows reports whether a token can follow.
func (g *guides) allows(id int) bool {
	if g.ends[id] {
		return !g.inCall && g.matcher.CanEnd()
	}
	return g.matcher.Allows(id)
}

// masked returns the logits with −∞ for the tokens that cannot follow.
func (g *guides) masked(logits []float32) []float32 {
	g.scratch = append(g.scratch[:0], logits...)
	keep := g.ends
	if g.inCall || !g.matcher.CanEnd() {
		keep = nil
	}
	g.matcher.Mask(g.scratch, keep)
	return g.scratch
}

// accept follows the text of a token.
func (g *guides) accept(text string) {
	if !g.active() {
		return
	}
	g.matcher.Accept(text) // it was allowed
	if g.inCall && g.matcher.MustEnd() {
		g.matcher, g.inCall, g.over = nil, false, g.once
	}
}

// follow begins to constrain where the reader says that a part of the answer begins.
func (g *guides) follow(r *modeltext.Reader) error {
	if g == nil || g.matcher != nil {
		return nil
	}
	if g.format != nil && !r.Reasoning() {
		var err error
		g.matcher, err = g.format()
		g.format = nil
		return err
	}
	text, inside := r.CallOpened()
	if !inside {
		g.opened = false
		return nil
	}
	if g.call == nil || g.opened || g.bare && !strings.Contains(text, `"name"`) {
		return nil
	}
	g.opened = true
	m, err := g.call()
	if err != nil {
		return err
	}
	if m.Accept(text) { // otherwise the model writes calls in another way
		g.matcher, g.inCall = m, true
	}
	return nil
}

// forms returns the automata of the forms that were used last. The first call reads the texts of
// all tokens.
func (m *loaded) forms() *constrain.Cache {
	m.vocabulary.Do(func() {
		texts := make([]string, m.engine.Vocabulary())
		before := 0 // an ordinary token
		for before < len(texts)-1 && m.names[before] != "" {
			before++
		}
		for id := range texts {
			if m.names[id] == "" && !m.ends[id] {
				texts[id] = m.text(before, id)
			}
		}
		m.cache = constrain.NewCache(constrain.NewVocabulary(texts))
	})
	return m.cache
}

// steer adds the guides of a request, and the beginning of an answer that the request requires.
func (c *chat) steer(p *prompt.Prompt, f modeltext.Format, tools []llm.Tool) error {
	c.guides = &guides{ends: c.model.ends}
	if text := strings.TrimSpace(p.String()); f.Thinks && strings.HasSuffix(text, modeltext.ThinkOpen) {
		c.reader.Reason()
	} else if effort := c.request.ReasoningEffort; f.Thinks && c.request.Format != nil && effort != "" && effort != llm.EffortNone {
		c.begin(modeltext.ThinkOpen + "\n") // the model would choose JSON otherwise
	}
	if format := c.request.Format; format != nil {
		if err := c.follow(format); err != nil {
			return err
		}
	}
	if len(tools) > 0 {
		return c.steerCalls(f, tools)
	}
	return nil
}

// follow adds the guide of a format.
func (c *chat) follow(format *llm.Format) error {
	key := "object"
	build := func() (*constrain.Form, error) { return constrain.Object(), nil }
	if len(format.Schema) > 0 {
		form, warnings, err := constrain.JSON(format.Schema)
		if err != nil {
			return llm.Errorf(llm.InvalidRequest, "Format: %w", err)
		}
		c.schemaWarnings("Format", warnings)
		key = "schema " + string(format.Schema)
		build = func() (*constrain.Form, error) { return form, nil }
	}
	c.guides.format = func() (*constrain.Matcher, error) { return c.model.forms().Matcher(key, build) }
	if c.reader.Reasoning() {
		return nil
	}
	return c.guides.follow(c.reader)
}

func (c *chat) schemaWarnings(setting string, warnings []schema.Warning) {
	for _, w := range warnings {
		c.warn(llm.WarnUnsupported, setting, "the answer may not follow %s at %q: %s", w.Keyword, w.Path, w.Message)
	}
}

// steerCalls adds the guide of tool calls.
func (c *chat) steerCalls(f modeltext.Format, tools []llm.Tool) error {
	choice := c.request.ToolChoice
	required := choice.Mode == llm.ToolRequired || choice.Mode == llm.ToolNamed
	if f.Calls != modeltext.Tagged && f.Calls != modeltext.Bare {
		if required {
			c.warn(llm.WarnUnsupported, "ToolChoice", "%s cannot be made to call a tool; the setting was left out", c.model.name)
		}
		return nil
	}
	if c.request.Format != nil {
		if required {
			return llm.Errorf(llm.InvalidRequest, "the request has both a Format and a required tool call: remove one")
		}
		return nil // the answer is JSON
	}
	var calls []constrain.Call
	for _, tool := range tools {
		if choice.Mode != llm.ToolNamed || tool.Name == choice.Name {
			calls = append(calls, constrain.Call{Name: tool.Name, Schema: tool.Parameters})
		}
	}
	member := "arguments"
	if f.Calls == modeltext.Bare {
		member = "parameters"
	}
	form, warnings, err := constrain.Calls(calls, member)
	if err != nil {
		if required {
			return llm.Errorf(llm.InvalidRequest, "Tools: %w", err)
		}
		c.warn(llm.WarnUnsupported, "Tools", "calls may not follow the schemas: %v", err)
		return nil
	}
	c.schemaWarnings("Tools", warnings)
	key, err := json.Marshal(struct {
		Member string
		Calls  []constrain.Call
	}{member, calls})
	if err != nil {
		return llm.Errorf(llm.InvalidRequest, "Tools: %w", err)
	}
	g := c.guides
	g.bare = f.Calls == modeltext.Bare
	g.once = required || c.request.ParallelToolCalls != nil && !*c.request.ParallelToolCalls
	g.call = func() (*constrain.Matcher, error) {
		return c.model.forms().Matcher("calls "+string(key), func() (*constrain.Form, error) { return form, nil })
	}
	if !required || c.reader.Reasoning() {
		return nil
	}
	if f.Calls == modeltext.Tagged {
		c.begin(modeltext.CallOpen + "\n")
		return g.follow(c.reader)
	}
	g.matcher, err = g.call()
	g.inCall, g.opened = true, true
	return err
}

// begin adds the beginning of the answer to the prompt.
func (c *chat) begin(text string) {
	for _, marker := range []string{modeltext.ThinkOpen, modeltext.CallOpen} {
		if rest, ok := strings.CutPrefix(text, marker); ok {
			if id, ok := c.model.encoding.SpecialID(marker); ok {
				c.ids = append(c.ids, id)
				c.ids = c.model.encoding.AppendEncode(c.ids, rest)
				c.reader.Add(text)
				return
			}
		}
	}
	c.ids = c.model.encoding.AppendEncode(c.ids, text)
	c.reader.Add(text)
}
