package llm

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Usage is the number of tokens that an answer used. In the zero Usage all counts are
// unknown. Unknown is not zero.
//
// Input and Output include all tokens. Counts that Usage does not list separately, such as
// audio tokens, are only in [Response.Raw].
type Usage struct {
	Input      Tokens `json:"input"`      // the prompt, including cache reads and writes
	Output     Tokens `json:"output"`     // the answer, including reasoning
	CacheRead  Tokens `json:"cacheRead"`  // part of Input: read from the provider's prompt cache
	CacheWrite Tokens `json:"cacheWrite"` // part of Input: written to the provider's prompt cache
	Reasoning  Tokens `json:"reasoning"`  // part of Output: used for reasoning
}

// Total returns the sum of input and output.
func (u Usage) Total() Tokens { return u.Input.Add(u.Output) }

// SumUsage returns the total usage of several answers. Use it instead of adding to a zero
// Usage, because that would count as an answer with unknown usage.
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

// Add returns the usage of two answers together. [Tokens.Add] describes the certainty of the
// sums. See [SumUsage] for a total.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		Input:      u.Input.Add(v.Input),
		Output:     u.Output.Add(v.Output),
		CacheRead:  u.CacheRead.Add(v.CacheRead),
		CacheWrite: u.CacheWrite.Add(v.CacheWrite),
		Reasoning:  u.Reasoning.Add(v.Reasoning),
	}
}

// IsZero reports whether all counts are unknown.
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

// Tokens is a number of tokens with its certainty. The zero value is unknown. [Known] and
// [Estimated] return known and estimated numbers.
type Tokens struct {
	N         int       // 0 if unknown
	Certainty Certainty // the source of the number
}

// Certainty is the source of a number of tokens.
type Certainty uint8

// The certainties, from the lowest.
const (
	CertaintyNone     Certainty = iota // unknown
	CertaintyEstimate                  // counted or estimated by this module
	CertaintyReported                  // reported by the server
)

// maxTokens is larger than any real number of tokens, and small enough that sums and
// products of several such numbers do not overflow.
const maxTokens = 1 << 40

// Known returns n tokens reported by the server. A negative number is unknown, and a number
// above 1<<40 counts as 1<<40.
func Known(n int) Tokens { return tokens(int64(n), CertaintyReported) }

// Estimated returns n tokens counted or estimated by this module. A negative number is
// unknown, and a number above 1<<40 counts as 1<<40.
func Estimated(n int) Tokens { return tokens(int64(n), CertaintyEstimate) }

func tokens(n int64, c Certainty) Tokens {
	if n < 0 {
		return Tokens{}
	}
	return Tokens{int(min(n, maxTokens, math.MaxInt)), c}
}

// IsKnown reports whether the server reported the number.
func (t Tokens) IsKnown() bool { return t.Certainty == CertaintyReported }

// addTokens returns the sum of two numbers. It saturates.
func addTokens(a, b int) int {
	switch {
	case b > 0 && a > math.MaxInt-b:
		return math.MaxInt
	case b < 0 && a < math.MinInt-b:
		return math.MinInt
	}
	return a + b
}

// Add returns the sum, which saturates at the largest int. Its certainty is:
//
//   - known + known = known,
//   - known + estimate = estimate,
//   - known or estimate + unknown = estimate,
//   - unknown + unknown = unknown.
func (t Tokens) Add(u Tokens) Tokens {
	sum := Tokens{addTokens(t.N, u.N), min(t.Certainty, u.Certainty)}
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

// MarshalJSON writes 12, "~12" for an estimate, or null for an unknown number.
func (t Tokens) MarshalJSON() ([]byte, error) {
	switch t.Certainty {
	case CertaintyReported:
		return strconv.AppendInt(nil, int64(t.N), 10), nil
	case CertaintyEstimate:
		return json.Marshal(t.String())
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads the forms that MarshalJSON writes.
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

// TokenCount is the answer to [Model.CountTokens]: the number of input tokens of a request.
type TokenCount struct {
	// Tokens is the number of tokens.
	Tokens int
	// Exact reports that the provider bills exactly this number. It is set only for counters
	// that were verified.
	Exact bool
	// Source names the counter, and the assumption of an estimate: "llama.cpp /tokenize",
	// "estimate: o200k_base for the unknown model …".
	Source string
}
