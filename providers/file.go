package providers

import (
	"reflect"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// file is a config file as it is written. docs/config.md describes it to users, and
// docs/config.schema.json to editors.
type file struct {
	Schema    string                `yaml:"$schema"` // for editors
	Default   *text                 `yaml:"default"`
	Strict    bool                  `yaml:"strict"`
	Egress    *[]text               `yaml:"egress"`
	Providers table[providerConfig] `yaml:"providers"`
	Models    table[modelConfig]    `yaml:"models"`
	Groups    table[groupConfig]    `yaml:"groups"`
	Catalog   table[infoConfig]     `yaml:"catalog"`
}

// providerConfig is a connection: a registered provider with settings.
type providerConfig struct {
	Type       *text `yaml:"type"`
	connection `yaml:",inline"`
}

// connection is how to reach a server, and as whom.
type connection struct {
	BaseURL *text             `yaml:"base_url"`
	Key     *keySource        `yaml:"key"`
	Headers table[*keySource] `yaml:"headers"`
	Limits  *limitsConfig     `yaml:"limits"`
	TLS     *tlsConfig        `yaml:"tls"`
	Proxy   *text             `yaml:"proxy"`
}

// over returns the connection with what is not set taken from base.
func (c connection) over(base connection) connection {
	if c.BaseURL == nil {
		c.BaseURL = base.BaseURL
	}
	if c.Key == nil {
		c.Key = base.Key
	}
	headers := c.Headers
	for _, h := range base.Headers {
		if headers.get(h.name.value) == nil {
			c.Headers = append(c.Headers, h)
		}
	}
	if c.Limits == nil {
		c.Limits = base.Limits
	}
	if c.TLS == nil {
		c.TLS = base.TLS
	}
	if c.Proxy == nil {
		c.Proxy = base.Proxy
	}
	return c
}

// isSet reports whether there is any setting.
func (c connection) isSet() bool {
	return c.BaseURL != nil || c.Key != nil || c.Headers != nil || c.Limits != nil || c.TLS != nil || c.Proxy != nil
}

type limitsConfig struct {
	Connect    time.Duration `yaml:"connect"`
	FirstEvent time.Duration `yaml:"first_event"`
	Idle       time.Duration `yaml:"idle"`
	Total      time.Duration `yaml:"total"`
	FrameBytes int           `yaml:"frame_bytes"`
}

type tlsConfig struct {
	place
	CA         *text `yaml:"ca"`
	Cert       *text `yaml:"cert"`
	Key        *text `yaml:"key"`
	ServerName *text `yaml:"server_name"`
}

func (t *tlsConfig) decode(d *decoder, n *yaml.Node) {
	t.place = placeOf(n)
	d.structure(n, reflect.ValueOf(t).Elem())
}

// modelConfig is a model with a name of the user's.
type modelConfig struct {
	place
	Model      *text `yaml:"model"`
	connection `yaml:",inline"`
	Defaults   *defaultsConfig    `yaml:"defaults"`
	Options    raw                `yaml:"options"`
	Middleware []middlewareConfig `yaml:"middleware"`
	Info       *infoConfig        `yaml:"info"`
}

func (m *modelConfig) decode(d *decoder, n *yaml.Node) {
	m.place = placeOf(n)
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" { // the model's name alone is the short form
		m.Model = new(text)
		m.Model.decode(d, n)
		return
	}
	d.structure(n, reflect.ValueOf(m).Elem())
}

// defaultsConfig are the settings of requests that leave them open.
type defaultsConfig struct {
	place
	System            string     `yaml:"system"`
	MaxTokens         int        `yaml:"max_tokens"`
	Temperature       *float64   `yaml:"temperature"`
	TopP              *float64   `yaml:"top_p"`
	TopK              *int       `yaml:"top_k"`
	Seed              *int64     `yaml:"seed"`
	PresencePenalty   *float64   `yaml:"presence_penalty"`
	FrequencyPenalty  *float64   `yaml:"frequency_penalty"`
	Stop              []string   `yaml:"stop"`
	Reasoning         llm.Effort `yaml:"reasoning"`
	ParallelToolCalls *bool      `yaml:"parallel_tool_calls"`
	Unstreamed        bool       `yaml:"unstreamed"`
	Strict            bool       `yaml:"strict"`
}

func (c *defaultsConfig) decode(d *decoder, n *yaml.Node) {
	c.place = placeOf(n)
	d.structure(n, reflect.ValueOf(c).Elem())
}

// request returns the settings as a request has them.
func (c *defaultsConfig) request() llm.Request {
	var r llm.Request
	if c == nil {
		return r
	}
	if c.System != "" {
		r.Messages = []llm.Message{llm.System(c.System)}
	}
	r.MaxTokens, r.Temperature, r.TopP, r.TopK, r.Seed = c.MaxTokens, c.Temperature, c.TopP, c.TopK, c.Seed
	r.PresencePenalty, r.FrequencyPenalty, r.Stop, r.Reasoning = c.PresencePenalty, c.FrequencyPenalty, c.Stop, c.Reasoning
	r.ParallelToolCalls, r.Unstreamed, r.Strict = c.ParallelToolCalls, c.Unstreamed, c.Strict
	return r
}

// middlewareConfig is a middleware by name, or a mapping of the name to its settings.
type middlewareConfig struct {
	name     text
	settings raw
}

func (m *middlewareConfig) decode(d *decoder, n *yaml.Node) {
	if n.Kind == yaml.ScalarNode {
		m.name.decode(d, n)
		return
	}
	pairs := d.pairs(n)
	if len(pairs) != 1 {
		if n.Kind == yaml.MappingNode {
			d.add(placeOf(n), "a middleware is a name, or one name with its settings, as in \"retry: {max_retries: 3}\"; here are %d", len(pairs))
		}
		return
	}
	m.name = text{placeOf(pairs[0][0]), pairs[0][0].Value}
	m.settings = raw{pairs[0][1]}
}

// groupConfig is several models that answer as one.
type groupConfig struct {
	place
	Kind       *text              `yaml:"kind"`
	Models     []text             `yaml:"models"`
	Settings   raw                `yaml:"settings"`
	Defaults   *defaultsConfig    `yaml:"defaults"`
	Middleware []middlewareConfig `yaml:"middleware"`
}

func (g *groupConfig) decode(d *decoder, n *yaml.Node) {
	g.place = placeOf(n)
	d.structure(n, reflect.ValueOf(g).Elem())
}
