// Package interop contains tests against programs of other authors: real model servers,
// vendors' clients, and tokenizers from npm.
//
// It is a separate module, so that its dependencies are not dependencies of the library.
// The tests are never skipped. They fail if a server cannot be built or a tokenizer
// cannot be installed.
package interop
