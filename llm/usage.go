package llm

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Usage is what an answer cost in tokens, as far as the server said. The zero
// Usage knows nothing, which is not the same as zero tokens. What else a server
// tells apart, such as tokens of audio, is in Input or Output and, by itself, in
// [Response.Raw] alone.
type Usage struct {
	Input      Tokens `json:"input"`      // the prompt, cache reads and writes included
	Output     Tokens `json:"output"`     // the answer, reasoning included
	CacheRead  Tokens `json:"cacheRead"`  // of Input: read from the provider's cache
	CacheWrite Tokens `json:"cacheWrite"` // of Input: written to the provider's cache
	Reasoning  Tokens `json:"reasoning"`  // of Output: spent on reasoning
}

// Total returns input and output together.
func (u Usage) Total() Tokens { return u.Input.Add(u.Output) }

// SumUsage returns the usage of several answers together. It is the way to
// keep a total: a zero Usage to start from would be an answer of unknown cost.
func SumUsage(answers ...Usage) Usage {
	if len(answers) == 0 {
		return Usage{}
	}
	sum := answers[0]
	for _, u := range answers[1:] {
		sum = sum.Add(u)
	}
	return sum
}

// Add returns the usage of two answers together, no more certain than either.
// See [SumUsage] for a total.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Input:      u.Input.Add(v.Input),
		Output:     u.Output.Add(v.Output),
		CacheRead:  u.CacheRead.Add(v.CacheRead),
		CacheWrite: u.CacheWrite.Add(v.CacheWrite),
		Reasoning:  u.Reasoning.Add(v.Reasoning),
	}
}

// IsZero reports whether nothing is known of the usage.
func (u Usage) IsZero() bool { return u == Usage{} }

// String describes the usage in words: "12 in, 34 out (30 reasoning)".
func (u Usage) String() string {
	s := u.Input.String() + " in"
	if u.CacheRead.N > 0 {
		s += " (" + u.CacheRead.String() + " cached)"
	}
	s += ", " + u.Output.String() + " out"
	if u.Reasoning.N > 0 {
		s += " (" + u.Reasoning.String() + " reasoning)"
	}
	return s
}

// Tokens is a number of tokens, or the absence of one. The zero value is
// unknown; [Known] and [Estimated] make the others.
type Tokens struct {
	N         int       // 0 if unknown
	Certainty Certainty // where the number comes from
}

// Certainty says how far a number of tokens can be trusted.
type Certainty uint8

// How far a number can be trusted.
const (
	CertaintyNone     Certainty = iota // unknown: nobody said
	CertaintyEstimate                  // counted or guessed on this side
	CertaintyReported                  // reported by the server
)

// Known returns n tokens, as reported by the server.
func Known(n int) Tokens { return Tokens{n, CertaintyReported} }

// Estimated returns n tokens, as estimated on this side.
func Estimated(n int) Tokens { return Tokens{n, CertaintyEstimate} }

// IsKnown reports whether the server said the number.
func (t Tokens) IsKnown() bool { return t.Certainty == CertaintyReported }

// Add returns the sum, which is no more certain than its parts: unknown plus
// anything known is an estimate of what is known, unknown plus unknown is unknown.
func (t Tokens) Add(u Tokens) Tokens {
	sum := Tokens{t.N + u.N, min(t.Certainty, u.Certainty)}
	if sum.Certainty == CertaintyNone && t.Certainty != u.Certainty {
		sum.Certainty = CertaintyEstimate
	}
	return sum
}

// String returns "12", "~12" for an estimate, or "unknown".
func (t Tokens) String() string {
	switch t.Certainty {
	case CertaintyReported:
		return strconv.Itoa(t.N)
	case CertaintyEstimate:
		return "~" + strconv.Itoa(t.N)
	}
	return "unknown"
}

// MarshalJSON writes 12, "~12" for an estimate, or null for the unknown.
func (t Tokens) MarshalJSON() ([]byte, error) {
	switch t.Certainty {
	case CertaintyReported:
		return strconv.AppendInt(nil, int64(t.N), 10), nil
	case CertaintyEstimate:
		return json.Marshal(t.String())
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Tokens) UnmarshalJSON(data []byte) error {
	text := string(data)
	certainty := CertaintyReported
	switch {
	case text == "null":
		*t = Tokens{}
		return nil
	case len(text) > 3 && text[:2] == `"~` && text[len(text)-1] == '"':
		text, certainty = text[2:len(text)-1], CertaintyEstimate
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("parley: token count %s is not a number, %q or null", data, "~n")
	}
	*t = Tokens{n, certainty}
	return nil
}

// TokenCount is the answer to [Model.CountTokens]: the input tokens of a
// request, the answer not included.
type TokenCount struct {
	// Tokens is how many there are.
	Tokens int
	// Exact says that the provider would bill exactly this number. It is set only
	// where that has been shown; an estimate may still be right to the token.
	Exact bool
	// Source names who counted, and for an estimate what was assumed:
	// "llama.cpp /tokenize", "estimate: o200k_base for the unknown model …".
	Source string
}
