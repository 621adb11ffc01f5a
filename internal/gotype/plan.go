package gotype

import (
	"encoding/json"
	"reflect"
	"sync"
	"time"
)

// form is the way in which a [Decoder] fills a type.
type form uint8

const (
	formSkipped   form = iota // the value is not used
	formText                  // a string that grows
	formWholeText             // a string that appears when it is complete
	formBool
	formInt
	formUint
	formFloat
	formStruct
	formSlice
	formArray
	formMap
	formDuration
	formQuoted // has the option ",string"
	formRaw    // is decoded by encoding/json when it is complete
)

// plan says how values of a type are decoded. Plans of recursive types refer to themselves.
type plan struct {
	form     form
	typ      reflect.Type // without pointers
	pointers int          // pointers around typ
	elem     *plan        // of a slice, an array or a map
	fields   map[string]*fieldPlan
	defaults []*fieldPlan // of fields with a default
	numbers  int          // number of fields
}

// fieldPlan is a field of a struct.
type fieldPlan struct {
	*plan
	number   int
	index    []int
	fallback json.RawMessage // the default
}

// skipped is the plan of a value without a place.
var skipped = &plan{}

type planKey struct {
	typ   reflect.Type
	whole bool // strings in it appear when they are complete
}

var planCache sync.Map // planKey to *plan

// planOf returns the plan of a type that has a schema.
func planOf(t reflect.Type, whole bool) *plan {
	if known, ok := planCache.Load(planKey{t, whole}); ok {
		return known.(*plan)
	}
	made := map[planKey]*plan{}
	p := makePlan(t, whole, made)
	known, _ := planCache.LoadOrStore(planKey{t, whole}, p)
	return known.(*plan)
}

func makePlan(t reflect.Type, whole bool, made map[planKey]*plan) *plan {
	key := planKey{t, whole}
	if p := made[key]; p != nil {
		return p
	}
	p := &plan{}
	made[key] = p
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
		p.pointers++
	}
	p.typ = t
	switch k := t.Kind(); {
	case t == reflect.TypeFor[time.Duration]():
		p.form = formDuration
	case opaque(t), isBytes(t), k == reflect.Interface:
		p.form = formRaw
	case k == reflect.String:
		_, isEnum, err := enumMethod(t, "")
		p.form = formText
		if whole || isEnum || err != nil {
			p.form = formWholeText
		}
	case k == reflect.Bool:
		p.form = formBool
	case k >= reflect.Int && k <= reflect.Int64:
		p.form = formInt
	case isInteger(k):
		p.form = formUint
	case k == reflect.Float32, k == reflect.Float64:
		p.form = formFloat
	case k == reflect.Struct:
		p.form = formStruct
		p.addFields(t, made)
	case k == reflect.Slice, k == reflect.Array, k == reflect.Map:
		p.form = map[reflect.Kind]form{reflect.Slice: formSlice, reflect.Array: formArray, reflect.Map: formMap}[k]
		p.elem = makePlan(t.Elem(), whole, made)
	}
	return p
}

func (p *plan) addFields(t reflect.Type, made map[planKey]*plan) {
	fields := fieldsOf(t)
	p.fields, p.numbers = make(map[string]*fieldPlan, len(fields)), len(fields)
	for i, f := range fields {
		whole := false
		for _, tag := range []string{"enum", "format", "pattern"} {
			_, ok := f.tag.Lookup(tag)
			whole = whole || ok
		}
		fp := &fieldPlan{plan: makePlan(f.typ, whole, made), number: i, index: f.index}
		if f.quoted {
			quoted := *fp.plan
			quoted.form = formQuoted
			fp.plan = &quoted
		}
		if text, ok := f.tag.Lookup("default"); ok {
			fp.fallback = json.RawMessage(text)
			if s, err := (&walk{root: t}).of(f.typ, ""); err == nil {
				if raw, err := literal(s, text); err == nil && !f.quoted {
					fp.fallback = raw
				}
			}
			p.defaults = append(p.defaults, fp)
		}
		p.fields[f.name] = fp
	}
}
