package llmutil

import "github.com/parley-llm/parley/llm"

// OptionsFor returns the first value of type T, or the value of the first pointer to T, in
// the options of a request. It returns the zero value of T if there is none. A provider
// calls it to find its own options:
//
//	options := llmutil.OptionsFor[Options](call.Request.Options)
func OptionsFor[T llm.Options](options []llm.Options) T {
	for _, o := range options {
		if own, ok := o.(T); ok {
			return own
		}
		if own, ok := any(o).(*T); ok && own != nil { // a pointer to T implements Options too
			return *own
		}
	}
	var none T
	return none
}
