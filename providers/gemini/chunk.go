package gemini

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// chunk is one piece of an answer: a frame of a stream, or the whole of a reply that is not
// streamed. To read one more member, add a field.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
type chunk struct {
	provider.ErrorMember
	Candidates []candidate     `json:"candidates" stream:"needed,elements"`
	Feedback   *promptFeedback `json:"promptFeedback"`
	Usage      *usage          `json:"usageMetadata"`
	Model      string          `json:"modelVersion"`
	ID         stream.Scalar   `json:"responseId"`
}

// isPiece reports whether the chunk has a member that a piece of an answer has.
func (c *chunk) isPiece() bool {
	return len(c.Candidates) > 0 || c.Feedback != nil || c.Usage != nil || c.Model != "" || c.ID != ""
}

type promptFeedback struct {
	BlockReason  string `json:"blockReason"`
	BlockMessage string `json:"blockReasonMessage"`
}

// blocks reports whether the prompt was blocked. Feedback also comes with other prompts, to
// report their safety ratings.
func (f *promptFeedback) blocks() bool {
	return f.BlockMessage != "" || f.BlockReason != "" && f.BlockReason != "BLOCKED_REASON_UNSPECIFIED" && f.BlockReason != "BLOCK_REASON_UNSPECIFIED"
}

type candidate struct {
	Index         int         `json:"index"`
	Content       *content    `json:"content" stream:"needed"`
	FinishReason  string      `json:"finishReason" stream:"needed"`
	FinishMessage string      `json:"finishMessage"`
	Grounding     *grounding  `json:"groundingMetadata"`
	Citations     *citations  `json:"citationMetadata"`
	URLContext    *urlContext `json:"urlContextMetadata"`
	Logprobs      *logprobs   `json:"logprobsResult"`
	Token         string      `json:"continuationToken"` // base64
}

// hasPieceOfCall reports whether a part is a piece of a tool call.
func (c *candidate) hasPieceOfCall() bool {
	return c.Content != nil && slices.ContainsFunc(c.Content.Parts, func(p part) bool { return p.Call != nil && p.Call.inPieces() })
}

type content struct {
	Parts []part `json:"parts" stream:"needed,elements"`
}

// part is a piece of content. One of its members says which kind it is.
// https://ai.google.dev/api/caching#Part
type part struct {
	Text      *stream.Scalar `json:"text" stream:"needed"`
	Thought   bool           `json:"thought"`
	Signature string         `json:"thoughtSignature"` // base64, kept as it is written
	Call      *functionCall  `json:"functionCall" stream:"needed"`
	Inline    *blob          `json:"inlineData"`
	File      *fileData      `json:"fileData"`
	Code      *ranCode       `json:"executableCode"`
	Result    *codeResult    `json:"codeExecutionResult"`
	Spoken    struct {
		Text string `json:"text"`
	} `json:"audioTranscription"` // of audio beside it

	Source stream.Source `json:"-"`
}

// unknown returns the JSON of a part of an unknown kind, and nil for the others.
func (p *part) unknown() json.RawMessage {
	if p.Text != nil || p.Call != nil || p.Inline != nil || p.File != nil || p.Code != nil || p.Result != nil {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(p.Source, &members) != nil { // it has been decoded
		return nil
	}
	for name, value := range members {
		if name != "thought" && name != "thoughtSignature" && httpcall.IsSet(value) {
			return bytes.Clone(p.Source) // it is valid only during the call
		}
	}
	return nil
}

type functionCall struct {
	ID   string             `json:"id"`
	Name string             `json:"name" stream:"needed"`
	Args provider.Arguments `json:"args" stream:"needed"`
	// The arguments in pieces, if the request asks for them.
	Pieces    json.RawMessage `json:"partialArgs"`
	Continues bool            `json:"willContinue"`
}

// inPieces reports whether the call is one of several pieces of it.
func (f *functionCall) inPieces() bool { return f.Continues || httpcall.IsSet(f.Pieces) }

type blob struct {
	MediaType string `json:"mimeType"`
	Data      []byte `json:"data" stream:"needed"`
}

type fileData struct {
	MediaType string `json:"mimeType"`
	URI       string `json:"fileUri"`
}

type ranCode struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	Code     string `json:"code"`
}

type codeResult struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"`
	Output  string `json:"output"`
}

// logprobs are the log probabilities of the tokens of one chunk: the chosen tokens, and the
// most likely tokens at each place.
type logprobs struct {
	Chosen []logprob `json:"chosenCandidates"`
	Top    []struct {
		Candidates []logprob `json:"candidates"`
	} `json:"topCandidates"`
}

type logprob struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logProbability"`
}

func (l *logprobs) convert() []llm.TokenLogprob {
	out := make([]llm.TokenLogprob, len(l.Chosen))
	for i, t := range l.Chosen {
		out[i] = llm.TokenLogprob{Token: t.Token, Logprob: t.Logprob}
		if i < len(l.Top) {
			for _, other := range l.Top[i].Candidates {
				out[i].Top = append(out[i].Top, llm.TokenLogprob{Token: other.Token, Logprob: other.Logprob})
			}
		}
	}
	return out
}

// usage are the counts so far. The counts of a later chunk replace those of an earlier one.
// https://ai.google.dev/api/generate-content#UsageMetadata
type usage struct {
	Prompt     *int64 `json:"promptTokenCount"` // cached content included
	ToolUse    *int64 `json:"toolUsePromptTokenCount"`
	Candidates *int64 `json:"candidatesTokenCount"` // thoughts not included
	Thoughts   *int64 `json:"thoughtsTokenCount"`
	Cached     *int64 `json:"cachedContentTokenCount"`
	Total      *int64 `json:"totalTokenCount"`
	Tier       string `json:"serviceTier"` // of the Gemini API
}

// take replaces the counts by later ones. Zero does not replace a count.
func (u *usage) take(later *usage) {
	if later.Tier != "" {
		u.Tier = later.Tier
	}
	for _, n := range [...]struct{ to, from **int64 }{
		{&u.Prompt, &later.Prompt}, {&u.ToolUse, &later.ToolUse}, {&u.Candidates, &later.Candidates},
		{&u.Thoughts, &later.Thoughts}, {&u.Cached, &later.Cached}, {&u.Total, &later.Total},
	} {
		switch {
		case *n.from == nil:
		case *n.to == nil:
			*n.to = new(**n.from) // the chunk's values are valid only during the call
		case **n.from != 0:
			**n.to = **n.from
		}
	}
}

// convert returns the usage. The server leaves out counts that are zero. If the count of the
// answer is missing, it is computed from the total.
func (u *usage) convert() llm.Usage {
	out := llm.Usage{CacheRead: provider.Reported(u.Cached), Reasoning: provider.Reported(u.Thoughts)}
	if u.Prompt != nil {
		out.Input = llm.Known(value(u.Prompt) + value(u.ToolUse))
	}
	output := value(u.Candidates) + value(u.Thoughts)
	switch {
	case u.Candidates != nil || u.Thoughts != nil:
		out.Output = llm.Known(output)
	case u.Prompt != nil && u.Total != nil && value(u.Total) >= out.Input.N:
		out.Output = llm.Known(value(u.Total) - out.Input.N)
	}
	return out
}

func value(n *int64) int {
	if n == nil {
		return 0
	}
	return int(*n)
}

// Finish reasons that do not end an answer.
const (
	unspecified  = "FINISH_REASON_UNSPECIFIED" // as if there were none
	continuation = "CONTINUATION"              // the answer continues in another reply
)
