package llm

import (
	"context"
	"errors"
	"io"
	"slices"
)

// Model is a provider's model, ready to be asked: the provider, the model's
// name, default settings, and the middleware that every call goes through.
//
// A Model comes from [New], is immutable and safe for concurrent use;
// [Model.With] makes a changed copy. Programs usually get theirs from
// providers.Open, which makes one of a name such as "openai/gpt-6-luna".
type Model struct {
	provider   Provider
	name       string
	defaults   *Request
	middleware []Middleware
	closers    []io.Closer
	handler    Handler
}

// New returns the provider's model of this name.
func New(p Provider, name string, options ...ModelOption) *Model {
	m := &Model{provider: p, name: name}
	return m.With(options...)
}

// A ModelOption changes a model in the making.
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
// nearer to the caller. The first argument is the outermost of all. Telemetry and a tool
// loop belong there: they then include the retries and limits of a model that was opened
// from a config file. For example, the calls of this model pass through telemetry, loop
// and retry, in this order:
//
//	model := llm.New(p, name, llm.WithMiddleware(retry))
//	model = model.With(llm.WithOuterMiddleware(telemetry, loop))
func WithOuterMiddleware(middleware ...Middleware) ModelOption {
	return func(m *Model) { m.middleware = slices.Concat(middleware, m.middleware) }
}

// WithDefaults sets what requests leave open, in place of earlier defaults: each
// setting that a request does not have is taken from defaults, and so are the
// options of a provider for which it has none, for embeddings too. What is
// switched on by default a request cannot switch off.
//
// The defaults' messages come before each request's own, which makes a standing
// system message. Errors that name a message by its number count them too.
//
// What the defaults point to must not be changed afterwards.
func WithDefaults(defaults Request) ModelOption {
	return func(m *Model) { m.defaults = &defaults }
}

// WithName changes the model's name and keeps all else.
func WithName(name string) ModelOption {
	return func(m *Model) { m.name = name }
}

// WithCloser has every call of [Model.Close] close c.
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
	case len(changed.middleware) == 0: // a stream names by itself what its caller sees
		changed.handler = changed.provider.Do
	default:
		changed.handler = Chain(named(changed.provider.Do), changed.middleware...)
	}
	return &changed
}

// Name returns the model's name as its provider knows it: "gpt-6-luna".
func (m *Model) Name() string { return m.name }

// Provider returns what answers the model's calls, without the middleware.
func (m *Model) Provider() Provider { return m.provider }

// String returns the name that providers.Open takes: "openai/gpt-6-luna".
func (m *Model) String() string { return m.providerName() + "/" + m.name }

// Stream asks the model and returns the answer as a stream. Nothing is sent,
// and nothing fails, before the stream is read.
func (m *Model) Stream(ctx context.Context, req *Request) *Stream {
	return m.stream(ctx, &Call{Op: OpChat, Request: m.fill(req)})
}

// Generate asks the model and returns the whole answer. It streams underneath,
// because silent connections get cut; set [Request.NonStreaming] to prevent it.
// If it fails, what had arrived is in the error's Partial.
func (m *Model) Generate(ctx context.Context, req *Request) (*Response, error) {
	return m.whole(ctx, &Call{Op: OpChat, Request: m.fill(req)})
}

// Embed returns the embedding vector of each input.
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
	if len(resp.Warnings) == 0 {
		return resp.Embed, nil
	}
	embed := *resp.Embed // the event's, which is not ours to modify
	embed.Warnings = resp.Warnings
	return &embed, nil
}

// CountTokens returns how many input tokens the request is for this model.
func (m *Model) CountTokens(ctx context.Context, req *Request) (*TokenCount, error) {
	resp, err := m.whole(ctx, &Call{Op: OpCountTokens, Request: m.fill(req)})
	if err != nil {
		return nil, err
	}
	return resp.Count, nil
}

// ListModels returns what the model's provider offers.
func (m *Model) ListModels(ctx context.Context) ([]ModelInfo, error) {
	resp, err := m.whole(ctx, &Call{Op: OpListModels})
	if err != nil {
		return nil, err
	}
	return resp.Models, nil
}

// Do answers a call that was made to another model, under this model's name
// and through its middleware: it is how middleware hands calls on. What the
// request leaves open is taken from this model's defaults, but for their
// messages: the conversation is as it was.
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
	return named(m.handle())(ctx, own)
}

// Close releases what the model owns, such as the idle connections of the
// provider that providers.Open made for it. Calls under way may fail. Copies
// made by With own the same things: close one of them.
func (m *Model) Close() error {
	var errs []error
	for _, c := range m.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// named returns the handler with the called provider's name on what it says:
// middleware sees errors and starts as complete as the caller does.
func named(h Handler) Handler {
	return func(ctx context.Context, call *Call) Events {
		return func(yield func(Event, error) bool) {
			for ev, err := range h(ctx, call) {
				switch {
				case err != nil:
					err = asError(err, call)
				case ev.Type == EventStart:
					if start, ok := ev.Detail.(*Start); ok && start.Provider == "" {
						complete := *start
						complete.Provider = call.Provider
						ev.Detail = &complete
					}
				}
				if !yield(ev, err) {
					return
				}
			}
		}
	}
}

// whole makes the call and waits for all of the answer.
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
	return &Stream{ctx: ctx, call: call, handler: m.handle()}
}

// handle returns what answers calls. A Model that New has not made has nothing.
func (m *Model) handle() Handler {
	if m.handler == nil {
		return missingProvider
	}
	return m.handler
}

// fill returns the request with the model's defaults. A nil request stays nil,
// for Validate to refuse.
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

func missingProvider(context.Context, *Call) Events { return refuse("the model has no provider") }

// refuse returns the events of a call that cannot be made.
func refuse(why string) Events {
	return func(yield func(Event, error) bool) { yield(Event{}, invalidf("%s", why)) }
}
