package anthropic

import (
	"encoding/json"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// chunk is an event of a stream, or a whole message. To read one more member, add a field.
// https://platform.claude.com/docs/en/build-with-claude/streaming
type chunk struct {
	provider.ErrorMember
	message         // of a whole reply; of a message_delta, the usage
	Type    string  `json:"type"`
	Index   int     `json:"index"`
	Begun   message `json:"message"`
	Block   *block  `json:"content_block"`
	Delta   *delta  `json:"delta"`
}

// The types of chunks. Others, for example ping, are ignored.
const (
	typeMessage      = "message" // a whole reply
	typeMessageStart = "message_start"
	typeBlockStart   = "content_block_start"
	typeBlockDelta   = "content_block_delta"
	typeBlockStop    = "content_block_stop"
	typeMessageDelta = "message_delta"
	typeMessageStop  = "message_stop"
	typePing         = "ping"
	typeError        = "error"
)

// message is an answer. At the beginning of a stream it has no content.
type message struct {
	ID      stream.Scalar `json:"id"`
	Model   string        `json:"model"`
	Content []block       `json:"content" stream:"needed"`
	ending
	Usage *usage `json:"usage"`
}

// ending is the end of an answer.
type ending struct {
	StopReason  string       `json:"stop_reason"`
	StopDetails *stopDetails `json:"stop_details"`
	Container   struct {
		ID string `json:"id"`
	} `json:"container"` // of the code execution tool
}

// stopDetails explain a refusal.
type stopDetails struct {
	Category    string `json:"category"`
	Explanation string `json:"explanation"`
}

// block is a piece of content, whole or at its start.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Citations []citation      `json:"citations"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	Data      string          `json:"data"` // of a redacted_thinking block
	ID        stream.Scalar   `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	Caller    json.RawMessage `json:"caller"` // of a call by code that the server runs

	Source stream.Source `json:"-"`
}

// citation is a passage that a text cites. Depending on the kind of document, it has a URL
// or a title.
// https://platform.claude.com/docs/en/build-with-claude/citations
type citation struct {
	URL           string `json:"url"`
	Title         string `json:"title"`
	DocumentTitle string `json:"document_title"`
	Origin        string `json:"source"` // of a search result, often a URL

	Source stream.Source `json:"-"`
}

// delta is a change of a block, or, in a message_delta, the end of the answer.
type delta struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	JSON      string          `json:"partial_json"`
	Citation  *citation       `json:"citation"`
	Content   json.RawMessage `json:"content"` // of a compaction_delta
	ending
}

// usage are the counts of tokens so far. They are totals: later counts replace earlier ones.
type usage struct {
	Input      *int `json:"input_tokens"` // neither read from nor written to the cache
	CacheWrite *int `json:"cache_creation_input_tokens"`
	CacheRead  *int `json:"cache_read_input_tokens"`
	Output     *int `json:"output_tokens"` // thinking included
	Details    struct {
		Thinking *int `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
	Tier string `json:"service_tier"`
}

// addTo replaces the counts so far by later ones. A count that a chunk does not have stays.
func (u *usage) addTo(counts *llm.Usage) {
	if u == nil {
		return
	}
	for _, n := range [...]struct {
		to   *llm.Tokens
		from *int
	}{
		{&counts.Input, u.Input}, {&counts.Output, u.Output}, {&counts.CacheRead, u.CacheRead},
		{&counts.CacheWrite, u.CacheWrite}, {&counts.Reasoning, u.Details.Thinking},
	} {
		if n.from != nil {
			*n.to = provider.Reported(n.from)
		}
	}
}

// total returns the usage. The server's count of the input excludes the cache.
func total(counts llm.Usage) llm.Usage {
	if counts.Input.IsKnown() {
		counts.Input.N += counts.CacheRead.N + counts.CacheWrite.N
	}
	return counts
}

// finishReasons are the reasons why an answer ended. A reason that is not listed is
// [llm.FinishOther].
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
var finishReasons = map[string]llm.FinishReason{
	"":                              llm.FinishUnknown,
	"end_turn":                      llm.FinishStop,
	"stop_sequence":                 llm.FinishStop,
	"tool_use":                      llm.FinishToolCalls,
	"max_tokens":                    llm.FinishLength,
	"model_context_window_exceeded": llm.FinishLength,
	"refusal":                       llm.FinishContentFilter,
}

func finishReason(raw string) llm.FinishReason {
	if reason, ok := finishReasons[raw]; ok {
		return reason
	}
	return llm.FinishOther // for example pause_turn
}
