// Package catalog has facts about models: context windows, prices, capabilities, and the
// days on which they retire.
//
// The catalog is part of the program. [Date] is the day on which its facts were last
// verified. Nothing is downloaded, and nothing is read when the program starts.
//
// [Check] is a middleware that compares requests with these facts. Package providers adds it
// to the models that it opens.
package catalog

import (
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Model is a model with its facts. Unknown facts are zero.
type Model struct {
	llm.ModelInfo

	Aliases []string // other names for it, for example those with a date
	License string   // of the weights, if they are published
	Sizes   []string // numbers of parameters, for example "7B"
	Access  string   // how it can be reached today, or why it cannot
	Sources []string // where the facts were found
}

// String returns the name that providers.Open takes, or the model's own name if no provider
// offers it.
func (m Model) String() string {
	if m.Provider == "" {
		return m.Name
	}
	return m.Provider + "/" + m.Name
}

// Date returns the day on which the facts were last verified.
func Date() time.Time { return time.Date(2026, time.November, 24, 0, 0, 0, 0, time.UTC) }

// All returns the whole catalog: the models of each provider, then the systems that opened
// this field. The caller may change the result.
func All() []Model {
	all := make([]Model, 0, len(models)+len(systems))
	for _, rows := range [][]row{models, systems} {
		for i := range rows {
			all = append(all, rows[i].model())
		}
	}
	return all
}

// Lookup returns the model with this name or alias, for example "openai/gpt-6-luna". If the
// name ends with a date that the catalog does not list, Lookup returns the model without the
// date, under the name that was asked for, unless that model is retired. The caller may
// change the result.
func Lookup(name string) (Model, bool) {
	if r := find(name); r != nil {
		return r.model(), true
	}
	r := find(withoutDate(name))
	if r == nil || r.status == retired { // a model with another date may still be available
		return Model{}, false
	}
	m := r.model()
	_, m.Name, _ = strings.Cut(name, "/")
	return m, true
}

// find returns the row of a name or alias, or nil. The catalog is small, so a scan takes
// about a microsecond, and an index would cost more to build than most programs save.
func find(name string) *row {
	provider, alias, ok := strings.Cut(name, "/")
	if !ok {
		provider, alias = "", name
	}
	for _, rows := range [][]row{models, systems} {
		for i := range rows {
			if r := &rows[i]; r.name == name || r.hasAlias(provider, alias) {
				return r
			}
		}
	}
	return nil
}

// withoutDate returns a model's name without a date at its end, for example -2024-08-06 or
// -0613.
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
