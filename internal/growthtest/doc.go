// Package growthtest checks that the time and the memory for reading a reply grow with the
// size of the reply and not faster. It is for the tests of the providers.
//
// The replies are generated from the wire struct of an operation by reflection: one for each
// list, string, number and map that a server controls, in several forms. So a new field of a
// wire struct is covered without a line of test.
package growthtest
