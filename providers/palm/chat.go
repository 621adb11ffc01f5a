package palm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/internal/stream"
	"github.com/parley-llm/parley/llm"
)

// Chat answers a chat. It does not yield the error that it returns.
func (p operations) Chat(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	b := p.newRequest(call)
	method, body, err := b.marshal()
	if err != nil {
		return err
	}
	req, err := p.request(ctx, call, method, body)
	if err != nil {
		return err
	}
	r, err := p.client.Do(ctx, req)
	if err != nil {
		return err
	}
	defer r.Close()
	a := &provider.Answer{Reply: r, Request: call.Request, Warnings: b.warnings, Yield: yield, NoUsage: !p.vertex}
	return a.Failed(p.read(a), llm.Usage{})
}

// generated is the reply to generateMessage and generateText. Predictions is the reply to
// Vertex AI's predict.
type generated struct {
	provider.ErrorMember
	Candidates  []candidate  `json:"candidates"`
	Filters     []filter     `json:"filters"`
	Feedback    []feedback   `json:"safetyFeedback"` // for texts
	Predictions []prediction `json:"predictions"`
	Metadata    struct {
		Tokens struct {
			Input  tokenCount `json:"inputTokenCount"`
			Output tokenCount `json:"outputTokenCount"`
		} `json:"tokenMetadata"`
	} `json:"metadata"`
}

// candidate is an answer. The text of a chat is in Content, and that of a completion in
// Output.
type candidate struct {
	Content   *string `json:"content"`
	Output    *string `json:"output"`
	Citations struct {
		Sources []citation `json:"citationSources"`
	} `json:"citationMetadata"`
}

type citation struct {
	Start int    `json:"startIndex"` // in bytes
	End   int    `json:"endIndex"`
	URI   string `json:"uri"`
	URL   string `json:"url"` // name of URI in Vertex AI
	Title string `json:"title"`
}

func (c *candidate) first(r *httpcall.Reply) (string, []citation, error) {
	for _, text := range [...]*string{c.Content, c.Output} {
		if text != nil {
			return *text, c.Citations.Sources, nil
		}
	}
	return "", nil, r.ReplyError(llm.Protocol, "the candidate in the reply has neither content nor output")
}

// filter describes why an answer was withheld.
type filter struct {
	Reason  json.RawMessage `json:"reason"` // a name or a number
	Message string          `json:"message"`
}

// feedback is the category of harm that caused a text to be withheld.
type feedback struct {
	Rating struct {
		Category    json.RawMessage `json:"category"` // a name or a number
		Probability json.RawMessage `json:"probability"`
	} `json:"rating"`
}

// prediction is Vertex AI's reply to one instance. For a chat it contains candidates, and
// for a text it is the candidate.
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-chat
type prediction struct {
	Candidates []struct {
		Content string `json:"content"`
	} `json:"candidates"`
	Content   *string         `json:"content"`
	Safety    json.RawMessage `json:"safetyAttributes"` // an object for texts, a list for chats
	Citations json.RawMessage `json:"citationMetadata"` // the same
}

type tokenCount struct {
	Total *int `json:"totalTokens"`
}

var generatedDecoder = stream.NewDecoder[generated]()

// read reads the reply, which is one JSON value, and emits its events.
func (p *Provider) read(a *provider.Answer) error {
	var got generated
	if err := provider.ReadValue(a, generatedDecoder, httpcall.WholeReply(p.limits), &got); err != nil {
		return err
	}
	text, sources, err := p.first(a.Reply, &got)
	if err != nil {
		return err
	}
	a.Start("", "")
	a.EmitText(llm.EventText, text)
	for _, c := range sources {
		a.Emit(llm.Event{Type: llm.EventSource, Detail: &llm.Source{URL: c.URI + c.URL, Title: c.Title, Start: c.Start, End: c.End}})
	}
	// The protocol has no finish reason.
	tokens := &got.Metadata.Tokens
	a.Done(&llm.Done{Usage: llm.Usage{Input: provider.Reported(tokens.Input.Total), Output: provider.Reported(tokens.Output.Total)}})
	return nil
}

// first returns the text of the first candidate and its citations.
func (p *Provider) first(r *httpcall.Reply, got *generated) (string, []citation, error) {
	switch {
	case p.vertex && len(got.Predictions) > 0:
		return got.Predictions[0].first(r)
	case !p.vertex && len(got.Candidates) > 0:
		return got.Candidates[0].first(r)
	case !p.vertex && len(got.Filters)+len(got.Feedback) > 0:
		return "", nil, r.ReplyError(llm.ContentFilter, "the answer was withheld"+got.why())
	}
	return "", nil, r.ReplyError(llm.Protocol, "the reply has no candidates: check that the base URL is a server of the PaLM protocol")
}

// reasons are the names of the numbers of filter reasons, for servers that send numbers:
// https://github.com/googleapis/googleapis/blob/master/google/ai/generativelanguage/v1beta2/safety.proto
var reasons = map[string]string{"1": "SAFETY", "2": "OTHER"}

// why describes why an answer was withheld. The result is appended to an error text.
func (g *generated) why() (said string) {
	if len(g.Filters) > 0 {
		reason := word(g.Filters[0].Reason)
		if name, ok := reasons[reason]; ok {
			reason = name
		}
		for _, text := range [...]string{reason, g.Filters[0].Message} {
			if text != "" {
				said += ": " + text
			}
		}
	}
	for _, f := range g.Feedback {
		if category := word(f.Rating.Category); category != "" {
			said += ": " + strings.TrimSpace(category+" "+word(f.Rating.Probability))
		}
	}
	return said
}

// word returns the name or number of a constant, or "" if it is not set.
func word(raw json.RawMessage) string {
	if !httpcall.IsSet(raw) {
		return ""
	}
	return strings.Trim(string(raw), `"`)
}

func (p *prediction) first(r *httpcall.Reply) (string, []citation, error) {
	var safety struct {
		Blocked bool  `json:"blocked"`
		Errors  []int `json:"errors"`
	}
	var cited struct {
		Citations []citation `json:"citations"`
	}
	firstOf(p.Safety, &safety)
	if safety.Blocked {
		why := "the answer was withheld: safetyAttributes.blocked is set"
		if len(safety.Errors) > 0 {
			why += fmt.Sprintf(", with the error codes %v", safety.Errors)
		}
		return "", nil, r.ReplyError(llm.ContentFilter, why)
	}
	firstOf(p.Citations, &cited)
	switch {
	case len(p.Candidates) > 0:
		return p.Candidates[0].Content, cited.Citations, nil
	case p.Content != nil:
		return *p.Content, cited.Citations, nil
	}
	return "", nil, r.ReplyError(llm.Protocol, "the prediction in the reply has neither candidates nor content")
}

// firstOf decodes an object, or the first object of a list. Other values are ignored,
// because the members are optional.
func firstOf(raw json.RawMessage, v any) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		raw = list[0]
	}
	_ = json.Unmarshal(raw, v)
}
