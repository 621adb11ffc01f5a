package llm_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// noting returns middleware that records its name on the way in, and its name after a slash on
// the way out.
func noting(notes *[]string, name string) llm.Middleware {
	return llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			return func(yield func(llm.Event, error) bool) {
				*notes = append(*notes, name)
				defer func() { *notes = append(*notes, "/"+name) }()
				next(ctx, call)(yield)
			}
		}
	})
}

func TestMiddlewareRunsInTheOrderWritten(t *testing.T) {
	var notes []string
	model := answering(script(done()), llm.WithMiddleware(noting(&notes, "a"), noting(&notes, "b")), llm.WithMiddleware(noting(&notes, "c")))
	model = model.With(llm.WithMiddleware(noting(&notes, "d")))
	if _, err := model.Generate(t.Context(), llm.Prompt("?")); err != nil {
		t.Fatal(err)
	}
	check(t, "order", []string{"a", "b", "c", "d", "/d", "/c", "/b", "/a"}, notes)

	notes = nil
	outer := model.With(llm.WithOuterMiddleware(noting(&notes, "e"), noting(&notes, "f")))
	if _, err := outer.With(llm.WithOuterMiddleware(noting(&notes, "g"))).Generate(t.Context(), llm.Prompt("?")); err != nil {
		t.Fatal(err)
	}
	check(t, "order with outer middleware", []string{"g", "e", "f", "a", "b", "c", "d", "/d", "/c", "/b", "/a", "/f", "/e", "/g"}, notes)

	notes = nil
	if _, err := model.Generate(t.Context(), llm.Prompt("?")); err != nil {
		t.Fatal(err)
	}
	check(t, "order of the model that it was made of", []string{"a", "b", "c", "d", "/d", "/c", "/b", "/a"}, notes)

	notes = nil
	handler := llm.Chain(func(context.Context, *llm.Call) llm.Events { return script(done()) }, noting(&notes, "x"), noting(&notes, "y"))
	read(handler(t.Context(), &llm.Call{}))
	check(t, "order of a chain", []string{"x", "y", "/y", "/x"}, notes)
}

// pointerMiddleware is middleware of which a program may have a nil pointer.
type pointerMiddleware struct{ notes *[]string }

func (p *pointerMiddleware) Wrap(next llm.Handler) llm.Handler {
	return noting(p.notes, "pointer").Wrap(next)
}

func TestNilMiddlewareIsSkipped(t *testing.T) {
	var notes []string
	var pointer *pointerMiddleware
	var function llm.MiddlewareFunc
	model := answering(script(done()), llm.WithMiddleware(nil, pointer, function, &pointerMiddleware{&notes}))
	if _, err := model.Generate(t.Context(), llm.Prompt("?")); err != nil {
		t.Fatal(err)
	}
	check(t, "notes", []string{"pointer", "/pointer"}, notes)
}

func TestWithLeavesTheOriginalAlone(t *testing.T) {
	var notes []string
	var asked *llm.Call
	provider := fake(func(_ context.Context, call *llm.Call) llm.Events {
		asked = call
		return script(done())
	})
	original := llm.New(provider, "tiny", llm.WithMiddleware(noting(&notes, "a")), llm.WithMiddleware(noting(&notes, "b")), llm.WithMiddleware(noting(&notes, "c")),
		llm.WithDefaults(llm.Request{MaxTokens: 1}))
	one := original.With(llm.WithMiddleware(noting(&notes, "one")), llm.WithName("small"), llm.WithDefaults(llm.Request{MaxTokens: 2}))
	two := original.With(llm.WithMiddleware(noting(&notes, "two")))
	for _, test := range []struct {
		model  *llm.Model
		name   string
		notes  []string
		tokens int
	}{
		{original, "tiny", []string{"a", "b", "c", "/c", "/b", "/a"}, 1},
		{one.With(), "small", []string{"a", "b", "c", "one", "/one", "/c", "/b", "/a"}, 2}, // created after two
		{one, "small", []string{"a", "b", "c", "one", "/one", "/c", "/b", "/a"}, 2},
		{two, "tiny", []string{"a", "b", "c", "two", "/two", "/c", "/b", "/a"}, 1},
	} {
		notes = nil
		if _, err := test.model.Generate(t.Context(), llm.Prompt("?")); err != nil {
			t.Fatal(err)
		}
		check(t, "middleware", test.notes, notes)
		check(t, "model called", test.name, asked.Model)
		check(t, "Name", test.name, test.model.Name())
		check(t, "String", "fake/"+test.name, test.model.String())
		check(t, "default that reached the provider", test.tokens, asked.Request.MaxTokens)
		if test.model.Provider() == nil {
			t.Error("Provider() is nil")
		}
	}
}

