package split

import "unicode/utf8"

// contraction returns the length of the English contraction that s begins with, or 0:
// (?i:'s|'t|'re|'ve|'m|'ll|'d). If case is ignored, 's' also matches 'ſ', U+017F.
func contraction(s string) int {
	if len(s) < 2 || s[0] != '\'' {
		return 0
	}
	switch s[1] {
	case 's', 't', 'm', 'd', 'S', 'T', 'M', 'D':
		return 2
	case 0xC5: // U+017F is C5 BF
		if len(s) > 2 && s[2] == 0xBF {
			return 3
		}
	case 'r', 'v', 'R', 'V':
		if len(s) > 2 && s[2]|0x20 == 'e' {
			return 3
		}
	case 'l', 'L':
		if len(s) > 2 && s[2]|0x20 == 'l' {
			return 3
		}
	}
	return 0
}

// asciiContraction is contraction without 'ſ'.
func asciiContraction(s string) int {
	if len(s) > 1 && s[1] >= utf8.RuneSelf {
		return 0
	}
	return contraction(s)
}

// smallContraction returns the length of the lower-case English contraction that s begins
// with, or 0.
func smallContraction(s string) int {
	if s[0] != '\'' || len(s) < 2 {
		return 0
	}
	switch s[1] {
	case 's', 't', 'm', 'd':
		return 2
	case 'r', 'v':
		if len(s) > 2 && s[2] == 'e' {
			return 3
		}
	case 'l':
		if len(s) > 2 && s[2] == 'l' {
			return 3
		}
	}
	return 0
}
