package openai

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// In background mode a response does not need its connection: the server goes on if the
// client leaves. Each event of its stream has a number, so a client that was cut off can
// read the stream from there on, and after some minutes it can still get the whole response.
// https://platform.openai.com/docs/guides/background

// cursor is the position in the stream of a response.
type cursor struct {
	id       string // of the response
	sequence int    // the number of the last event, or -1
	status   string // the last status of the response
	ended    bool   // the server has said how the response ended

	background bool
	reattached int // connections after the first one
}

// isPending reports whether the response is still being made.
func (c *cursor) isPending() bool {
	return !c.ended && (c.status == statusQueued || c.status == statusInProgress)
}

// canReattach reports whether the rest of an answer can be read by another connection, after
// an error.
func (a *responsesAnswer) canReattach(ctx context.Context, err error) bool {
	if !a.background || a.ended || a.id == "" || a.Stopped() || ctx.Err() != nil {
		return false
	}
	switch llm.KindOf(err) {
	case llm.Incomplete, llm.Network, llm.Timeout:
		return true
	}
	return false
}

// The pauses before a response is requested again, and the number of failures in a row after
// which there is no other request.
const (
	firstPoll   = time.Second
	longestPoll = 10 * time.Second
	maxFailures = 3
)

// follow reads the reply to a chat, and the rest of a response in the background by more
// requests. It returns an error that has not been yielded.
func (p *Provider) follow(ctx context.Context, call *llm.Call, a *responsesAnswer) error {
	streams, pause, failures := !call.Request.NonStreaming, firstPoll, 0
	for {
		err := p.read(a)
		switch {
		case err == nil && (a.Stopped() || !a.background || !a.isPending()):
			return nil
		case err == nil: // a reply without the rest
			a.Reply.End()
			failures = 0
		case !a.canReattach(ctx, err):
			return err
		case a.reattached == call.MaxReattach:
			return a.leftRunning(err)
		default:
			a.reattached++
			failures++
			a.Emit(llm.Event{Type: llm.EventAttempt, Detail: &llm.Attempt{Provider: p.name, Model: call.Model, Err: err}})
		}
		if !streams || failures > 1 {
			if err := sleep(ctx, pause); err != nil {
				return p.annotated(call, err)
			}
			pause = min(pause*3/2, longestPoll)
		}
		if streams, err = p.reattach(ctx, call, a, streams); err != nil {
			return err
		}
	}
}

// leftRunning completes the error for an answer whose response goes on without a connection.
func (a *responsesAnswer) leftRunning(err error) error {
	if e, ok := err.(*llm.Error); ok {
		e.Message += "; the server continues the response " + a.id + ": set Options.ResponseID to read it, or use middleware.Resume"
	}
	return err
}

func (p *Provider) annotated(call *llm.Call, err error) error {
	if e, ok := err.(*llm.Error); ok {
		e.Provider, e.Model, e.Op = p.name, call.Model, call.Op
	}
	return err
}

// sleep waits, unless the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return llm.FromContext(ctx)
	}
}

// reattach requests the rest of a response: its stream after the last event, or, if that is
// not available, the response. It returns false if the stream is not available. A connection
// that fails is tried again.
func (p *Provider) reattach(ctx context.Context, call *llm.Call, a *responsesAnswer, streams bool) (bool, error) {
	a.Reply.Close()
	pause := firstPoll
	for failures := 0; ; failures++ {
		r, err := p.getResponse(ctx, call, a.id, a.sequence, streams)
		e, _ := err.(*llm.Error)
		switch {
		case err == nil:
			a.Reply = r
			return streams, nil
		case streams && e != nil && e.Status == http.StatusBadRequest: // it can no longer be streamed
			streams = false
			continue
		case failures == maxFailures || !llm.KindOf(err).Temporary():
			return streams, err
		}
		if err := sleep(ctx, max(pause, retryAfter(e))); err != nil {
			return streams, p.annotated(call, err)
		}
		pause = min(2*pause, longestPoll)
	}
}

func retryAfter(e *llm.Error) time.Duration {
	if e == nil {
		return 0
	}
	return min(e.RetryAfter, time.Minute)
}

// getResponse requests a response, or its stream after an event.
func (p *Provider) getResponse(ctx context.Context, call *llm.Call, id string, after int, streams bool) (*httpcall.Reply, error) {
	address, headers := p.url(responsesPath+"/"+url.PathEscape(id), ""), p.headers.json
	if streams {
		query := "stream=true"
		if after >= 0 {
			query += "&starting_after=" + strconv.Itoa(after)
		}
		separator := "?"
		if strings.Contains(address, "?") {
			separator = "&"
		}
		address, headers = address+separator+query, p.headers.stream
	}
	req, err := p.request(ctx, call, address, nil, headers)
	if err != nil {
		return nil, err
	}
	return p.client.Do(ctx, req)
}

// CancelResponse cancels a response that the server makes in the background, by its
// [llm.Response.ID]. It has no effect on a response that has ended.
func (p *Provider) CancelResponse(ctx context.Context, id string) error {
	return p.changeResponse(ctx, http.MethodPost, responsesPath+"/"+url.PathEscape(id)+"/cancel")
}

// DeleteResponse deletes a response that the server stores.
func (p *Provider) DeleteResponse(ctx context.Context, id string) error {
	return p.changeResponse(ctx, http.MethodDelete, responsesPath+"/"+url.PathEscape(id))
}

// changedResponse is the reply to a request that changes a response.
type changedResponse struct{ provider.ErrorMember }

func (p *Provider) changeResponse(ctx context.Context, method, path string) error {
	req, err := p.request(ctx, nil, p.url(path, ""), nil, p.headers.json)
	if err != nil {
		return err
	}
	req.Method = method
	var got changedResponse
	r, err := p.client.Value(ctx, req, &got)
	if err != nil {
		return err
	}
	r.End()
	r.Close()
	return nil
}
