package texts

// Shrink shortens a text while fails still returns true for it. It removes parts and
// replaces characters by simple ones. fails must return true for the given text.
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

// without tries to remove size consecutive characters.
func without(runes []rune, size int, fails func(string) bool) ([]rune, bool) {
	for at := 0; at < len(runes); at += size {
		rest := append(append([]rune(nil), runes[:at]...), runes[min(at+size, len(runes)):]...)
		if fails(string(rest)) {
			return rest, true
		}
	}
	return nil, false
}
