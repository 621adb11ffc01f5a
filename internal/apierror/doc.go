// Package apierror reads the errors that servers report in a reply, and classifies them.
//
// [Read] reads an error in all formats that are known, with the causes that are nested in it.
// [Find] does the same for a reply with a status of success, in which most values are not
// errors. [Error.Kind] determines the kind from one table, which all dialects share:
//
//   - codes.go has the codes and types of servers,
//   - texts.go has parts of messages, for servers that have no code,
//   - kindOfStatus has the HTTP statuses.
//
// A new code or text is one row with its source. A new member of an error object is one field
// of the struct object.
package apierror
