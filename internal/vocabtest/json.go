package vocabtest

import "encoding/json"

// Object is a JSON object in a tokenizer.json.
type Object = map[string]any

// JSON returns a tokenizer.json with the given members.
func JSON(parts Object) []byte {
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // cannot happen for maps, slices, strings and numbers
	}
	return data
}

// IDs returns a list of tokens as an object with the ids by token, the format of
// model.vocab.
func IDs(list []string) map[string]int {
	byName := make(map[string]int, len(list))
	for id, token := range list {
		byName[token] = id
	}
	return byName
}

// Added returns special tokens with the given names and consecutive ids from first, in
// the format of added_tokens.
func Added(names []string, first int) []Object {
	list := make([]Object, len(names))
	for i, name := range names {
		list[i] = Object{"id": first + i, "content": name, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
	}
	return list
}

// ByteNames returns the tokens of the 256 bytes in byte-level vocabularies. Printable
// bytes are written as the character with the same number, and other bytes as characters
// from U+0100 on. https://github.com/openai/gpt-2/blob/master/src/encoder.py,
// bytes_to_unicode
func ByteNames() [256]string {
	var names [256]string
	next := rune(0x100)
	for b := range names {
		if '!' <= b && b <= '~' || 0xa1 <= b && b <= 0xac || 0xae <= b {
			names[b] = string(rune(b))
		} else {
			names[b] = string(next)
			next++
		}
	}
	return names
}

// Spell returns text in the alphabet of byte-level vocabularies.
func Spell(text string) string {
	names := ByteNames()
	spelled := ""
	for i := range len(text) {
		spelled += names[text[i]]
	}
	return spelled
}
