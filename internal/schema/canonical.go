package schema

import (
	"slices"
	"strconv"
)

// canonical appends a text that is equal for equal values only.
func canonical(b []byte, v *value) []byte {
	if key, ok := scalarKey(v); ok {
		b = append(b, key[0])
		b = strconv.AppendInt(b, int64(len(key)-1), 10)
		b = append(b, ':')
		return append(b, key[1:]...)
	}
	order := make([]int, len(v.list.values))
	for i := range order {
		order[i] = i
	}
	open := byte('[')
	if v.kind == kindObject {
		open = '{'
		slices.SortStableFunc(order, func(i, j int) int { return compareText(v.list.names[i], v.list.names[j]) })
	}
	b = append(b, open)
	for _, i := range order {
		if v.kind == kindObject {
			name := newString(v.list.names[i])
			b = canonical(b, &name)
		}
		b = canonical(b, &v.list.values[i])
	}
	return append(b, ']')
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