func TestEveryOperationTakesTheSamePath(t *testing.T) {
	ask, embed := llm.Prompt("?"), &llm.EmbedRequest{Inputs: []string{"a"}}
	vectors := &llm.EmbedResponse{Vectors: [][]float32{{1, 2}}, Model: "tiny"}
	count := &llm.TokenCount{Tokens: 7, Exact: true, Source: "test"}
	infos := []llm.ModelInfo{{Name: "tiny"}, {Name: "small"}}
	results := map[llm.Op]llm.Detail{llm.OpEmbed: vectors, llm.OpCountTokens: count, llm.OpListModels: &llm.ModelList{Models: infos}}

	var atProvider, atMiddleware []llm.Call
	model := llm.New(fake(func(_ context.Context, call *llm.Call) llm.Events {
		atProvider = append(atProvider, *call)
		if d, ok := results[call.Op]; ok {
			return script(llm.Event{Type: llm.EventResult, Detail: d}, done())
		}
		return script(text("Hi"), done())
	}), "tiny", llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler {
		return func(ctx context.Context, call *llm.Call) llm.Events {
			atMiddleware = append(atMiddleware, *call)
			return next(ctx, call)
		}
	})))

	if _, err := read(model.Stream(t.Context(), ask).Events()); err != nil {
		t.Fatal(err)
	}
	usage := llm.Usage{Input: llm.Known(5), Output: llm.Known(2)}
	resp, err := model.Generate(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "Generate", &llm.Response{
		Provider: "fake", Messages: answer(llm.Text{Text: "Hi"}), FinishReason: llm.FinishStop, RawFinishReason: "stop",
		Usage: usage, Attempts: []llm.Attempt{{Provider: "fake", Model: "tiny", Usage: usage}},
	}, resp)
	gotVectors, err := model.Embed(t.Context(), embed)
	if err != nil {
		t.Fatal(err)
	}
	withUsage := *vectors
	withUsage.Usage = usage // of the done event
	check(t, "Embed", &withUsage, gotVectors)
	gotCount, err := model.CountTokens(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "CountTokens", count, gotCount)
	gotInfos, err := model.ListModels(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, "ListModels", infos, gotInfos)

	want := []llm.Call{
		{Op: llm.OpChat, Request: ask},
		{Op: llm.OpChat, Request: ask, Buffered: true},
		{Op: llm.OpEmbed, Embed: embed, Buffered: true},
		{Op: llm.OpCountTokens, Request: ask, Buffered: true},
		{Op: llm.OpListModels, Buffered: true},
	}
	for i := range want {
		want[i].Provider, want[i].Model = "fake", "tiny"
	}
	check(t, "calls at the provider", want, atProvider)
	check(t, "calls at the middleware", want, atMiddleware)
}

func TestOperationsReturnTheirErrors(t *testing.T) {
	model := answering(failing(&llm.Error{Kind: llm.Unsupported, Message: "not here"}, start("id")))
	for op, ask := range map[llm.Op]func() (any, error){
		llm.OpChat:        func() (any, error) { r, err := model.Generate(t.Context(), llm.Prompt("?")); return r == nil, err },
		llm.OpCountTokens: func() (any, error) { r, err := model.CountTokens(t.Context(), llm.Prompt("?")); return r == nil, err },
		llm.OpListModels:  func() (any, error) { r, err := model.ListModels(t.Context()); return r == nil, err },
		llm.OpEmbed: func() (any, error) {
			r, err := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
			return r == nil, err
		},
	} {
		isNil, err := ask()
		e := asError(t, err)
		check(t, string(op)+": no result beside an error", true, isNil)
		check(t, string(op)+": text", "parley: fake/tiny: unsupported: not here", e.Error())
		check(t, string(op)+": op", op, e.Op)
		check(t, string(op)+": id of the partial response", "id", e.Partial.ID)
	}
}

