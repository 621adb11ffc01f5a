// Package split cuts a text into the pieces within which byte-pair encoding merges. It
// replaces the regular expression of a tokenizer by handwritten code.
//
// Each pattern implements the expression in its comment. The expression is matched
// repeatedly from the left with the first alternative that fits, like in a backtracking
// engine. The Unicode classes are those of the reference implementation, not those of the
// Go release: see testdata/README.md.
package split

// A Pattern returns the length in bytes of the first piece of a text. The text must not
// be empty. The piece is never empty and ends at the end of a character. An invalid byte
// is treated as the U+FFFD that replaces it in a request. A Pattern may look ahead as far
// as necessary, and the total work for a text is proportional to its length. It does not
// allocate and is safe for concurrent use.
type Pattern func(text string) int
