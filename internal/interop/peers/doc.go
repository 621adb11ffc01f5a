// Package peers compares the results of vendors' Go clients with those of this library if
// a server sends the same faulty reply to both. Its test prints the table in
// docs/peers.md.
//
//	go test ./peers -v                      # in internal/interop
//	PARLEY_UPDATE=1 go test ./peers         # updates docs/peers.md
package peers
