package providers

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// file is a config file as it is written. docs/config.md describes it to users, and
// docs/config.schema.json to editors.
type file struct {
	Schema            string                `yaml:"$schema" doc:"for editors: where the schema of this file is"` // for editors
	Default           *text                 `yaml:"default" doc:"the model or group that is taken when none is named"`
	FailOnUnsupported bool                  `yaml:"fail_on_unsupported" doc:"an error, rather than a warning, for what a model cannot do"`
	Egress            *[]text               `yaml:"egress" doc:"hosts and networks that may be connected to; nothing else may"`
	Providers         table[providerConfig] `yaml:"providers" doc:"connections: providers with settings, under their own name or another"`
	Models            table[modelConfig]    `yaml:"models" doc:"models, under names of your own"`
	Groups            table[groupConfig]    `yaml:"groups" doc:"several models that answer as one"`
	Stores            table[storeConfig]    `yaml:"stores" doc:"where middleware keeps what models, processes and machines share"`
	Catalog           table[infoConfig]     `yaml:"catalog" doc:"what is known of models, by provider/model; it outranks the built-in catalog"`
}

// providerConfig is a connection: a registered provider with settings.
type providerConfig struct {
	Type       *text `yaml:"type" doc:"the registered provider, if the section has another name"`
	connection `yaml:",inline"`
}

// connection is how to reach a server, and as whom.
type connection struct {
	BaseURL *text             `yaml:"base_url" doc:"where the API is, in place of the provider's own address"`
	Key     *keySource        `yaml:"key" doc:"the credential: {env: NAME}, {file: PATH}, {command: [program, argument]} or the text itself"`
	Keys    *[]keySource      `yaml:"keys" doc:"several credentials, which take turns: one that is refused, or at its limit, rests; each as key"`
	Headers table[*keySource] `yaml:"headers" doc:"sent with every request; values as for key"`
	Limits  *limitsConfig     `yaml:"limits" doc:"how long to wait"`
	TLS     *tlsConfig        `yaml:"tls" doc:"a private CA, a client certificate"`
	Proxy   *text             `yaml:"proxy" doc:"http://, https:// or socks5:// and a host, or none; else the environment's"`
}

