// Package npmtest runs tokenizers from npm, written by other authors, and returns the
// tokens that they find in a text.
//
// It needs Node.js and npm. If they are missing, tests fail; they are never skipped.
package npmtest
