// Package peers compares what each vendor's own Go client hands its user with
// what this library does, when one server plays the same faults to both. Its
// test prints the table that is kept in docs/peers.md.
//
//	go test ./peers -v                      # in internal/interop
//	PARLEY_UPDATE=1 go test ./peers         # writes docs/peers.md anew
package peers
