package vocab

// byteOfRune is GPT-2's alphabet for byte-level vocabularies. Printable bytes are written
// as the character with the same number, and other bytes as characters from U+0100 on.
// https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode
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

// bytes returns the bytes that a token is written for. It reports false if a character of
// the token does not stand for a byte.
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

// spellBytes replaces each token by its bytes, and each token that is not made from text
// by "". A token of a type other than Normal counts as made from text only if a merge
// uses or makes it.
func (v *Vocabulary) spellBytes() {
	made := v.made()
	alphabet := newByteOfRune()
	for id, token := range v.Tokens {
		bytes, ok := alphabet.bytes(token)
		if !ok || v.Types[id] != Normal && v.Types[id] != Unused && !made[int32(id)] {
			bytes = ""
		}
		v.Tokens[id] = bytes
	}
}

// made returns the tokens of types other than Normal and Unused that merges use or make.
func (v *Vocabulary) made() map[int32]bool {
	unusual := make(map[string]int32)
	for id, typ := range v.Types {
		if typ != Normal && typ != Unused {
			unusual[v.Tokens[id]] = int32(id)
		}
	}
	made := make(map[int32]bool)
	var joined []byte
	for _, pair := range v.Merges {
		for _, part := range pair {
			if typ := v.Types[part]; typ != Normal && typ != Unused {
				made[part] = true
			}
		}
		joined = append(append(joined[:0], v.Tokens[pair[0]]...), v.Tokens[pair[1]]...)
		if id, ok := unusual[string(joined)]; ok {
			made[id] = true
		}
	}
	return made
}
