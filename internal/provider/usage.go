package provider

import "github.com/parley-llm/parley/llm"

// Reported is a count of tokens that the server may have left out.
func Reported[N int | int64](n *N) llm.Tokens {
	if n == nil {
		return llm.Tokens{}
	}
	return llm.Known(int(*n))
}
