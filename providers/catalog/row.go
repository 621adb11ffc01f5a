package catalog

import (
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// row is a [Model] in a form that is easy to edit, and that the compiler can lay out as
// static data: a program that does not use the catalog does not contain it. Lists are
// separated by ", ", and days have the form 2006-01-02.
type row struct {
	name                        string // "provider/model"; without a slash if no provider offers it
	displayName, ownedBy        string
	aliases                     string
	released, retires           string
	status                      llm.ModelStatus
	successor                   string
	contextWindow, maxOutput    int    // tokens
	input, output, capabilities string // values of llm.Modality and llm.Capability
	needsResponses              bool
	prices                      *llm.Prices
	family, license, sizes      string
	access, sources             string
}

// Short names for the tables.
const (
	preview    = llm.StatusPreview
	current    = llm.StatusCurrent
	deprecated = llm.StatusDeprecated
	retired    = llm.StatusRetired
)

// provider returns the provider in the row's name, or "".
func (r *row) provider() string {
	provider, _, ok := strings.Cut(r.name, "/")
	if !ok {
		return ""
	}
	return provider
}

// hasAlias reports whether the provider has the model under this other name.
func (r *row) hasAlias(provider, alias string) bool {
	if r.aliases == "" || r.provider() != provider {
		return false
	}
	for a := range strings.SplitSeq(r.aliases, ", ") {
		if a == alias {
			return true
		}
	}
	return false
}

// model returns the row as a Model that shares no memory with the table.
func (r *row) model() Model {
	m := Model{
		ModelInfo: llm.ModelInfo{
			Provider:       r.provider(),
			Name:           r.name,
			DisplayName:    r.displayName,
			OwnedBy:        r.ownedBy,
			ContextWindow:  r.contextWindow,
			MaxOutput:      r.maxOutput,
			Input:          list[llm.Modality](r.input),
			Output:         list[llm.Modality](r.output),
			Capabilities:   list[llm.Capability](r.capabilities),
			NeedsResponses: r.needsResponses,
			Status:         r.status,
			Created:        day(r.released),
			RetiresAt:      day(r.retires),
			Successor:      r.successor,
			Family:         r.family,
		},
		Aliases: list[string](r.aliases),
		License: r.license,
		Sizes:   list[string](r.sizes),
		Access:  r.access,
		Sources: list[string](r.sources),
	}
	if m.Provider != "" {
		m.Name = strings.TrimPrefix(r.name, m.Provider+"/")
	}
	if r.prices != nil {
		m.Prices = new(*r.prices)
		if m.Prices.FlexFactor == 0 {
			m.Prices.FlexFactor = flexFactors[m.Provider]
		}
	}
	return m
}

// flexFactors are the factors of the service tier "flex", by provider:
// https://developers.openai.com/api/docs/guides/flex-processing (the rates of the Batch API),
// https://ai.google.dev/gemini-api/docs/flex-inference. The factors of "priority" differ by
// model, and none was found in a source.
var flexFactors = map[string]float64{"openai": 0.5, "gemini": 0.5}

// list returns the items of a list, or nil if it is empty.
func list[T ~string](s string) []T {
	if s == "" {
		return nil
	}
	items := make([]T, 0, strings.Count(s, ", ")+1)
	for item := range strings.SplitSeq(s, ", ") {
		items = append(items, T(item))
	}
	return items
}

// day returns a day at midnight UTC, or the zero time if there is none. A test verifies that
// every day in the tables is valid.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}
