package providers

import (
	_ "embed"
	"reflect"
	"slices"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/catalog"
)

// known returns what the catalog says of a provider's model, if the provider is asked
// at its own address: what another server has, the catalog does not know.
func known(provider, model string, config Config) (catalog.Model, bool) {
	if config.BaseURL != "" {
		return catalog.Model{}, false
	}
	vendor := readVendors().get(provider)
	if vendor == nil || vendor.value.URLVariable != "" && config.Env(vendor.value.URLVariable) != "" {
		return catalog.Model{}, false
	}
	return catalog.Lookup(provider + "/" + model)
}

// vendorData has the facts of providers.
//
//go:embed catalog.yaml
var vendorData []byte

// vendor is what is known of a provider.
type vendor struct {
	Name         string   `yaml:"name"`
	Package      string   `yaml:"package"`      // the one to import, in providers
	Keys         []string `yaml:"keys"`         // environment variables that hold its key, in the order in which they are asked
	URLVariable  string   `yaml:"url_variable"` // the one that holds another address
	Default      string   `yaml:"default"`      // model, for a person who has a key and said no more
	OnlyByGetenv bool     `yaml:"only_by_getenv"`
}

// readVendors reads the facts of providers once.
var readVendors = sync.OnceValue(func() table[vendor] {
	d := &decoder{problems: problems{file: "catalog.yaml"}}
	var f struct {
		Vendors table[vendor] `yaml:"providers"`
	}
	if root := d.parse(vendorData); root != nil {
		d.value(root, reflect.ValueOf(&f).Elem())
	}
	if err := d.err(); err != nil { // a mistake in the program, which its tests find
		panic("parley: providers: " + err.Error())
	}
	return f.Vendors
})

// infoConfig is an entry as it is written, in the catalog and in users' files.
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

// pricesConfig are prices in US dollars for a million tokens.
type pricesConfig struct {
	Input      float64 `yaml:"input"`
	Output     float64 `yaml:"output"`
	CacheRead  float64 `yaml:"cache_read"`
	CacheWrite float64 `yaml:"cache_write"`
}

// over returns e with what is written in its place.
func (c infoConfig) over(e catalog.Model) catalog.Model {
	set(&e.DisplayName, c.DisplayName)
	set(&e.OwnedBy, c.OwnedBy)
	set(&e.ContextWindow, c.ContextWindow)
	set(&e.MaxOutput, c.MaxOutput)
	set(&e.Successor, c.Successor)
	set(&e.Family, c.Family)
	set(&e.License, c.License)
	set(&e.Access, c.Access)
	set(&e.Created, c.Released.time)
	set(&e.RetiresAt, c.Retires.time)
	setList(&e.Input, c.Input)
	setList(&e.Output, c.Output)
	setList(&e.Aliases, c.Aliases)
	setList(&e.Sizes, c.Sizes)
	setList(&e.Sources, c.Sources)
	if c.Capabilities != nil {
		e.Capabilities = *c.Capabilities
	}
	if c.Prices != nil {
		prices := llm.Prices(*c.Prices)
		e.Prices = &prices
	}
	if c.Status != nil {
		e.Status = c.Status.status
	}
	return e
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

// statusConfig is a status that there is.
type statusConfig struct{ status llm.ModelStatus }

var statuses = []string{string(llm.StatusPreview), string(llm.StatusCurrent), string(llm.StatusDeprecated), string(llm.StatusRetired)}

func (s *statusConfig) decode(d *decoder, n *yaml.Node) {
	var t text
	t.decode(d, n)
	if s.status = llm.ModelStatus(t.value); !slices.Contains(statuses, t.value) {
		d.add(t.place, "there is no status %q; %s", t.value, orNearest(t.value, statuses))
	}
}

// day is a date: 2026-11-24.
type day struct{ time time.Time }

func (t *day) decode(d *decoder, n *yaml.Node) {
	var err error
	if n.Kind == yaml.ScalarNode {
		t.time, err = time.Parse(time.DateOnly, n.Value)
	}
	if n.Kind != yaml.ScalarNode || err != nil {
		d.add(placeOf(n), "%s stands where a day is wanted, as in 2026-11-24", describe(n))
	}
}
