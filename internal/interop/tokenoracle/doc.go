// Package tokenoracle contains tests that compare the tokens found by package tokens with
// those found by tokenizers of other authors.
//
// By default the tests take well under a minute. With PARLEY_ORACLE=full they compare a
// million generated texts for each encoding, and 50 MB of text found on the machine:
//
//	PARLEY_ORACLE=full go test -count=1 -timeout=2h -v ./tokenoracle
package tokenoracle
