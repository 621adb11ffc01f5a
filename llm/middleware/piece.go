package middleware

import (
	"context"
	"reflect"
	"sync"

	"github.com/parley-llm/parley/llm"
)

// live is the part of a piece of middleware that exists while it is in use: its checked
// settings and its state, as T. It is made at the first call, so that the zero value of a
// piece is ready to use. Its sync.Once makes go vet report copies of the piece.
type live[T any] struct {
	once  sync.Once
	state T
	err   error
}

// get returns the state, made by open at the first call.
func (l *live[T]) get(open func() (T, error)) (T, error) {
	l.once.Do(func() { l.state, l.err = open() })
	return l.state, l.err
}

// runFunc answers a call: it sends the events to yield.
type runFunc[T any] func(state T, ctx context.Context, call *llm.Call, next llm.Handler, yield func(llm.Event, error) bool)

// wrap returns the handler of a piece. It refuses every call if the settings are invalid,
// and a call without a request, which [llm.Model] never makes. The run functions can rely
// on both.
func wrap[T any](l *live[T], open func() (T, error), run runFunc[T], next llm.Handler) llm.Handler {
	return func(ctx context.Context, call *llm.Call) llm.Events {
		return func(yield func(llm.Event, error) bool) {
			state, err := l.get(open)
			if err == nil {
				err = call.Validate()
			} else {
				err = settingsError(call, err)
			}
			if err != nil {
				yield(llm.Event{}, err)
				return
			}
			run(state, ctx, call, next, yield)
		}
	}
}

// settingsError is the error of a call through a piece whose settings are invalid.
func settingsError(call *llm.Call, invalid error) error {
	e := &llm.Error{Kind: llm.InvalidRequest, Message: messageOf(invalid), Err: invalid}
	if call != nil {
		e.Provider, e.Model, e.Op = call.Provider, call.Model, call.Op
	}
	return e
}

// fixed returns a new piece with the exported fields of another one, and copies of their
// slices and maps. The state of a piece uses it, so that defaults can be filled in, and later
// changes of the original have no effect. Pointers, functions and interfaces are not copied:
// they refer to models, stores and state that the piece must share.
func fixed[T any](piece *T) *T {
	copied := new(T)
	from, to := reflect.ValueOf(piece).Elem(), reflect.ValueOf(copied).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(cloned(from.Field(i)))
		}
	}
	return copied
}

// cloned returns a copy of a setting that shares no slice and no map with it.
func cloned(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			list.Index(i).Set(cloned(v.Index(i)))
		}
		return list
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		m := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			m.SetMapIndex(key, cloned(value))
		}
		return m
	case reflect.Struct:
		s := reflect.New(v.Type()).Elem()
		s.Set(v)
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.Field(i).Set(cloned(v.Field(i)))
			}
		}
		return s
	}
	return v
}
