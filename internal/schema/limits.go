package schema

// Limits bound a schema that a stranger wrote, before it is used. A zero field means the
// default.
type Limits struct {
	// Bytes is the maximum size of the JSON text. The default is 1 MiB.
	Bytes int
	// Nodes is the maximum number of subschemas. The default is 50,000.
	Nodes int
	// Depth is the maximum nesting of subschemas. The default is 100.
	Depth int
	// EnumValues is the maximum number of enum values in the whole schema. The default is
	// 10,000.
	EnumValues int
	// PatternSize is the maximum size of the program that one regular expression compiles
	// to, after its repetitions are expanded. All patterns together may have ten times as
	// much. The default is 5,000.
	PatternSize int
	// Chain is the maximum number of subschemas that apply to one value one inside the other,
	// for example through $ref to $ref. The default is 200.
	Chain int
	// Expansion is the maximum number of subschemas that apply to one value, counted again
	// for each $ref to them. The default is 100,000.
	Expansion int
}

func (l Limits) withDefaults() Limits {
	set := func(field *int, otherwise int) {
		if *field <= 0 {
			*field = otherwise
		}
	}
	set(&l.Bytes, 1<<20)
	set(&l.Nodes, 50_000)
	set(&l.Depth, 100)
	set(&l.EnumValues, 10_000)
	set(&l.PatternSize, 5_000)
	set(&l.Chain, 200)
	set(&l.Expansion, 100_000)
	return l
}

// maxURI bounds $id, $ref and the base addresses that result from them, in bytes.
const maxURI = 4096
