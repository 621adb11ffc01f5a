package schema

// mark notes, at a subschema of a translation, how its instances differ from those of the
// original schema.
type mark struct {
	wrapped  bool            // the instance is {"value": …}
	pairs    bool            // the instance is an array of {"key": …, "value": …}
	optional map[string]bool // null in these members means that they are absent
}
