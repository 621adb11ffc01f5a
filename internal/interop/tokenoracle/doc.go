// Package tokenoracle holds tests that ask whether package tokens and
// tokenizers that others wrote find the same tokens, one for one.
//
// The tests compare as much as takes well under a minute; with
// PARLEY_ORACLE=full they compare a million made-up texts for each encoding and
// 50 MB of text found on the machine:
//
//	PARLEY_ORACLE=full go test -count=1 -timeout=2h -v ./tokenoracle
package tokenoracle
