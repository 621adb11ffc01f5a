package config

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// file is the content of a config file. docs/config.md describes it for users, and
// docs/config.schema.json for editors.
type file struct {
	Schema            string                `yaml:"$schema" doc:"the address of the schema of this file, for editors"`
	Default           *text                 `yaml:"default" doc:"the model or group that is used if none is named"`
	FailOnUnsupported bool                  `yaml:"fail_on_unsupported" doc:"fail requests with parts that the model does not support, instead of adding a warning"`
	Egress            *[]text               `yaml:"egress" doc:"the only hosts and networks that connections may go to"`
	Providers         table[providerConfig] `yaml:"providers" doc:"providers with settings, under their own names or others"`
	Models            table[modelConfig]    `yaml:"models" doc:"models, under names that you choose"`
	Groups            table[groupConfig]    `yaml:"groups" doc:"several models that answer as one, under names that you choose"`
	Stores            table[storeConfig]    `yaml:"stores" doc:"stores for the state that middleware of several models, processes or machines shares"`
	Catalog           table[infoConfig]     `yaml:"catalog" doc:"facts about models, by provider/model; they override the built-in catalog"`
}

// providerConfig is a connection: a registered provider with settings.
type providerConfig struct {
	Type       *text `yaml:"type" doc:"the registered provider, if the section has another name"`
	connection `yaml:",inline"`
}

// connection has the address of a server, the credentials and the transport settings.
type connection struct {
	BaseURL *text             `yaml:"base_url" doc:"the address of the API, if it is not the provider's own"`
	Key     *keySource        `yaml:"key" doc:"the credential: {env: NAME}, {file: PATH}, {command: [program, argument]} or the text itself"`
	Keys    *[]keySource      `yaml:"keys" doc:"several credentials, used in turn; one that is rejected or at its limit pauses; each has the form of key"`
	Headers table[*keySource] `yaml:"headers" doc:"headers of every request; values have the form of key"`
	Limits  *limitsConfig     `yaml:"limits" doc:"time limits"`
	TLS     *tlsConfig        `yaml:"tls" doc:"a private CA, a client certificate"`
	Proxy   *text             `yaml:"proxy" doc:"http://, https:// or socks5:// and a host, or none; the default comes from the environment"`
	// Settings has the type of Driver.Settings.
	Settings raw `yaml:"settings" doc:"settings that only this provider has, for example the quirks of a server"`
}

// over returns c with the fields that are not set taken from base.
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
	if c.Settings.node == nil {
		c.Settings = base.Settings
	}
	return c
}

// sameHeader reports whether two rows set the same header. Case does not matter.
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
	return c.BaseURL != nil || c.Key != nil || c.Keys != nil || c.Headers != nil || c.Limits != nil || c.TLS != nil || c.Proxy != nil || c.Settings.node != nil
}

type limitsConfig struct {
	Connect    time.Duration `yaml:"connect" doc:"the limit for connecting, and again for the TLS handshake; default 15s"`
	FirstEvent time.Duration `yaml:"first_event" doc:"the limit until the first event of the answer; default 10m"`
	Idle       time.Duration `yaml:"idle" doc:"the limit between two events; default 5m"`
	Total      time.Duration `yaml:"total" doc:"the limit for the whole call; default none"`
	FrameBytes int           `yaml:"frame_bytes" doc:"the size of the largest frame; default 32 MiB"`
	ReplyBytes int           `yaml:"reply_bytes" doc:"the size of the largest reply; default 1 GiB"`
}

type tlsConfig struct {
	place
	CA         *text `yaml:"ca" doc:"file of the CA's certificates (PEM)"`
	Cert       *text `yaml:"cert" doc:"file of the client certificate (PEM)"`
	Key        *text `yaml:"key" doc:"file of its key (PEM)"`
	ServerName *text `yaml:"server_name" doc:"the name in the server's certificate, if it is not the host"`
}

func (t *tlsConfig) decode(d *decoder, n *yaml.Node) {
	t.place = placeOf(n)
	d.structure(n, reflect.ValueOf(t).Elem())
}

// modelConfig is a model under a name that the user chooses.
type modelConfig struct {
	place
	Model      *text `yaml:"model" doc:"provider/model, for example openai/gpt-6-luna"`
	connection `yaml:",inline"`
	Defaults   *defaultsConfig    `yaml:"defaults" doc:"settings of requests that do not set them"`
	Options    raw                `yaml:"options" doc:"options that only this provider has"`
	Middleware []middlewareConfig `yaml:"middleware" doc:"middleware for every call, outermost first"`
	Info       *infoConfig        `yaml:"info" doc:"facts about the model; they override the catalog"`
}

func (m *modelConfig) decode(d *decoder, n *yaml.Node) {
	m.place = placeOf(n)
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" { // the short form
		m.Model = new(text)
		m.Model.decode(d, n)
		return
	}
	d.structure(n, reflect.ValueOf(m).Elem())
}

// defaultsConfig has the settings of requests that do not set them.
type defaultsConfig struct {
	place
	settings          raw                 // the same settings, to find the places of fields
	System            string              `yaml:"system" doc:"a system message, sent before those of the request"`
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
	c.place, c.settings = placeOf(n), raw{n}
	d.structure(n, reflect.ValueOf(c).Elem())
}

// request returns the settings as a request.
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

// storeConfig is a store for state that middleware shares.
type storeConfig struct {
	Kind     *text      `yaml:"kind" doc:"the kind of store"`
	URL      *keySource `yaml:"url" doc:"the address, which can contain a password; it has the form of key"`
	TLS      *tlsConfig `yaml:"tls" doc:"a private CA, a client certificate"`
	Settings raw        `yaml:"settings" doc:"settings of this kind of store"`
}

// middlewareConfig is the name of a middleware, or a mapping from the name to its settings.
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
	case len(pairs) > 1 && pairs[0][1].ShortTag() == "!!null": // "- retry:", with its settings on the same level
		d.add(placeOf(pairs[1][0]), "the field%s is on the same level as the middleware%s; if it is a setting, indent it further", quoted(pairs[1][0].Value, nil), quoted(pairs[0][0].Value, middlewareNames()))
		return
	case len(pairs) != 1:
		d.add(placeOf(n), "expected one middleware, for example \"retry: {max_retries: 3}\"; found %d names", len(pairs))
		return
	}
	m.name = text{placeOf(pairs[0][0]), pairs[0][0].Value}
	m.settings = raw{pairs[0][1]}
}

// groupConfig is several models that answer as one.
type groupConfig struct {
	place
	Kind       *text              `yaml:"kind" doc:"how the group selects a model"`
	Models     []text             `yaml:"models" doc:"the members, by their names in this file"`
	Settings   raw                `yaml:"settings" doc:"settings of this kind of group"`
	Defaults   *defaultsConfig    `yaml:"defaults" doc:"settings of requests that do not set them"`
	Middleware []middlewareConfig `yaml:"middleware" doc:"middleware for every call, outermost first"`
}

func (g *groupConfig) decode(d *decoder, n *yaml.Node) {
	g.place = placeOf(n)
	d.structure(n, reflect.ValueOf(g).Elem())
}