// over returns the connection with what is not set taken from base.
func (c connection) over(base connection) connection {
	if c.BaseURL == nil {
		c.BaseURL = base.BaseURL
	}
	if c.Key == nil && c.Keys == nil {
		c.Key, c.Keys = base.Key, base.Keys
	}
	own := c.Headers
	for _, h := range base.Headers {
		if !slices.ContainsFunc(own, h.sameHeader) {
			c.Headers = append(slices.Clip(c.Headers), h)
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

// sameHeader reports whether two rows set the same header: small and capital letters are the same.
func (r row[T]) sameHeader(other row[T]) bool {
	return strings.EqualFold(r.name.value, other.name.value)
}

// credentials returns the key, or the keys.
func (c connection) credentials() []*keySource {
	var all []*keySource
	if c.Key != nil {
		all = append(all, c.Key)
	}
	if c.Keys != nil {
		for i := range *c.Keys {
			all = append(all, &(*c.Keys)[i])
		}
	}
	return all
}

// isSet reports whether there is any setting.
func (c connection) isSet() bool {
	return c.BaseURL != nil || c.Key != nil || c.Keys != nil || c.Headers != nil || c.Limits != nil || c.TLS != nil || c.Proxy != nil
}

type limitsConfig struct {
	Connect    time.Duration `yaml:"connect" doc:"for connecting, and as long again for the TLS handshake; default 15s"`
	FirstEvent time.Duration `yaml:"first_event" doc:"until the first piece of the answer; default 10m"`
	Idle       time.Duration `yaml:"idle" doc:"between two pieces; default 5m"`
	Total      time.Duration `yaml:"total" doc:"for the whole call; default none"`
	FrameBytes int           `yaml:"frame_bytes" doc:"the size of the largest piece; default 32 MiB"`
}

type tlsConfig struct {
	place
	CA         *text `yaml:"ca" doc:"file of the CA's certificates (PEM)"`
	Cert       *text `yaml:"cert" doc:"file of the client certificate (PEM)"`
	Key        *text `yaml:"key" doc:"file of its key (PEM)"`
	ServerName *text `yaml:"server_name" doc:"the name in the server's certificate, if it is not the host's"`
}

func (t *tlsConfig) decode(d *decoder, n *yaml.Node) {
	t.place = placeOf(n)
	d.structure(n, reflect.ValueOf(t).Elem())
}

// modelConfig is a model with a name of the user's.
type modelConfig struct {
	place
	Model      *text `yaml:"model" doc:"provider/model, as in openai/gpt-6-luna"`
	connection `yaml:",inline"`
	Defaults   *defaultsConfig    `yaml:"defaults" doc:"settings for requests that leave them open"`
	Options    raw                `yaml:"options" doc:"settings that only this provider has"`
	Middleware []middlewareConfig `yaml:"middleware" doc:"what every call goes through, outermost first"`
	Info       *infoConfig        `yaml:"info" doc:"what is known of the model; it outranks the catalog"`
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
	System            string              `yaml:"system" doc:"a system message, before each request's own"`
	MaxTokens         int                 `yaml:"max_tokens"`
	Temperature       *float64            `yaml:"temperature"`
	TopP              *float64            `yaml:"top_p"`
	TopK              *int                `yaml:"top_k"`
	Seed              *int64              `yaml:"seed"`
	PresencePenalty   *float64            `yaml:"presence_penalty"`
	FrequencyPenalty  *float64            `yaml:"frequency_penalty"`
	Stop              []string            `yaml:"stop"`
	ReasoningEffort   llm.ReasoningEffort `yaml:"reasoning_effort"`
	ParallelToolCalls *bool               `yaml:"parallel_tool_calls"`
	NonStreaming      bool                `yaml:"non_streaming"`
	FailOnUnsupported bool                `yaml:"fail_on_unsupported"`
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
	r.PresencePenalty, r.FrequencyPenalty, r.Stop, r.ReasoningEffort = c.PresencePenalty, c.FrequencyPenalty, c.Stop, c.ReasoningEffort
	r.ParallelToolCalls, r.NonStreaming, r.FailOnUnsupported = c.ParallelToolCalls, c.NonStreaming, c.FailOnUnsupported
	return r
}

// storeConfig is where middleware keeps what is shared.
type storeConfig struct {
	Kind     *text      `yaml:"kind" doc:"what it is"`
	URL      *keySource `yaml:"url" doc:"where it is; a secret, as it may hold a password: values as for key"`
	TLS      *tlsConfig `yaml:"tls" doc:"a private CA, a client certificate"`
	Settings raw        `yaml:"settings" doc:"settings of this kind of store"`
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
	switch {
	case n.Kind != yaml.MappingNode:
		return
	case len(pairs) > 1 && pairs[0][1].ShortTag() == "!!null": // - retry:, and its settings below it, not further in
		d.add(placeOf(pairs[1][0]), "%q stands beside %q: if it is a setting of it, indent it further", pairs[1][0].Value, pairs[0][0].Value)
		return
	case len(pairs) != 1:
		d.add(placeOf(n), "a middleware is a name, or one name with its settings, as in \"retry: {max_retries: 3}\"; here are %d", len(pairs))
		return
	}
	m.name = text{placeOf(pairs[0][0]), pairs[0][0].Value}
	m.settings = raw{pairs[0][1]}
}

// groupConfig is several models that answer as one.
type groupConfig struct {
	place
	Kind       *text              `yaml:"kind" doc:"how the group answers"`
	Models     []text             `yaml:"models" doc:"its members, by their names in this file"`
	Settings   raw                `yaml:"settings" doc:"settings of this kind of group"`
	Defaults   *defaultsConfig    `yaml:"defaults" doc:"settings for requests that leave them open"`
	Middleware []middlewareConfig `yaml:"middleware" doc:"what every call goes through, outermost first"`
}

func (g *groupConfig) decode(d *decoder, n *yaml.Node) {
	g.place = placeOf(n)
	d.structure(n, reflect.ValueOf(g).Elem())
}
