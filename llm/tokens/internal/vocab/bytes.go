package vocab

// byteOfRune is GPT-2's alphabet, in which byte-level vocabularies are spelled:
// printable bytes are the characters of their number, the others the characters
// from U+0100 on. https://github.com/openai/gpt-2/blob/master/src/encoder.py,
// bytes_to_unicode
type byteOfRune [0x144]int16

func newByteOfRune() *byteOfRune {
	a := new(byteOfRune)
	for r := range a {
		a[r] = -1
	}
	next := 0x100
	for b := range 256 {
		if '!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b {
			a[b] = int16(b)
		} else {
			a[next] = int16(b)
			next++
		}
	}
	return a
}

// bytes returns the bytes that a token is spelled for. It reports false if one of
// the token's characters stands for no byte.
func (a *byteOfRune) bytes(token string) (string, bool) {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		if int(r) >= len(a) || a[r] < 0 {
			return "", false
		}
		b = append(b, byte(a[r]))
	}
	return string(b), true
}

// spellBytes replaces each token by the bytes it is spelled for, and by nothing
// the tokens that are not made from text or are spelled otherwise: those that
// keep reports true for stay what they are.
func (v *Vocabulary) spellBytes(keep func(id int) bool) {
	alphabet := newByteOfRune()
	for id, token := range v.Tokens {
		bytes, ok := alphabet.bytes(token)
		if !ok || !keep(id) {
			bytes = ""
		}
		v.Tokens[id] = bytes
	}
}
