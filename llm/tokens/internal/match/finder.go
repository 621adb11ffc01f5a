package match

import "strings"

// Finder finds names in text, such as "<tool_call>". It is immutable; any number
// of goroutines may use it.
type Finder struct {
	ids     map[string]int
	first   [256]uint16 // by the byte that a name begins with: one more than its place in lengths; 0: no name does
	lengths [][]int     // of the names that begin with a byte, descending
	only    int         // the one byte that all names begin with, or -1
}

// NewFinder returns a finder of names, given with their ids. An empty name is
// never found. The map is the finder's from now on.
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

// insert inserts a length into a list in descending order, once.
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

// Next returns the first name in text, the longest if several begin there: from
// where to where, and its id. The start is -1 if there is none that begins before
// limit. If fits is not nil, it is asked about each name, given with the text
// that follows, and one for which it reports false is passed over.
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
