package schema

// form is the JSON form of a keyword's value.
type form uint8

const (
	formAny          form = iota
	formSchema            // a schema
	formSchemas           // a non-empty array of schemas
	formSchemaMap         // an object whose members are schemas
	formItems             // a schema, or in draft-07 an array of schemas
	formDependencies      // draft-07: an object of schemas and arrays of strings
	formString
	formBool
	formCount    // an integer from 0 to 2^31-1
	formNumber   // any number
	formPositive // a number above 0
	formStrings  // an array of strings
	formStringsMap
	formType // a type name or an array of type names
	formArray
)

// keywords has the form of every keyword of draft 2020-12 and draft-07 that is checked.
// Unknown keywords are kept and ignored.
var keywords = map[string]form{
	"$id": formString, "$schema": formString, "$ref": formString, "$anchor": formString,
	"$dynamicRef": formString, "$dynamicAnchor": formString, "$comment": formString,
	"$defs": formSchemaMap, "definitions": formSchemaMap,

	"title": formString, "description": formString, "default": formAny, "examples": formArray,
	"deprecated": formBool, "readOnly": formBool, "writeOnly": formBool,

	"type": formType, "enum": formArray, "const": formAny,
	"multipleOf": formPositive, "minimum": formNumber, "maximum": formNumber,
	"exclusiveMinimum": formNumber, "exclusiveMaximum": formNumber,
	"minLength": formCount, "maxLength": formCount, "pattern": formString, "format": formString,

	"prefixItems": formSchemas, "items": formItems, "additionalItems": formSchema,
	"minItems": formCount, "maxItems": formCount, "uniqueItems": formBool,
	"contains": formSchema, "minContains": formCount, "maxContains": formCount,
	"unevaluatedItems": formSchema,

	"minProperties": formCount, "maxProperties": formCount, "required": formStrings,
	"properties": formSchemaMap, "patternProperties": formSchemaMap,
	"additionalProperties": formSchema, "propertyNames": formSchema,
	"unevaluatedProperties": formSchema,
	"dependentRequired":     formStringsMap, "dependentSchemas": formSchemaMap,
	"dependencies": formDependencies,

	"allOf": formSchemas, "anyOf": formSchemas, "oneOf": formSchemas, "not": formSchema,
	"if": formSchema, "then": formSchema, "else": formSchema,

	"contentEncoding": formString, "contentMediaType": formString, "contentSchema": formSchema,
}

// newer are keywords that draft-07 does not have and ignores. It does not have $defs either,
// but schemas of draft-07 use it.
const newer = "prefixItems dependentRequired dependentSchemas unevaluatedItems unevaluatedProperties minContains maxContains"

// typeSet is a set of JSON Schema types.
type typeSet uint8

const (
	typeNull typeSet = 1 << iota
	typeBoolean
	typeInteger
	typeNumber
	typeString
	typeArray
	typeObject

	anyType = typeNull | typeBoolean | typeInteger | typeNumber | typeString | typeArray | typeObject
)

// typeNames are in the order in which messages and translations list types.
var typeNames = []struct {
	name string
	set  typeSet
}{
	{"string", typeString},
	{"integer", typeInteger},
	{"number", typeNumber},
	{"boolean", typeBoolean},
	{"object", typeObject},
	{"array", typeArray},
	{"null", typeNull},
}

// typeNamed returns the type with this name, or 0.
func typeNamed(name string) typeSet {
	for _, t := range typeNames {
		if t.name == name {
			return t.set
		}
	}
	return 0
}

// names lists the types of the set.
func (t typeSet) names() []string {
	var names []string
	for _, n := range typeNames {
		if t&n.set != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// typesOf returns every type that v has: an integer is a number too.
func typesOf(v *value) typeSet {
	switch v.kind {
	case kindNull:
		return typeNull
	case kindBool:
		return typeBoolean
	case kindString:
		return typeString
	case kindArray:
		return typeArray
	case kindObject:
		return typeObject
	}
	if d, ok := parseDecimal(v.text); ok && d.integer() {
		return typeInteger | typeNumber
	}
	return typeNumber
}
