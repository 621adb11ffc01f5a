// Package split cuts a text into the pieces that byte-pair encoding merges
// within: what the regular expression of a tokenizer does, written by hand.
//
// Each pattern is the expression in its comment, matched again and again from
// the left with the first alternative that fits, as a backtracking engine
// would. The Unicode classes are those of the reference, not those of the Go
// release: see testdata/README.md.
package split

// A Pattern returns the length in bytes of the first piece of a text, which
// must not be empty. The piece is never empty and ends at the end of a
// character; an invalid byte is treated as the U+FFFD that it becomes on the
// wire. A Pattern may look ahead as far as it needs to, but over a whole text
// the work is proportional to its length. It does not allocate and may be
// called by any number of goroutines at once.
type Pattern func(text string) int