func TestAnswerWithoutItsResultIsIncomplete(t *testing.T) {
	model := answering(script(start("id"), done()))
	_, embedErr := model.Embed(t.Context(), &llm.EmbedRequest{Inputs: []string{"a"}})
	_, countErr := model.CountTokens(t.Context(), llm.Prompt("?"))
	for op, err := range map[llm.Op]error{llm.OpEmbed: embedErr, llm.OpCountTokens: countErr} {
		e := asError(t, err)
		check(t, "kind", llm.Incomplete, e.Kind)
		check(t, "op", op, e.Op)
		check(t, "text", "parley: fake/tiny: incomplete reply: the answer has no result", e.Error())
		check(t, "id of the partial response", "id", e.Partial.ID)
	}
}

func TestModelWithoutProvider(t *testing.T) {
	model := llm.New(nil, "tiny", llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler { return next })))
	check(t, "String", "/tiny", model.String())
	_, err := model.Generate(t.Context(), llm.Prompt("?"))
	e := asError(t, err)
	check(t, "text", "parley: tiny: invalid request: the model has no provider: create it with llm.New", e.Error())
	if _, err := model.ListModels(t.Context()); !errors.Is(err, llm.InvalidRequest) {
		t.Errorf("ListModels: %v, want an error of kind %q", err, llm.InvalidRequest)
	}
}

func TestModelAndStreamThatNobodyMadeAreErrors(t *testing.T) {
	var model llm.Model
	var stream llm.Stream
	for _, test := range []struct {
		name string
		err  func() error
		want string
	}{
		{"a model's chat", func() error { _, err := model.Generate(t.Context(), llm.Prompt("?")); return err }, "the model has no name: pass one to llm.New"},
		{"a model's list", func() error { _, err := model.ListModels(t.Context()); return err }, "the model has no provider: create it with llm.New"},
		{"a model's Do", func() error {
			_, err := read(model.Do(t.Context(), &llm.Call{Op: llm.OpChat, Request: llm.Prompt("?")}))
			return err
		}, "the model has no provider: create it with llm.New"},
		{"a model's Do of no call", func() error { _, err := read(answering(script()).Do(t.Context(), nil)); return err }, "the call is nil"},
		{"a stream", func() error { _, err := read(stream.Events()); return err }, "the stream has no model: create it with Model.Stream"},
	} {
		e := asError(t, test.err())
		check(t, test.name+": kind", llm.InvalidRequest, e.Kind)
		check(t, test.name+": message", test.want, e.Message)
	}
	check(t, "the response of a stream", "", stream.Response().Text())
	if err := model.Close(); err != nil {
		t.Errorf("closing a model that nobody made: %v", err)
	}
}

type closer func() error

func (c closer) Close() error { return c() }

func TestCloseClosesWhatTheModelOwns(t *testing.T) {
	boom, bang := errors.New("boom"), errors.New("bang")
	var closed []string
	owned := func(name string, err error) io.Closer {
		return closer(func() error { closed = append(closed, name); return err })
	}
	if err := answering(script(done())).Close(); err != nil {
		t.Errorf("closing a model that owns nothing: %v", err)
	}
	model := answering(script(done()), llm.WithCloser(owned("a", boom)), llm.WithCloser(owned("b", nil)), llm.WithCloser(owned("c", nil)))
	one := model.With(llm.WithCloser(owned("one", bang)))
	two := model.With(llm.WithCloser(owned("two", nil)))
	for _, test := range []struct {
		name   string
		model  *llm.Model
		closed []string
		bang   bool
	}{
		{"the original", model, []string{"a", "b", "c"}, false},
		{"a copy", one, []string{"a", "b", "c", "one"}, true},
		{"another copy", two, []string{"a", "b", "c", "two"}, false},
	} {
		closed = nil
		err := test.model.Close()
		check(t, "closed by "+test.name, test.closed, closed)
		if !errors.Is(err, boom) || errors.Is(err, bang) != test.bang {
			t.Errorf("Close of %s: %v; want boom in it, and bang: %t", test.name, err, test.bang)
		}
	}
}

