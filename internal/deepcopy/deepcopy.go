// Package deepcopy copies values with everything that they refer to, so that changes of a
// copy do not show in the original.
package deepcopy

import (
	"reflect"
)

// Of returns a copy of v that shares no pointer, slice or map with v. Errors, functions,
// channels and unexported fields are shared. The value must not contain itself.
func Of[T any](v T) T {
	copied := v
	deepen(reflect.ValueOf(&copied).Elem())
	return copied
}

var errorType = reflect.TypeFor[error]()

// deepen replaces everything that v refers to by a copy.
func deepen(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !v.Type().Implements(errorType) {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			deepen(fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Interface:
		if !v.IsNil() && !v.Type().Implements(errorType) {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			deepen(fresh)
			v.Set(fresh)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(fresh, v)
		if refers(v.Type().Elem().Kind()) {
			for i := range fresh.Len() {
				deepen(fresh.Index(i))
			}
		}
		v.Set(fresh)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			value := reflect.New(v.Type().Elem()).Elem()
			value.Set(it.Value())
			deepen(value)
			fresh.SetMapIndex(it.Key(), value)
		}
		v.Set(fresh)
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && refers(f.Kind()) {
				deepen(f)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			deepen(v.Index(i))
		}
	}
}

// refers reports whether values of a kind can refer to other values that can change.
func refers(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Struct, reflect.Array:
		return true
	}
	return false
}
