package otel

import (
	"context"
	"errors"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-llm/parley/llm"
)

// record is one call in progress: its span and the data for its metrics.
type record struct {
	reporter *reporter
	ctx      context.Context
	call     *llm.Call
	span     trace.Span
	streamed bool // the caller receives the answer in chunks

	began  time.Time
	chunk  time.Time // time of the last chunk
	labels []metric.RecordOption

	provider string // that answered
	model    string // that answered
	done     *llm.Done
	err      error
	answer   *llm.Response // if Telemetry.Content is set
}

// begin starts the span of a call.
func (r *reporter) begin(ctx context.Context, call *llm.Call) (context.Context, *record) {
	rec := &record{reporter: r, call: call, began: time.Now()}
	rec.streamed = call.Op == llm.OpChat && !call.Buffered && (call.Request == nil || !call.Request.NonStreaming)
	op := operation(call.Op)
	name := op.Value.AsString()
	if call.Model != "" {
		name += " " + call.Model
	}
	ctx, rec.span = r.tracer.Start(ctx, name,
		trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(rec.began), trace.WithAttributes(rec.identity()...))
	rec.ctx = ctx
	if rec.span.IsRecording() {
		rec.span.SetAttributes(settings(call, rec.streamed)...)
		if r.content {
			rec.span.SetAttributes(inputContent(call)...)
		}
	}
	return ctx, rec
}

// identity returns the attributes that are known before the answer.
func (rec *record) identity() []attribute.KeyValue {
	attrs := []attribute.KeyValue{operation(rec.call.Op), vendor(rec.call.Provider)}
	if rec.call.Model != "" {
		attrs = append(attrs, keyRequestModel.String(rec.call.Model))
	}
	return attrs
}

// forward returns the events, and also sends them to yield. They end early if the caller
// stops reading.
func (rec *record) forward(events llm.Events, yield func(llm.Event, error) bool) llm.Events {
	return func(collect func(llm.Event, error) bool) {
		for ev, err := range events {
			rec.observe(ev, err)
			collect(ev, err)
			if !yield(ev, err) {
				return
			}
		}
	}
}

// observe records one event.
func (rec *record) observe(ev llm.Event, err error) {
	if err != nil {
		rec.err = err
		return
	}
	if rec.streamed && ev.Type.Content() && ev.Type != llm.EventDone {
		rec.observeChunk()
	}
	switch detail := ev.Detail.(type) {
	case *llm.Start:
		rec.provider, rec.model = detail.Provider, detail.Model
		rec.span.SetAttributes(known(keyResponseID, detail.ID)...)
		if detail.Header.Get("Cache-Status") == "parley; hit" { // see middleware.Cache
			rec.span.SetAttributes(keyCacheHit.Bool(true))
		}
	case *llm.EmbedResponse:
		rec.model = detail.Model
	case *llm.Attempt:
		rec.span.AddEvent(attemptEvent, trace.WithAttributes(
			vendor(detail.Provider), keyRequestModel.String(detail.Model), keyErrorType.String(errorType(detail.Err))))
	case *llm.Done:
		rec.done = detail
	}
}

// observeChunk measures the time of a chunk.
func (rec *record) observeChunk() {
	now := time.Now()
	if rec.chunk.IsZero() {
		wait := now.Sub(rec.began).Seconds()
		rec.span.SetAttributes(keyTimeToFirstChunk.Float64(wait))
		// The labels are complete now, because the start event comes before content.
		rec.labels = []metric.RecordOption{metric.WithAttributeSet(rec.labelSet())}
		rec.reporter.instruments.firstChunk.Record(rec.ctx, wait, rec.labels...)
	} else {
		rec.reporter.instruments.eachChunk.Record(rec.ctx, now.Sub(rec.chunk).Seconds(), rec.labels...)
	}
	rec.chunk = now
}

// labelSet returns the attributes of metrics.
func (rec *record) labelSet(more ...attribute.KeyValue) attribute.Set {
	attrs := append(rec.identity(), more...)
	return attribute.NewSet(append(attrs, known(keyResponseModel, rec.model)...)...)
}

// end ends the span, and records the duration and the tokens.
func (rec *record) end() {
	ended := time.Now()
	defer rec.span.End(trace.WithTimestamp(ended))
	rec.span.SetAttributes(known(keyResponseModel, rec.model)...)
	if rec.provider != "" && rec.provider != rec.call.Provider { // a fallback answered
		rec.span.SetAttributes(vendor(rec.provider))
	}
	if rec.done != nil {
		rec.span.SetAttributes(outcome(rec.done)...)
		rec.countTokens(rec.done.Usage)
	}
	if rec.answer != nil {
		rec.span.SetAttributes(outputContent(rec.answer)...)
	}
	var failed []attribute.KeyValue
	if rec.err != nil {
		failed = rec.fail()
	}
	rec.reporter.instruments.duration.Record(rec.ctx, ended.Sub(rec.began).Seconds(), metric.WithAttributeSet(rec.labelSet(failed...)))
}

// fail reports the error in the span, and returns its type for the metrics.
func (rec *record) fail() []attribute.KeyValue {
	kind := keyErrorType.String(errorType(rec.err))
	rec.span.SetAttributes(kind)
	status := 0
	if e, ok := errors.AsType[*llm.Error](rec.err); ok && e != nil {
		status = e.Status
	}
	if status != 0 {
		rec.span.SetAttributes(keyStatus.Int(status))
	}
	description := llm.KindOf(rec.err).Error()
	switch {
	case rec.reporter.content:
		description = rec.err.Error()
	case status != 0:
		description += " (" + strconv.Itoa(status) + ")"
	}
	rec.span.SetStatus(codes.Error, description)
	return []attribute.KeyValue{kind}
}

// countTokens records the tokens that the server reported. Estimates are not recorded.
func (rec *record) countTokens(usage llm.Usage) {
	for _, part := range [...]struct {
		tokens llm.Tokens
		typ    attribute.KeyValue
	}{{usage.Input, tokenInput}, {usage.Output, tokenOutput}} {
		if part.tokens.IsKnown() {
			rec.reporter.instruments.tokens.Record(rec.ctx, int64(part.tokens.N), metric.WithAttributeSet(rec.labelSet(part.typ)))
		}
	}
}
