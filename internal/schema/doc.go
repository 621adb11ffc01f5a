// Package schema reads JSON Schemas that strangers wrote, validates instances that models
// wrote, and translates schemas for backends that accept only a part of JSON Schema.
//
// [Parse] reads a schema within [Limits]. It resolves every reference and refuses circles,
// so that no later step can run forever. Package googletype does the same for the schema type
// of github.com/google/jsonschema-go.
//
// A [Validator] reports every finding with its path in the instance. Its results for valid
// and invalid instances equal those of jsonschema-go, with three differences: numbers are
// exact, duplicate keys are findings, and time and output are limited.
//
// A [Profile] says which part of JSON Schema a backend accepts. [Schema.For] translates a
// schema to a profile, and [Translation.Back] translates the answer to the original schema.
//
// # Duplicate keys
//
// A duplicate key is an error in a schema and a finding in an instance. JSON parsers differ
// in the value they take: encoding/json takes the last one, others the first. A value that
// passed validation could therefore differ from the value that a program decodes.
//
// # Drafts
//
// A schema with a $schema of draft-07 is read as draft-07. Any other schema is read as
// draft 2020-12. Many tools declare no $schema and use keywords of draft-07, so without a
// $schema an array of items and dependencies mean the same as in draft-07. Remote references
// are refused: nothing is downloaded.
package schema
