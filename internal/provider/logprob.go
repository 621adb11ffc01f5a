package provider

import "github.com/parley-llm/parley/llm"

// Logprob is a token with its probability as OpenAI sends it, and Ollama after
// it: https://platform.openai.com/docs/api-reference/chat/object
type Logprob struct {
	Token   string    `json:"token"`
	Logprob float64   `json:"logprob"`
	Bytes   []uint16  `json:"bytes"` // numbers, where []byte would be base64
	Top     []Logprob `json:"top_logprobs"`
}

// ConvertLogprobs returns the tokens as callers get them.
func ConvertLogprobs(tokens []Logprob) []llm.TokenLogprob {
	if tokens == nil {
		return nil
	}
	out := make([]llm.TokenLogprob, len(tokens))
	for i, t := range tokens {
		out[i] = llm.TokenLogprob{Token: t.Token, Logprob: t.Logprob, Top: ConvertLogprobs(t.Top)}
		for _, b := range t.Bytes {
			out[i].Bytes = append(out[i].Bytes, byte(b))
		}
	}
	return out
}
