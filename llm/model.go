package llm

import (
	"context"
	"errors"
	"io"
	"slices"
)

// Model is a model of a provider, with default settings and middleware. Create one with
// providers.Open("openai/gpt-6-luna") or with [New].
//
// A Model is immutable and safe for concurrent use. [Model.With] returns a changed copy.
type Model struct {
	provider   Provider
	name       string
	defaults   *Request
	middleware []Middleware
	closers    []io.Closer
	prices     *Prices // nil if unknown
	handler    Handler
}

// New returns the model with this name.
func New(p Provider, name string, options ...ModelOption) *Model {
	m := &Model{provider: p, name: name}
	return m.With(options...)
}

// ModelOption is an option of [New], [Model.With], providers.Open and the methods of a config
// file that return a model.
type ModelOption func(*Model)

// WithMiddleware adds middleware inside the middleware that the model already has, nearer
// to the provider. The first argument is the outermost of those added. For example, the
// calls of this model pass through a, b and c, in this order:
//
//	model := llm.New(p, name, llm.WithMiddleware(a, b))
//	model = model.With(llm.WithMiddleware(c))
//
// See [WithOuterMiddleware] for the other side.
func WithMiddleware(middleware ...Middleware) ModelOption {
	return func(m *Model) { m.middleware = append(slices.Clip(m.middleware), middleware...) }
}

// WithOuterMiddleware adds middleware outside the middleware that the model already has,
// nearer to the caller. The first argument is the outermost of all. Telemetry, and a tool.Loop
// of package llm/tool, belong there: they then include the retries and limits of a model
// that was opened from a config file. For example, the calls of this model pass through telemetry, loop
// and retry, in this order:
//
//	model := llm.New(p, name, llm.WithMiddleware(retry))
//	model = model.With(llm.WithOuterMiddleware(telemetry, loop))
func WithOuterMiddleware(middleware ...Middleware) ModelOption {
	return func(m *Model) { m.middleware = slices.Concat(middleware, m.middleware) }
}

// WithDefaults sets default settings, and replaces earlier defaults. A setting that a request
// does not set is taken from defaults. Options of a provider are taken from defaults if the
// request has none for that provider, also for embeddings. A request cannot reset a boolean
// default to false.
//
// The messages of defaults come before the messages of each request: for example a system
// message. Errors that contain the number of a message count them too.
//
// The values that defaults refers to must not be modified later.
func WithDefaults(defaults Request) ModelOption {
	return func(m *Model) { m.defaults = &defaults }
}

// WithName sets the name of the model.
func WithName(name string) ModelOption {
	return func(m *Model) { m.name = name }
}

// WithPrices sets the prices of the model, from which [Response.Cost] is computed. Models that
// providers.Open and config files open have the prices of the catalog or of the file.
func WithPrices(prices Prices) ModelOption {
	return func(m *Model) { m.prices = &prices }
}

// WithCloser makes [Model.Close] close c.
func WithCloser(c io.Closer) ModelOption {
	return func(m *Model) { m.closers = append(slices.Clip(m.closers), c) }
}

// With returns a copy of the model with further options. [WithMiddleware] adds middleware
// inside the middleware of the model, [WithOuterMiddleware] outside of it.
func (m *Model) With(options ...ModelOption) *Model {
	changed := *m
	for _, option := range options {
		if option != nil {
			option(&changed)
		}
	}
	switch {
	case changed.provider == nil:
		changed.handler = missingProvider
	case len(changed.middleware) == 0: // Stream adds the names itself
		changed.handler = changed.provider.Do
	default:
		changed.handler = Chain(named(changed.provider.Do, changed.prices), changed.middleware...)
	}
	return &changed
}

// Name returns the name of the model, as its provider knows it: "gpt-6-luna".
func (m *Model) Name() string { return m.name }

// Provider returns the provider of the model, without middleware.
func (m *Model) Provider() Provider { return m.provider }

// String returns the name for providers.Open: "openai/gpt-6-luna".
func (m *Model) String() string { return m.providerName() + "/" + m.name }

// Stream returns the answer to a request as a stream. The request is sent when the stream is
// read. All errors are returned by the stream.
func (m *Model) Stream(ctx context.Context, req *Request) *Stream {
	return m.stream(ctx, &Call{Op: OpChat, Request: m.fill(req)})
}

// Generate sends a request and returns the complete answer. It uses a streamed reply, because
// proxies cut connections that are silent for long. Set [Request.NonStreaming] to change
// that. If it fails, the response is nil, and [Error.Partial] has the part of the answer that
// had arrived.
func (m *Model) Generate(ctx context.Context, req *Request) (*Response, error) {
	return m.whole(ctx, &Call{Op: OpChat, Request: m.fill(req)})
}

// Embed returns one embedding vector for each input.
func (m *Model) Embed(ctx context.Context, req *EmbedRequest) (*EmbedResponse, error) {
	if req != nil && m.defaults != nil && len(m.defaults.Options) > 0 {
		filled := *req
		filled.Options = withDefaultOptions(req.Options, m.defaults.Options)
		req = &filled
	}
	resp, err := m.whole(ctx, &Call{Op: OpEmbed, Embed: req})
	if err != nil {
		return nil, err
	}
	embed := *resp.Embed // a copy: the value belongs to the event
	embed.Warnings = resp.Warnings
	if embed.Usage.IsZero() {
		embed.Usage = resp.Usage
	}
	embed.Cost = resp.Cost
	return &embed, nil
}

