// Package gotype describes Go types as JSON Schemas, and decodes JSON into Go values while
// it arrives.
//
// [Schema] returns the schema of the JSON that encoding/json reads and writes for a type,
// except that a [time.Duration] is text such as "1h30m". [Decoder] fills a value piece by
// piece.
//
// # Tags
//
// These tags of a field restrict its values. They apply to the items of a slice and to the
// values of a map where the type of the field itself cannot have them.
//
//	desc:"the city, in English"   description; jsonschema:"…" is read too
//	enum:"celsius,fahrenheit"     allowed values, separated by commas
//	min:"1" max:"10"              numbers: bounds; strings: length in characters; lists and maps: size
//	pattern:"^[a-z]+$"            regular expression for a string
//	format:"email"                format of a string
//	default:"celsius"             value if the member is absent; makes the field optional
//	required:"true"               makes a pointer or an omitempty field required, or "false"
//
// A type with a method Enum() []T, T being the type, has these values as its enum. A type
// that implements [json.Marshaler] needs a method JSONSchema() json.RawMessage.
package gotype
