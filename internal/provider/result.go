package provider

import (
	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// Result passes on the whole answer to a call that is no chat: its start, the
// warnings, the result, its end.
func Result(r *httpcall.Reply, model string, result llm.Detail, usage llm.Usage, yield func(llm.Event, error) bool, warnings ...llm.Warning) {
	start := r.Start()
	start.Model = model
	llmutil.YieldResult(yield, start, result, usage, warnings...)
}

// LocalResult is Result for what was found out without a reply of its own.
func LocalResult(provider string, call *llm.Call, result llm.Detail, yield func(llm.Event, error) bool) {
	llmutil.YieldResult(yield, &llm.Start{Provider: provider, Model: call.Model}, result, llm.Usage{})
}
