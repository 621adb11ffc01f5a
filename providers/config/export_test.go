package config

import (
	"reflect"
	"strings"
)

// Tables returns the names of the tables of a config file: the fields whose keys are names
// that the user chooses.
func Tables() []string {
	var tables []string
	for _, f := range fieldsOf(reflect.TypeFor[file]()) {
		if strings.HasPrefix(f.typ.Name(), "table[") {
			tables = append(tables, f.name)
		}
	}
	return tables
}
