package config

import (
	"slices"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
)

// infoConfig has facts about a model, which override those of the catalog.
type infoConfig struct {
	DisplayName   string            `yaml:"display_name"`
	OwnedBy       string            `yaml:"owned_by"`
	ContextWindow int               `yaml:"context_window"`
	MaxOutput     int               `yaml:"max_output"`
	Input         []llm.Modality    `yaml:"input"`
	Output        []llm.Modality    `yaml:"output"`
	Capabilities  *[]llm.Capability `yaml:"capabilities"`
	Prices        *pricesConfig     `yaml:"prices"`
	Status        *statusConfig     `yaml:"status"`
	Released      day               `yaml:"released"`
	Retires       day               `yaml:"retires"`
	Successor     string            `yaml:"successor"`
	Family        string            `yaml:"family"`
	Aliases       []string          `yaml:"aliases"`
	License       string            `yaml:"license"`
	Sizes         []string          `yaml:"sizes"`
	Access        string            `yaml:"access"`
	Sources       []string          `yaml:"sources"`
}

// pricesConfig has prices in US dollars per million tokens.
type pricesConfig struct {
	Input      float64 `yaml:"input"`
	Output     float64 `yaml:"output"`
	CacheRead  float64 `yaml:"cache_read"`
	CacheWrite float64 `yaml:"cache_write"`

	FlexFactor     float64 `yaml:"flex_factor" doc:"the factor of the service tier flex, for example 0.5"`
	PriorityFactor float64 `yaml:"priority_factor" doc:"the factor of the service tier priority"`
}

// over returns m with the facts that the file has.
func (c infoConfig) over(m catalog.Model) catalog.Model {
	set(&m.DisplayName, c.DisplayName)
	set(&m.OwnedBy, c.OwnedBy)
	set(&m.ContextWindow, c.ContextWindow)
	set(&m.MaxOutput, c.MaxOutput)
	set(&m.Successor, c.Successor)
	set(&m.Family, c.Family)
	set(&m.License, c.License)
	set(&m.Access, c.Access)
	set(&m.Created, c.Released.time)
	set(&m.RetiresAt, c.Retires.time)
	setList(&m.Input, c.Input)
	setList(&m.Output, c.Output)
	setList(&m.Aliases, c.Aliases)
	setList(&m.Sizes, c.Sizes)
	setList(&m.Sources, c.Sources)
	if c.Capabilities != nil {
		m.Capabilities = *c.Capabilities
	}
	if c.Prices != nil {
		prices := llm.Prices(*c.Prices)
		m.Prices = &prices
	}
	if c.Status != nil {
		m.Status = c.Status.status
	}
	return m
}

func set[T comparable](field *T, value T) {
	var unset T
	if value != unset {
		*field = value
	}
}

func setList[T any](field *[]T, value []T) {
	if value != nil {
		*field = value
	}
}

// statusConfig is a valid status.
type statusConfig struct{ status llm.ModelStatus }

var statuses = []string{string(llm.StatusPreview), string(llm.StatusCurrent), string(llm.StatusDeprecated), string(llm.StatusRetired)}

func (s *statusConfig) decode(d *decoder, n *yaml.Node) {
	var t text
	t.decode(d, n)
	if s.status = llm.ModelStatus(t.value); !slices.Contains(statuses, t.value) {
		d.add(t.place, "unknown status%s; %s", quoted(t.value, statuses), suggest(t.value, statuses))
	}
}

// day is a date, for example 2026-11-24.
type day struct{ time time.Time }

func (t *day) decode(d *decoder, n *yaml.Node) {
	var err error
	if n.Kind == yaml.ScalarNode {
		t.time, err = time.Parse(time.DateOnly, n.Value)
	}
	if n.Kind != yaml.ScalarNode || err != nil {
		d.add(placeOf(n), "expected a date such as 2026-11-24, found %s", describe(n))
	}
}

// namedByModel allows names of the form provider/model in the section catalog.
func (*infoConfig) namedByModel() {}
