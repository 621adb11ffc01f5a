package texts

// Shrink returns a text as short as can be found that still fails, given one
// that does: no part of it can be left out, and no character be replaced by a
// simple one.
func Shrink(text string, fails func(string) bool) string {
	runes := []rune(text)
	for size := len(runes); size > 0; {
		if next, ok := without(runes, size, fails); ok {
			runes = next
			size = min(size, len(runes))
			continue
		}
		size /= 2
	}
	for i, r := range runes {
		for _, simple := range "a A0.\n" {
			if r == simple {
				break
			}
			runes[i] = simple
			if fails(string(runes)) {
				break
			}
			runes[i] = r
		}
	}
	return string(runes)
}

// without tries to leave out size characters somewhere.
func without(runes []rune, size int, fails func(string) bool) ([]rune, bool) {
	for at := 0; at < len(runes); at += size {
		rest := append(append([]rune(nil), runes[:at]...), runes[min(at+size, len(runes)):]...)
		if fails(string(rest)) {
			return rest, true
		}
	}
	return nil, false
}
