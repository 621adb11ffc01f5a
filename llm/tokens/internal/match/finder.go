package match

import "strings"

// Finder finds names in text, for example "<tool_call>". It is immutable and safe for
// concurrent use.
type Finder struct {
	ids     map[string]int
	first   [256]uint16 // by first byte of a name: its index in lengths plus one; 0 if no name begins with the byte
	lengths [][]int     // lengths of the names with one first byte, descending
	only    int         // the first byte that all names share, or -1
}

// NewFinder returns a finder for names, given as a map from name to id. Empty names are
// ignored. The Finder keeps the map; the caller must not change it.
func NewFinder(ids map[string]int) *Finder {
	f := &Finder{ids: ids, only: -1}
	for name := range ids {
		if name == "" {
			continue
		}
		c := name[0]
		if f.first[c] == 0 {
			f.lengths = append(f.lengths, nil)
			f.first[c] = uint16(len(f.lengths))
			f.only = int(c)
		}
		of := &f.lengths[f.first[c]-1]
		*of = insert(*of, len(name))
	}
	if len(f.lengths) > 1 {
		f.only = -1
	}
	return f
}

// insert adds a length to a list in descending order if it is not in it yet.
func insert(lengths []int, n int) []int {
	i := 0
	for i < len(lengths) && lengths[i] > n {
		i++
	}
	if i < len(lengths) && lengths[i] == n {
		return lengths
	}
	return append(lengths[:i], append([]int{n}, lengths[i:]...)...)
}

// Next returns the start, end and id of the first name in text that begins before limit.
// If several names begin at the same position, the longest wins. The start is -1 if there
// is no match. If fits is not nil, Next skips names for which fits returns false; rest is
// the text after the name.
func (f *Finder) Next(text string, limit int, fits func(id int, rest string) bool) (start, end, id int) {
	for i := 0; i < limit; i++ {
		if f.only >= 0 {
			n := strings.IndexByte(text[i:limit], byte(f.only))
			if n < 0 {
				break
			}
			i += n
		}
		of := f.first[text[i]]
		if of == 0 {
			continue
		}
		for _, n := range f.lengths[of-1] {
			if len(text)-i < n {
				continue
			}
			id, ok := f.ids[text[i:i+n]]
			if ok && (fits == nil || fits(id, text[i+n:])) {
				return i, i + n, id
			}
		}
	}
	return -1, -1, 0
}
