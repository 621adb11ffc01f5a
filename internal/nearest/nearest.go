// Package nearest finds the name that a misspelt name probably means.
package nearest

import (
	"strings"
	"unicode/utf8"
)

// Of returns the valid name with the smallest number of edits to name, ignoring case, and
// that number. An edit inserts, deletes or changes a letter, or swaps two adjacent ones. If
// more than half of the name would have to change, Of returns "".
func Of(name string, valid []string) (match string, edits int) {
	edits = len(name)/2 + 1
	for _, v := range valid {
		if max(len(name)-utf8.UTFMax*len(v), len(v)-utf8.UTFMax*len(name)) >= edits { // too different, and the comparison takes time
			continue
		}
		if d := Distance(strings.ToLower(name), strings.ToLower(v)); d < edits {
			match, edits = v, d
		}
	}
	return match, edits
}

// Distance returns the number of edits that turn a into b. An edit is the same as for [Of].
func Distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		next := make([]int, len(y)+1)
		next[0] = i
		for j := 1; j <= len(y); j++ {
			change := 1
			if x[i-1] == y[j-1] {
				change = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+change)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
