package tinyllama

import "strings"

// A Model is a predefined model.
type Model struct {
	Name string // also general.name in the file, except for the suffix that names the storage type
	Says string // the text of a scripted model's reply; of one round if it loops

	config Config
	script []string // nil for a random model
	loop   bool
}

// File returns the model as a GGUF file.
func (m Model) File() ([]byte, error) {
	if m.script == nil {
		return Random(m.config)
	}
	return Chain(m.config, m.script, m.loop)
}

// Ready returns the predefined models:
//
//   - tiny, tiny-f16, tiny-q8: the same random model, stored in three types
//   - chain: a sentence with a character that takes four tokens
//   - loop: an endless reply of three tokens; loop1: an endless reply of one token
//   - think: reasoning between <think> and </think>, followed by an answer
//   - toolxml: text, followed by a call of get_weather in XML tags
//   - tool: a call of get_weather as plain JSON
func Ready() []Model {
	return []Model{
		random("tiny", F32),
		random("tiny-f16", F16),
		random("tiny-q8", Q8),
		scripted("chain", " Hello there", " from the", " tiny llama.", " It always", " gives", " exactly this",
			" reply, with", " a llama ", "\xf0", "\x9f", "\xa6", "\x99", " at its", " end."),
		looping("loop", " round", " and round", " it goes,"),
		looping("loop1", " again"),
		scripted("think", "<think>", "Let me", " ponder", " this.", "</think>\n\n", "The answer", " is 42."),
		scripted("toolxml", "Let me", " look.", "<tool_call>\n", `{"name": "get_`, "weather", `", "arguments": `,
			`{"city":`, ` "Paris"`, "}}", "\n</tool_call>"),
		scripted("tool", `{"name": "get_`, "weather", `", "parameters": `, `{"city":`, ` "Paris"`, "}}"),
	}
}

const seed = 42

func random(name string, typ Type) Model {
	return Model{Name: name, config: Config{Name: "tiny", Type: typ, Layers: 3, Seed: seed}}
}

func scripted(name string, script ...string) Model {
	return Model{
		Name:   name,
		Says:   strings.Join(script, ""),
		config: Config{Name: name, Layers: 2, Seed: seed},
		script: script,
	}
}

func looping(name string, script ...string) Model {
	m := scripted(name, script...)
	m.loop = true
	return m
}