func TestOneModelServesManyGoroutines(t *testing.T) {
	model := llm.New(fake(func(_ context.Context, call *llm.Call) llm.Events {
		question := call.Request.Messages[len(call.Request.Messages)-1].Text()
		return script(start(question), text("re: "), text(question), done())
	}), "tiny", llm.WithDefaults(llm.Request{Messages: []llm.Message{llm.System("s")}, Options: []llm.Options{fakeOptions("a")}}),
		llm.WithMiddleware(llm.MiddlewareFunc(func(next llm.Handler) llm.Handler { return next })))
	shared := llm.Prompt("shared")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			question := strconv.Itoa(i)
			own := llm.Prompt(question)
			resp, err := model.With(llm.WithName("n"+question)).Generate(t.Context(), own)
			if err != nil || resp.Text() != "re: "+question || resp.ID != question {
				t.Errorf("question %s got the answer %+v (%v)", question, resp, err)
			}
			var got string
			for text, err := range model.Stream(t.Context(), shared).Text() {
				if err != nil {
					t.Error(err)
				}
				got += text
			}
			if got != "re: shared" {
				t.Errorf("the shared question got the answer %q", got)
			}
		})
	}
	wg.Wait()
}

func TestModelAnswersAnothersCallUnderItsOwnName(t *testing.T) {
	var notes []string
	var asked *llm.Call
	model := llm.New(fake(func(_ context.Context, call *llm.Call) llm.Events {
		asked = call
		return failing(errors.New("broken"), llm.Event{Type: llm.EventStart, Detail: &llm.Start{ID: "1"}})
	}), "small", llm.WithMiddleware(noting(&notes, "a")), llm.WithDefaults(llm.Request{
		Messages: []llm.Message{llm.System("Be short.")}, MaxTokens: 5, TopK: new(3),
	}))
	call := &llm.Call{Op: llm.OpChat, Provider: "other", Model: "large", Request: llm.Prompt("Hi"), Buffered: true}
	call.Request.MaxTokens = 7

	events, err := read(model.Do(t.Context(), call))

	want := &llm.Call{Op: llm.OpChat, Provider: "fake", Model: "small", Request: llm.Prompt("Hi"), Buffered: true}
	want.Request.MaxTokens, want.Request.TopK = 7, new(3)
	check(t, "call", want, asked)
	check(t, "call that was handed on", "other/large", call.Provider+"/"+call.Model)
	check(t, "middleware", []string{"a", "/a"}, notes)
	check(t, "provider of the start", "fake", events[0].Detail.(*llm.Start).Provider)
	check(t, "provider of the error", "fake", asError(t, err).Provider)
}

// nilHandler is a middleware that forgets to return a handler.
type nilHandler struct{}

func (nilHandler) Wrap(llm.Handler) llm.Handler { return nil }

func TestMiddlewareWithoutHandlerIsAnError(t *testing.T) {
	var nilFunc llm.MiddlewareFunc
	for name, middleware := range map[string][]llm.Middleware{
		"inside":          {nilHandler{}},
		"around another":  {nilHandler{}, nilFunc, nil},
		"inside of a nil": {nil, nilFunc, (*nilHandler)(nil), nilHandler{}},
	} {
		m := llm.New(fake(nil), "m", llm.WithMiddleware(middleware...))
		_, err := m.Generate(t.Context(), llm.Prompt("x"))
		if llm.KindOf(err) != llm.InvalidRequest || !strings.Contains(err.Error(), "llm_test.nilHandler returned a nil handler") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}
