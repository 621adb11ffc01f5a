package vocabtest

import "encoding/json"

// Object is an object of a tokenizer.json.
type Object = map[string]any

// JSON returns a tokenizer.json with these parts.
func JSON(parts Object) []byte {
	data, err := json.Marshal(parts)
	if err != nil {
		panic(err) // maps, slices, strings and numbers alone
	}
	return data
}

// IDs returns the ids of tokens by their names, as model.vocab has them.
func IDs(list []string) map[string]int {
	byName := make(map[string]int, len(list))
	for id, token := range list {
		byName[token] = id
	}
	return byName
}

// Added returns the special tokens with these names, whose ids begin with first,
// as added_tokens has them.
func Added(names []string, first int) []Object {
	list := make([]Object, len(names))
	for i, name := range names {
		list[i] = Object{"id": first + i, "content": name, "special": true, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}
	}
	return list
}

// ByteNames returns the tokens of the 256 bytes as byte-level vocabularies spell
// them: printable bytes are the characters of their number, the others the
// characters from U+0100 on.
// https://github.com/openai/gpt-2/blob/master/src/encoder.py, bytes_to_unicode
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

// Spell returns text in the letters of byte-level vocabularies.
func Spell(text string) string {
	names := ByteNames()
	spelled := ""
	for i := range len(text) {
		spelled += names[text[i]]
	}
	return spelled
}
