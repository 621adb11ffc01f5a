// Package vocabtest writes small files of the forms that vocabularies come in,
// for the tests of package tokens and those that compare it with others.
package vocabtest
