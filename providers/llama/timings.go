package llama

import (
	"crypto/rand"
	"encoding/json"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Timings are the processing times of an answer.
type Timings struct {
	CachedTokens int           `json:"cached_tokens"` // prompt tokens that were kept from an earlier call
	PromptTokens int           `json:"prompt_tokens"` // prompt tokens that were processed
	PromptTime   time.Duration `json:"prompt_ns"`     // for PromptTokens
	AnswerTokens int           `json:"answer_tokens"` // generated tokens
	AnswerTime   time.Duration `json:"answer_ns"`     // for AnswerTokens, with the time of the caller between events
}

// PromptSpeed returns the number of prompt tokens that were processed in a second.
func (t Timings) PromptSpeed() float64 { return speed(t.PromptTokens, t.PromptTime) }

// AnswerSpeed returns the number of tokens that were generated in a second.
func (t Timings) AnswerSpeed() float64 { return speed(t.AnswerTokens, t.AnswerTime) }

func speed(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// rawAnswer is the value of llm.Response.Raw.
type rawAnswer struct {
	Timings Timings `json:"timings"`
}

// TimingsOf returns the processing times of an answer. They are in [llm.Response.Raw], so the
// request must have KeepRaw set. ok is false if there are none.
func TimingsOf(resp *llm.Response) (t Timings, ok bool) {
	if resp == nil {
		return Timings{}, false
	}
	var raw struct {
		Timings *Timings `json:"timings"`
	}
	if json.Unmarshal(resp.Raw, &raw) != nil || raw.Timings == nil {
		return Timings{}, false
	}
	return *raw.Timings, true
}

// callID returns an id for a tool call, in the form that all chat templates accept.
func callID() string {
	const letters, n = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 9
	id := make([]byte, n)
	rand.Read(id) // never fails
	for i, b := range id {
		id[i] = letters[int(b)%len(letters)]
	}
	return string(id)
}