// CountTokens returns the number of input tokens of a request for this model.
func (m *Model) CountTokens(ctx context.Context, req *Request) (*TokenCount, error) {
	resp, err := m.whole(ctx, &Call{Op: OpCountTokens, Request: m.fill(req)})
	if err != nil {
		return nil, err
	}
	return resp.Count, nil
}

// ListModels returns the models of the provider.
func (m *Model) ListModels(ctx context.Context) ([]ModelInfo, error) {
	resp, err := m.whole(ctx, &Call{Op: OpListModels})
	if err != nil {
		return nil, err
	}
	return resp.Models, nil
}

// Do sends a call through this model and its middleware. Middleware uses it for calls that
// were meant for another model, for example to ask a fallback model. Settings that the
// request does not set are taken from the defaults of this model. The messages of the
// defaults are not added.
func (m *Model) Do(ctx context.Context, call *Call) Events {
	if call == nil {
		return refuse("the call is nil")
	}
	own := call.Clone()
	own.Provider, own.Model = m.providerName(), m.name
	if m.defaults != nil {
		settings := *m.defaults
		settings.Messages = nil
		if own.Request != nil {
			own.Request = own.Request.withDefaults(&settings)
		}
		if own.Embed != nil {
			own.Embed.Options = withDefaultOptions(own.Embed.Options, settings.Options)
		}
	}
	return named(m.handle(), m.ownPrices())(ctx, own)
}

// Close releases the resources of the model, such as the idle connections of a provider that
// providers.Open created. Calls in progress may fail. Copies made by With share the
// resources: close one of them.
func (m *Model) Close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// ownPrices returns the prices if there is no middleware. Otherwise the handler knows them.
func (m *Model) ownPrices() *Prices {
	if len(m.middleware) > 0 {
		return nil
	}
	return m.prices
}

// named returns a handler that adds the provider, the model and the operation to errors and
// starts, and the cost to the end of an answer, so that middleware sees them.
func named(h Handler, prices *Prices) Handler {
	return func(ctx context.Context, call *Call) Events {
		return func(yield func(Event, error) bool) {
			h(ctx, call)(func(ev Event, err error) bool { // faster than a range over the events
				switch {
				case err != nil:
					err = asError(err, call)
				case ev.Type == EventStart:
					if start, ok := ev.Detail.(*Start); ok && start.Provider == "" {
						complete := *start
						complete.Provider = call.Provider
						ev.Detail = &complete
					}
				case ev.Type == EventDone:
					ev = priced(ev, prices)
				}
				return yield(ev, err)
			})
		}
	}
}

// priced returns the done event with the cost of the answer, if it has none and there are
// prices.
func priced(ev Event, prices *Prices) Event {
	done, ok := ev.Detail.(*Done)
	if prices == nil || !ok || done == nil || done.Cost != (Cost{}) {
		return ev
	}
	complete := *done // a copy: the value belongs to the event
	complete.Cost = prices.doneCost(done)
	ev.Detail = &complete
	return ev
}

// whole makes the call and returns the complete answer.
func (m *Model) whole(ctx context.Context, call *Call) (*Response, error) {
	call.Buffered = true
	s := m.stream(ctx, call)
	for _, err := range s.Events() {
		if err != nil {
			return nil, err
		}
	}
	resp := s.Response()
	missing := false
	switch call.Op {
	case OpEmbed:
		missing = resp.Embed == nil
	case OpCountTokens:
		missing = resp.Count == nil
	case OpListModels:
		missing = resp.Models == nil
	}
	if missing {
		return nil, asError(&Error{Kind: Incomplete, Message: "the answer has no result", Partial: resp}, call)
	}
	return resp, nil
}

func (m *Model) stream(ctx context.Context, call *Call) *Stream {
	call.Provider, call.Model = m.providerName(), m.name
	return &Stream{ctx: ctx, call: call, handler: m.handle(), prices: m.ownPrices()}
}

// handle returns the handler. The zero Model has none.
func (m *Model) handle() Handler {
	if m.handler == nil {
		return missingProvider
	}
	return m.handler
}

// fill returns the request with the defaults of the model. A nil request stays nil: Validate
// refuses it.
func (m *Model) fill(req *Request) *Request {
	if req == nil || m.defaults == nil {
		return req
	}
	return req.withDefaults(m.defaults)
}

func (m *Model) providerName() string {
	if m.provider == nil {
		return ""
	}
	return m.provider.Name()
}

func missingProvider(context.Context, *Call) Events {
	return refuse("the model has no provider: create it with llm.New")
}

// refuse returns the events of a call that fails with kind InvalidRequest.
func refuse(why string) Events {
	return func(yield func(Event, error) bool) { yield(Event{}, invalidf("%s", why)) }
}
