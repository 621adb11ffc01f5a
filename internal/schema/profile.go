package schema

import "strings"

// Profile says which part of JSON Schema a backend accepts. A profile is data: [Schema.For]
// has no code for a particular backend. The zero value of a field is the permissive one,
// except for Keywords.
type Profile struct {
	// Name identifies the profile, for example "openai-strict". Warnings and errors have it.
	Name string
	// Source says where the facts come from.
	Source string

	// Hint is true if the backend accepts every schema and enforces none. The schema is sent
	// unchanged, and the answer must be validated.
	Hint bool
	// FailsOpen says in which cases the backend ignores the schema and still answers with
	// status 200. Empty means that no such case is known.
	FailsOpen string
	// PromptToo is true if the prompt should contain the schema as well.
	PromptToo bool

	// ObjectRoot is true if the root must be an object and no union. Other roots are wrapped
	// as {"value": …}.
	ObjectRoot bool
	// AllRequired is true if every property must be required. Optional properties become
	// nullable.
	AllRequired bool
	// Closed is true if every object needs additionalProperties false. Maps become arrays of
	// {"key": …, "value": …}.
	Closed bool
	// Typed is true if every subschema needs a type. A schema that accepts any value cannot be
	// expressed then. A type that follows from other keywords is always added.
	Typed bool
	// OneType is true if type must not be a list.
	OneType bool
	// Null is the form in which a nullable value is written.
	Null NullForm

	// Refs says where $ref is accepted. References that are not accepted are inlined.
	Refs RefForm
	// RefDescription is true if a description is accepted beside $ref.
	RefDescription bool
	// NoRootRef is true if "#" is refused, and only references into $defs are accepted.
	NoRootRef bool
	// NoRecursion is true if recursive references are refused.
	NoRecursion bool

	// Keywords are the accepted keywords that need no translation, separated by spaces. The
	// keywords type, properties, required, items, anyOf, $ref and $defs depend on the other
	// fields instead. A constraint that is not accepted is moved to the description.
	Keywords string
	// Formats are the accepted formats, separated by spaces. Empty means all, if Keywords has
	// format.
	Formats string
	// Enums are the types of accepted enum values, separated by spaces. Empty means all.
	Enums string
	// MaxMinItems is the largest accepted minItems. Zero means no limit.
	MaxMinItems int
	// MaxLength is the largest accepted minLength and maxLength. Zero means no limit.
	MaxLength int
	// ShallowPatterns is true if a pattern must begin with ^, end with $, and belong to a
	// property of the root.
	ShallowPatterns bool
	// IntegerBounds is true if minimum and maximum are accepted for integers only.
	IntegerBounds bool
	// PropertyOrdering is true if the backend has the keyword propertyOrdering.
	PropertyOrdering bool
	// FirstKeys is true if objects in one anyOf must begin with different properties.
	FirstKeys bool

	// Limits bound the translated schema.
	Limits ProfileLimits
	// Request bounds all strict schemas of one request together. [Translation.Cost] has the
	// numbers to add.
	Request RequestLimits
}

// NullForm is the form in which a nullable value is written.
type NullForm uint8

const (
	// NullInAnyOf writes anyOf with {"type": "null"}.
	NullInAnyOf NullForm = iota
	// NullInType writes a list of types.
	NullInType
	// NullKeyword writes nullable: true.
	NullKeyword
)

// RefForm says where $ref is accepted.
type RefForm uint8

const (
	// RefsKept accepts $ref everywhere, if it refers into $defs.
	RefsKept RefForm = iota
	// RefsInlined accepts no $ref.
	RefsInlined
	// RefsOutsideUnions accepts $ref everywhere but in anyOf.
	RefsOutsideUnions
)

// ProfileLimits bound a translated schema. Zero means no limit.
type ProfileLimits struct {
	Properties int // in all objects together
	Depth      int // nested objects
	EnumValues int // in all enums together
	// Characters bounds the names of properties and definitions, enum values and constants
	// together.
	Characters int
	// LargeEnum and LargeEnumCharacters: a string enum with more than LargeEnum values may
	// have LargeEnumCharacters characters.
	LargeEnum, LargeEnumCharacters int
	Branches                       int // of one anyOf
}

// RequestLimits bound all strict schemas of one request together. Zero means no limit.
type RequestLimits struct {
	StrictTools int
	Optional    int // properties that are not required
	Unions      int // properties with anyOf or several types
}

// accepts reports whether the keyword is sent as it is.
func (p *Profile) accepts(keyword string) bool { return hasWord(p.Keywords, keyword) }

// hasWord reports whether a list separated by spaces has the word.
func hasWord(words, word string) bool {
	for w := range strings.FieldsSeq(words) {
		if w == word {
			return true
		}
	}
	return false
}
