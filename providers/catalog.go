package providers

import (
	_ "embed"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/parley-llm/parley/llm"
)

// Entry is what the catalog knows of a model. What is not known is zero.
type Entry struct {
	llm.ModelInfo

	Aliases []string // other names for it, such as those with a date
	License string   // of the weights, if they are to be had
	Sizes   []string // in parameters: "7B"
	Access  string   // how it is reached today, or why it cannot be
	Sources []string // where that is said
}

// String returns the name that [Open] takes, or the model's own if no provider has it.
func (e Entry) String() string {
	if e.Provider == "" {
		return e.Name
	}
	return e.Provider + "/" + e.Name
}

// Catalog returns all models of the catalog, in its order: those that providers have,
// then the systems that opened this field. The catalog is part of the program; [CatalogDate]
// says how old it is.
func Catalog() []Entry { return slices.Clone(readCatalog().entries) }

// CatalogDate returns the day on which the catalog's facts were last looked up.
func CatalogDate() time.Time { return readCatalog().date }

// Info returns what the catalog knows of a model, by the name that [Open] takes. A name with a date
// at its end that the catalog does not have is taken for the one without.
func Info(name string) (Entry, bool) {
	c := readCatalog()
	if i, ok := c.index[name]; ok {
		return c.entries[i], true
	}
	if i, ok := c.index[withoutDate(name)]; ok {
		e := c.entries[i]
		if e.Status == llm.StatusRetired { // which the dated one need not be
			return Entry{}, false
		}
		_, e.Name, _ = strings.Cut(name, "/")
		return e, true
	}
	return Entry{}, false
}

// withoutDate returns a model's name without a date such as -2024-08-06 or -0613 at its end.
func withoutDate(name string) string {
	trimmed := strings.TrimRight(name, "0123456789-")
	switch tail := name[len(trimmed):]; len(tail) {
	case len("-2024-08-06"), len("-20240806"), len("-0613"):
		if strings.HasPrefix(tail, "-") {
			return trimmed
		}
	}
	return name
}

// known returns what the catalog says of a provider's model, if the provider is asked
// at its own address: what another server has, the catalog does not know.
func known(provider, model string, config Config) (Entry, bool) {
	if config.BaseURL != "" {
		return Entry{}, false
	}
	vendor := readCatalog().vendors.get(provider)
	if vendor == nil || vendor.value.URLVariable != "" && config.Env(vendor.value.URLVariable) != "" {
		return Entry{}, false
	}
	return Info(provider + "/" + model)
}

// catalogData is the catalog, in YAML for people to read and mend.
//
//go:embed catalog.yaml
var catalogData []byte

type catalog struct {
	date    time.Time
	vendors table[vendor]
	entries []Entry
	index   map[string]int // by name, aliases included
}

// vendor is what is known of a provider.
type vendor struct {
	Name         string   `yaml:"name"`
	Package      string   `yaml:"package"`      // the one to import, in providers
	Keys         []string `yaml:"keys"`         // environment variables that hold its key, in the order in which they are asked
	URLVariable  string   `yaml:"url_variable"` // the one that holds another address
	Default      string   `yaml:"default"`      // model, for a person who has a key and said no more
	OnlyByGetenv bool     `yaml:"only_by_getenv"`
}

// catalogFile is the catalog as it is written.
type catalogFile struct {
	Date    day               `yaml:"date"`
	Vendors table[vendor]     `yaml:"providers"`
	Models  table[infoConfig] `yaml:"models"`
	Systems table[infoConfig] `yaml:"systems"`
}

// readCatalog reads the catalog once, when it is first asked: that is a few milliseconds.
var readCatalog = sync.OnceValue(func() *catalog {
	c, err := parseCatalog(catalogData)
	if err != nil { // a mistake in the program, which its tests find
		panic("parley: providers: " + err.Error())
	}
	return c
})

func parseCatalog(data []byte) (*catalog, error) {
	d := &decoder{problems: problems{file: "catalog.yaml"}}
	var f catalogFile
	if root := d.parse(data); root != nil {
		d.value(root, reflect.ValueOf(&f).Elem())
	}
	c := &catalog{date: f.Date.time, vendors: f.Vendors, index: make(map[string]int)}
	for _, m := range append(f.Models, f.Systems...) {
		e := m.value.over(Entry{})
		provider, name, ok := strings.Cut(m.name.value, "/")
		if e.Name = m.name.value; ok {
			e.Provider, e.Name = provider, name
		}
		for _, key := range append([]string{m.name.value}, e.Aliases...) {
			if key != m.name.value && e.Provider != "" {
				key = e.Provider + "/" + key
			}
			if _, twice := c.index[key]; twice {
				d.add(m.name.place, "%q is here a second time", key)
			}
			c.index[key] = len(c.entries)
		}
		c.entries = append(c.entries, e)
	}
	return c, d.err()
}

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
func (c infoConfig) over(e Entry) Entry {
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
