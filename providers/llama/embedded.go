package llama

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// embedded are the models that are part of the program, by name. They are registered from init
// functions, as providers are.
var embedded struct {
	sync.RWMutex
	byName map[string]embeddedModel
}

type embeddedModel struct {
	gguf  []byte
	about string
}

// RegisterEmbedded makes a GGUF file that is part of the program available as the model name.
// Packages that embed a model call it from an init function:
//
//	//go:embed model.gguf
//	var model []byte
//
//	func init() { llama.RegisterEmbedded("builtin", "a small model for trials", model) }
//
// about describes the model in lists. The file must not be changed later. It is read when a
// call uses the model.
//
// RegisterEmbedded panics if the name is empty, contains a slash or a colon, or is already
// registered: these are mistakes in a program, not in its input.
func RegisterEmbedded(name, about string, gguf []byte) {
	embedded.Lock()
	defer embedded.Unlock()
	if name == "" || strings.ContainsAny(name, `/\:`) {
		panic(fmt.Sprintf("parley: llama.RegisterEmbedded(%q): the name is empty or contains a slash or a colon", name))
	}
	if _, taken := embedded.byName[name]; taken {
		panic(fmt.Sprintf("parley: llama.RegisterEmbedded(%q): the name is already registered", name))
	}
	if embedded.byName == nil {
		embedded.byName = make(map[string]embeddedModel)
	}
	embedded.byName[name] = embeddedModel{gguf, about}
}

// Embedded returns the names of the models that are part of the program, sorted.
func Embedded() []string {
	embedded.RLock()
	defer embedded.RUnlock()
	return slices.Sorted(maps.Keys(embedded.byName))
}

func embeddedNamed(name string) (embeddedModel, bool) {
	embedded.RLock()
	defer embedded.RUnlock()
	m, ok := embedded.byName[name]
	return m, ok
}
