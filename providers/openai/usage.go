package openai

import (
	"github.com/parley-llm/parley/llm"
)

// usage are the token counts of an answer. Servers use different names for the same count,
// so each count is read under all of them. To read one more name, add a field, and use it in
// convert.
type usage struct {
	Prompt            *int          `json:"prompt_tokens"`
	Completion        *int          `json:"completion_tokens"`
	Total             *int          `json:"total_tokens"`
	PromptDetails     *tokenDetails `json:"prompt_tokens_details"`
	CompletionDetails *tokenDetails `json:"completion_tokens_details"`

	Cached    *int `json:"cached_tokens"`               // Moonshot, Together, Hugging Face
	CacheHit  *int `json:"prompt_cache_hit_tokens"`     // DeepSeek
	CacheRead *int `json:"cache_read_input_tokens"`     // Databricks, LiteLLM
	CacheNew  *int `json:"cache_creation_input_tokens"` // Databricks, LiteLLM, Vercel's gateway
	Reasoning *int `json:"reasoning_tokens"`            // Perplexity, Together

	// The names of OpenAI's Responses API, which some gateways use here too.
	Input         *int          `json:"input_tokens"`
	Output        *int          `json:"output_tokens"`
	InputDetails  *tokenDetails `json:"input_tokens_details"`
	OutputDetails *tokenDetails `json:"output_tokens_details"`
}

// tokenDetails are the parts of the input or of the output.
type tokenDetails struct {
	Cached     *int `json:"cached_tokens"`
	Written    *int `json:"cache_write_tokens"`          // OpenRouter
	Created    *int `json:"cache_creation_tokens"`       // LiteLLM
	CreatedNew *int `json:"cache_creation_input_tokens"` // DashScope
	Reasoning  *int `json:"reasoning_tokens"`
}

// maxCount limits a count that can be meant. Sums of such counts do not overflow.
const maxCount = 1 << 40

// count returns the first count above zero, or zero if the server reported only zeros.
// Servers fill members that they do not use with zeros.
func count(reported ...*int) llm.Tokens {
	var zero llm.Tokens
	for _, n := range reported {
		switch {
		case n == nil || *n < 0 || *n > maxCount:
		case *n > 0:
			return llm.Known(*n)
		default:
			zero = llm.Known(0)
		}
	}
	return zero
}

// convert returns the usage in the meaning of llm.Usage: reasoning is part of the output,
// and cached tokens are part of the input.
func (u *usage) convert() llm.Usage {
	prompt, completion := u.details()
	out := llm.Usage{
		Input:      count(u.Prompt, u.Input),
		Output:     count(u.Completion, u.Output),
		CacheRead:  count(prompt.Cached, u.Cached, u.CacheRead, u.CacheHit),
		CacheWrite: count(prompt.Written, prompt.Created, prompt.CreatedNew, u.CacheNew),
		Reasoning:  count(completion.Reasoning, u.Reasoning),
	}
	reconcile(&out, count(u.Total).N)
	return out
}

// details returns the parts of the input and of the output.
func (u *usage) details() (prompt, completion tokenDetails) {
	for _, d := range [...]*tokenDetails{u.InputDetails, u.PromptDetails} {
		if d != nil {
			prompt = *d
		}
	}
	for _, d := range [...]*tokenDetails{u.OutputDetails, u.CompletionDetails} {
		if d != nil {
			completion = *d
		}
	}
	return prompt, completion
}

// reconcile corrects input and output by the total, which is 0 if the server reported none.
// Servers differ in the meaning of their counts, and the total shows which one is meant. A
// correction that the total does not confirm is an estimate.
func reconcile(u *llm.Usage, total int) {
	in, out, thought, cached := u.Input.N, u.Output.N, u.Reasoning.N, u.CacheRead.N+u.CacheWrite.N
	switch {
	case !u.Input.IsKnown() && !u.Output.IsKnown():
	case !u.Output.IsKnown():
		if total > in && in > 0 { // the total of embeddings has no output
			u.Output = llm.Known(total - in)
		}
	case !u.Input.IsKnown():
		if total > out {
			u.Input = llm.Known(total - out)
		}
	case cached > in: // of the input, cached tokens are not counted
		u.Input = certain(in+cached, total == in+cached+out || total == in+cached+out+thought)
		reconcileOutput(u, total)
	default:
		reconcileOutput(u, total)
	}
}

// reconcileOutput corrects the output by the total. xAI counts reasoning beside the
// completion: https://docs.x.ai/docs/key-information/consumption-and-rate-limits. Gemini's
// endpoint counts it in the total only.
func reconcileOutput(u *llm.Usage, total int) {
	in, out, thought := u.Input.N, u.Output.N, u.Reasoning.N
	switch beside := total - in - out; {
	case thought > 0 && beside == thought:
		u.Output = llm.Known(out + thought)
	case thought > out:
		u.Output = llm.Estimated(max(out+thought, total-in))
	case beside > 0:
		u.Output = certain(total-in, thought == 0)
	}
}

// certain returns a number of tokens that is known or an estimate.
func certain(n int, known bool) llm.Tokens {
	if known {
		return llm.Known(n)
	}
	return llm.Estimated(n)
}

// addUsage keeps the usage of a chunk. Counts that are empty do not replace earlier ones.
func (a *answer) addUsage(u *usage) {
	if u == nil {
		return
	}
	next := u.convert()
	for _, c := range [...]struct {
		to   *llm.Tokens
		from llm.Tokens
	}{
		{&a.usage.Input, next.Input}, {&a.usage.Output, next.Output}, {&a.usage.Reasoning, next.Reasoning},
		{&a.usage.CacheRead, next.CacheRead}, {&a.usage.CacheWrite, next.CacheWrite},
	} {
		if c.from.N > 0 || *c.to == (llm.Tokens{}) {
			*c.to = c.from
		}
	}
}
