// Package structured gets typed answers from models: Go values in place of text.
//
//	type Recipe struct {
//		Name  string   `json:"name"`
//		Steps []string `json:"steps" desc:"one sentence each"`
//		Level string   `json:"level" enum:"easy,medium,hard"`
//		Note  *string  `json:"note"`
//	}
//
//	recipe, resp, err := structured.Generate[Recipe](ctx, model, llm.Prompt("A recipe for pancakes."))
//
// [Stream] returns the value while it arrives:
//
//	for part, err := range structured.Stream[Recipe](ctx, model, req).Values() {
//		if err != nil {
//			return err
//		}
//		show(part)
//	}
//
// The JSON Schema follows from the type. The tags of fields are those of package llm/tool:
// desc, enum, min, max, pattern, format, default and required. A pointer and a field with
// omitempty or omitzero is optional. A type can be anything that encoding/json can read,
// except interfaces: also a list, a map, an enum or a recursive type. If it has a method
// Validate() error, the method is called.
//
// # How the model is asked
//
// The package asks for the format in the best way that the backend has: structured output of
// its own, else a forced call of a tool whose arguments are the answer, else instructions in
// the prompt. Each step down adds a warning to the response. [From] starts lower.
//
// Every answer is validated, because many servers do not enforce schemas, or only a part of
// them. If an answer is invalid, the model gets all problems and one more chance; see
// [Repairs]. An answer that was refused, cut or filtered is not repaired.
package structured
