package openai

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

const responsesPath = "/responses"

// respond answers a chat by the Responses API. An error that it returns has not been yielded.
func (p *Provider) respond(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	without := concessions{noEncrypted: p.isPlain(call.Model)}
	var warnings []llm.Warning
	for {
		b, err := p.buildResponses(call, without)
		if err != nil {
			return err
		}
		body, err := b.marshal()
		if err != nil {
			return err
		}
		r, err := p.firstReply(ctx, b, body)
		if err != nil {
			w, ok := without.concede(err, b)
			if !ok {
				return err
			}
			warnings = append(warnings, w...)
			continue
		}
		if without.noEncrypted {
			p.plain.Store(call.Model, true)
		}
		return p.readResponse(ctx, b, r, append(warnings, b.warnings...), yield)
	}
}

// isPlain reports whether the server has rejected encrypted reasoning for the model.
func (p *Provider) isPlain(model string) bool {
	_, plain := p.plain.Load(model)
	return plain
}

// firstReply sends the request of a chat, or requests a response that the server has.
func (p *Provider) firstReply(ctx context.Context, b *responsesBuilder, body []byte) (*httpcall.Reply, error) {
	id := b.options.ResponseID
	if id == "" {
		return p.postResponse(ctx, b.call, body)
	}
	r, err := p.getResponse(ctx, b.call, id, -1, b.body.Stream)
	if e, ok := err.(*llm.Error); ok && e.Status == http.StatusBadRequest && b.body.Stream { // it cannot be streamed
		return p.getResponse(ctx, b.call, id, -1, false)
	}
	return r, err
}

// postResponse sends the body of a chat.
func (p *Provider) postResponse(ctx context.Context, call *llm.Call, body []byte) (*httpcall.Reply, error) {
	headers := p.headers.stream
	if call.Request.NonStreaming {
		headers = p.headers.json
	}
	req, err := p.request(ctx, call, p.url(responsesPath, ""), body, headers)
	if err != nil {
		return nil, err
	}
	req.Patient = isFlex(llmutil.OptionsFor[Options](call.Request.Options).ServiceTier)
	return p.client.Do(ctx, req)
}

// concede leaves out the part of the request that an error is about. It returns false if the
// error is about another part, or if the part was left out already.
//
// Encrypted reasoning is bound to an organization, a host and a family of models, so it can
// become invalid at any time: github.com/pydantic/pydantic-ai/issues/4621. Some models of
// Azure do not encrypt: github.com/pydantic/pydantic-ai/issues/2915.
func (c *concessions) concede(err error, b *responsesBuilder) (warnings []llm.Warning, ok bool) {
	e, isAPI := errors.AsType[*llm.Error](err)
	if !isAPI || e.Status != http.StatusBadRequest {
		return nil, false
	}
	text := strings.ToLower(e.Message)
	switch {
	case !c.noReasoning && b.hasReasoning() && (e.Code == "invalid_encrypted_content" ||
		strings.Contains(text, "encrypted content") && containsAny(text, []string{"could not be verified", "could not be decrypted"})):
		c.noReasoning = true
		return []llm.Warning{{Code: llm.WarnStateOmitted, Setting: "Messages", Message: "the server rejected the encrypted reasoning of earlier answers; it was omitted"}}, true
	case !c.noEncrypted && b.asksForEncrypted() && strings.Contains(text, "encrypted content is not supported"):
		c.noEncrypted = true
		return nil, true
	}
	return nil, false
}

// readResponse reads the reply to a chat.
func (p *Provider) readResponse(ctx context.Context, b *responsesBuilder, r *httpcall.Reply, warnings []llm.Warning, yield func(llm.Event, error) bool) error {
	a := &responsesAnswer{provider: p, cursor: cursor{sequence: -1, background: b.body.Background}}
	a.Answer = provider.Answer{Reply: r, Request: b.req, Warnings: warnings, Yield: yield}
	if id := b.options.ResponseID; id != "" {
		a.id, a.background = id, true
	}
	defer func() { a.Reply.Close() }()
	return a.Failed(p.follow(ctx, b.call, a), a.usage)
}

// read reads one reply.
func (p *Provider) read(a *responsesAnswer) error {
	if a.background {
		return provider.ReadChat(&a.Answer, backgroundDialect, a)
	}
	return provider.ReadChat(&a.Answer, responsesDialect, a)
}
