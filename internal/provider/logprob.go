package provider

import "github.com/parley-llm/parley/llm"

// Logprob is a token with its log probability in the form of OpenAI, Ollama and llama.cpp:
// https://platform.openai.com/docs/api-reference/chat/object
type Logprob struct {
	Token   string    `json:"token"`
	Logprob float64   `json:"logprob"`
	Bytes   []uint16  `json:"bytes"` // numbers; []byte would be base64
	Top     []Logprob `json:"top_logprobs"`
}

// ConvertLogprobs converts the tokens to those of package llm.
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
