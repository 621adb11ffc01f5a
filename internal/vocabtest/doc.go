// Package vocabtest writes small vocabulary files in the formats that package tokens
// reads. It is for the tests of that package, and for tests that compare it with other
// tokenizers.
package vocabtest
