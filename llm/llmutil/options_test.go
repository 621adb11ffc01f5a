package llmutil_test

import (
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

type fakeOptions string

func (o fakeOptions) ProviderName() string { return string(o) }

type namedOptions struct {
	Provider string
	N        int
}

func (o namedOptions) ProviderName() string { return o.Provider }

func TestOptionsFor(t *testing.T) {
	for _, test := range []struct {
		name    string
		options []llm.Options
		want    namedOptions
	}{
		{"none", nil, namedOptions{}},
		{"others only", []llm.Options{fakeOptions("a")}, namedOptions{}},
		{"own", []llm.Options{fakeOptions("b"), namedOptions{"a", 1}}, namedOptions{"a", 1}},
		{"own, by pointer", []llm.Options{&namedOptions{"a", 1}}, namedOptions{"a", 1}},
		{"own, by a nil pointer", []llm.Options{(*namedOptions)(nil)}, namedOptions{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			check(t, "options", test.want, llmutil.OptionsFor[namedOptions](test.options))
		})
	}
}
