package llamacpp

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/parley-llm/parley/llm"
)

// Timings are what an answer took.
type Timings struct {
	CachedTokens int           // of the prompt, that were not read anew
	PromptTokens int           // that were read
	PromptTime   time.Duration // to read them
	AnswerTokens int
	AnswerTime   time.Duration
}

// TimingsOf returns what the server says an answer took. The request must have
// been made with KeepRaw set: the timings are in the reply's body. ok is false
// if there are none.
func TimingsOf(resp *llm.Response) (t Timings, ok bool) {
	if resp == nil {
		return Timings{}, false
	}
	var got struct {
		Timings *timings `json:"timings"`
	}
	lines := bytes.Split(resp.Raw, []byte("\n"))
	for i := len(lines) - 1; i >= 0; i-- { // they are at the end
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

// timings is Timings as the server writes them. The times are in milliseconds.
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
