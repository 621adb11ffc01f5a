package chattemplate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ardanlabs/jinja"
)

const (
	maxWork   = 64 << 20 // bytes written and steps made by one rendering
	maxTime   = 2 * time.Second
	maxMacros = 100    // macros inside each other
	maxRange  = 10_000 // numbers of one range
	maxDepth  = 100    // lists and objects inside each other
)

var errWork = errors.New("the template does more work than is accepted")

// budget bounds one rendering. The template calls its functions, see guard.
type budget struct {
	ctx        context.Context
	end        time.Time
	work       int
	macros     int
	namespaces map[*jinja.Dict]bool
}

func newBudget(ctx context.Context) *budget {
	return &budget{ctx: ctx, end: time.Now().Add(maxTime), work: maxWork, namespaces: make(map[*jinja.Dict]bool)}
}

// spend takes n from the budget.
func (b *budget) spend(n int) error {
	if b.work -= n + 1; b.work < 0 {
		return errWork
	}
	if b.ctx.Err() != nil {
		return context.Cause(b.ctx)
	}
	if time.Now().After(b.end) {
		return fmt.Errorf("the template takes more than %v", maxTime)
	}
	return nil
}

// function is a function that a template can call with one argument.
func function(name string, f func(v jinja.Value) (jinja.Value, error)) jinja.Value {
	return jinja.NewCallable(name, func(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
		if len(args) != 1 {
			return jinja.Undefined(), fmt.Errorf("%s: %d arguments", name, len(args))
		}
		return f(args[0])
	})
}

// functions returns the functions that guard inserts, and those that replace the engine's. texts
// are the texts of the template.
func (b *budget) functions(texts []jinja.Value) map[string]jinja.Value {
	nothing := jinja.None()
	return map[string]jinja.Value{
		textName: function(textName, func(v jinja.Value) (jinja.Value, error) {
			text := texts[v.AsInt()]
			return text, b.spend(len(text.AsString()))
		}),
		stepName: function(stepName, func(jinja.Value) (jinja.Value, error) {
			return nothing, b.spend(0)
		}),
		enterName: function(enterName, func(jinja.Value) (jinja.Value, error) {
			if b.macros++; b.macros > maxMacros {
				return nothing, errors.New("macros call each other without an end")
			}
			return nothing, b.spend(0)
		}),
		leaveName: function(leaveName, func(jinja.Value) (jinja.Value, error) {
			b.macros--
			return nothing, nil
		}),
		valueName: function(valueName, func(v jinja.Value) (jinja.Value, error) {
			return v, b.spend(b.size(v, false))
		}),
		fieldName: function(fieldName, func(v jinja.Value) (jinja.Value, error) {
			if b.hasNamespace(v, 0) {
				return v, errors.New("a namespace inside a namespace is not supported")
			}
			return v, b.spend(b.size(v, false))
		}),
		shownName: function(shownName, func(v jinja.Value) (jinja.Value, error) {
			return v, b.spend(b.size(v, true))
		}),
		"range":     jinja.NewCallable("range", b.numbers),
		"namespace": jinja.NewCallable("namespace", b.namespace),
		jsonName:    jinja.NewCallable("tojson", indentedJSON),
	}
}

// size returns about the number of bytes of a value. The elements of a value that is not shown
// are shared, and are not counted, but their number is.
func (b *budget) size(v jinja.Value, shown bool) int {
	n := 0
	var walk func(v jinja.Value, depth int)
	walk = func(v jinja.Value, depth int) {
		if n > maxWork {
			return
		}
		if depth > maxDepth {
			n = maxWork + 1
			return
		}
		n++
		switch {
		case v.IsString():
			if shown || depth == 0 {
				n += len(v.AsString())
			}
		case v.IsList():
			for _, item := range v.AsList().Items {
				walk(item, depth+1)
			}
		case v.IsDict():
			d := v.AsDict()
			for _, key := range d.Keys {
				n += len(key)
				walk(d.Data[key], depth+1)
			}
		}
	}
	walk(v, 0)
	return n
}

// hasNamespace reports whether a value is or contains a namespace. A namespace could then
// contain itself.
func (b *budget) hasNamespace(v jinja.Value, depth int) bool {
	if depth > maxDepth {
		return true
	}
	switch {
	case v.IsList():
		for _, item := range v.AsList().Items {
			if b.hasNamespace(item, depth+1) {
				return true
			}
		}
	case v.IsDict():
		if b.namespaces[v.AsDict()] {
			return true
		}
		for _, item := range v.AsDict().Data {
			if b.hasNamespace(item, depth+1) {
				return true
			}
		}
	}
	return false
}

// namespace is the engine's function, with a record of the namespaces.
func (b *budget) namespace(args []jinja.Value, kwargs map[string]jinja.Value) (jinja.Value, error) {
	v := jinja.NewDict()
	for key, value := range kwargs {
		v.AsDict().Set(key, value)
	}
	if b.work -= len(kwargs); b.work < 0 {
		return v, errWork
	}
	b.namespaces[v.AsDict()] = true
	return v, nil
}

// numbers is range with a limit.
func (b *budget) numbers(args []jinja.Value, _ map[string]jinja.Value) (jinja.Value, error) {
	bounds := []int64{0, 0, 1}
	for i, v := range args {
		if len(args) > len(bounds) || !v.IsInt() && !v.IsFloat() {
			return jinja.Undefined(), errors.New("range: want one to three numbers")
		}
		n := int64(0)
		if v.IsInt() {
			n = v.AsInt()
		} else {
			n = int64(v.AsFloat())
		}
		if len(args) == 1 {
			bounds[1] = n
		} else {
			bounds[i] = n
		}
	}
	start, stop, step := bounds[0], bounds[1], bounds[2]
	if step == 0 {
		return jinja.Undefined(), errors.New("range: the step is zero")
	}
	var items []jinja.Value
	for n := start; step > 0 && n < stop || step < 0 && n > stop; n += step {
		if len(items) == maxRange {
			return jinja.Undefined(), fmt.Errorf("range: more than %d numbers", maxRange)
		}
		items = append(items, jinja.NewInt(n))
	}
	return jinja.NewList(items), b.spend(len(items))
}
