package provider

import "github.com/parley-llm/parley/llm"

// maxReported is larger than any real number of tokens.
const maxReported = 1 << 40

// Reported returns a count of tokens that a server reported. It is unknown if n is nil. An
// impossible count is passed on, and becomes unknown with a warning when the answer ends: see
// boundUsage.
func Reported[N int | int64](n *N) llm.Tokens {
	switch {
	case n == nil:
		return llm.Tokens{}
	case *n < 0 || int64(*n) > maxReported:
		return llm.Tokens{N: -1}
	}
	return llm.Known(int(*n))
}

// boundUsage makes impossible counts unknown. It returns a warning if there are any.
func boundUsage(u *llm.Usage) (warning *llm.Warning) {
	for _, n := range [...]*llm.Tokens{&u.Input, &u.Output, &u.CacheRead, &u.CacheWrite, &u.Reasoning} {
		if n.N < 0 {
			*n = llm.Tokens{}
			warning = &llm.Warning{Code: llm.WarnUsageInvalid, Message: "the server reported an impossible number of tokens, which counts as unknown"}
		}
	}
	return warning
}
