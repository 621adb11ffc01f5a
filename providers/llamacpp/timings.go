package llamacpp

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Timings are the processing times of an answer.
type Timings struct {
	CachedTokens int           // prompt tokens that were in the cache
	PromptTokens int           // prompt tokens that were processed
	PromptTime   time.Duration // for PromptTokens
	AnswerTokens int           // generated tokens
	AnswerTime   time.Duration // for AnswerTokens
}

// TimingsOf returns the processing times that the server reported. They are in the body of
// the reply, so the request must have KeepRaw set. ok is false if there are none.
func TimingsOf(resp *llm.Response) (t Timings, ok bool) {
	if resp == nil {
		return Timings{}, false
	}
	var got struct {
		Timings *timings `json:"timings"`
	}
	lines := bytes.Split(resp.Raw, []byte("\n"))
	for i := len(lines) - 1; i >= 0; i-- { // the timings are at the end
		data := bytes.TrimPrefix(bytes.TrimSpace(lines[i]), []byte("data:"))
		if !bytes.Contains(data, []byte(`"timings"`)) {
			continue
		}
		if json.Unmarshal(data, &got) == nil && got.Timings != nil {
			return got.Timings.convert(), true
		}
	}
	return Timings{}, false
}

// timings are the timings in a reply. The times are in milliseconds.
type timings struct {
	Cached    *int    `json:"cache_n"`
	Prompt    int     `json:"prompt_n"`
	PromptMS  float64 `json:"prompt_ms"`
	Predicted int     `json:"predicted_n"`
	AnswerMS  float64 `json:"predicted_ms"`
}

func (t *timings) convert() Timings {
	out := Timings{
		PromptTokens: t.Prompt, PromptTime: milliseconds(t.PromptMS),
		AnswerTokens: t.Predicted, AnswerTime: milliseconds(t.AnswerMS),
	}
	if t.Cached != nil {
		out.CachedTokens = *t.Cached
	}
	return out
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
