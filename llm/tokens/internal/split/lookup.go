package split

import "strings"

// ByRegexp returns the pattern for the regular expressions of a tokenizer.json, in their
// order. A Split has one expression and a Sequence of Splits has several. A Digits step
// that isolates each digit counts as \p{N}, and a ByteLevel step with use_regex counts as
// GPT-2's expression (see GPT2). It reports false for expressions that this package does
// not implement.
func ByRegexp(sources ...string) (Pattern, bool) {
	// Some expressions are written in several ways.
	spelling := strings.NewReplacer("\r", `\r`, "\n", `\n`, `'(?i:[sdmt]|ll|ve|re)`, contractions)
	known := make([]string, len(sources))
	for i, source := range sources {
		known[i] = spelling.Replace(source)
	}
	switch strings.Join(known, "\n") {
	case contractions + "|" + letters + `|\p{N}{1,3}|` + rest:
		return CL100k, true
	case contractions + "|" + letters + `|\p{N}|` + rest, bailing:
		return Qwen2, true
	case contractions + `|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`:
		return Qwen35, true
	case smallWord + contractions + "?|" + capitalWord + contractions + `?|\p{N}{1,3}|` + restSlash:
		return O200k, true
	case smallWord + "|" + capitalWord + `|\p{N}|` + restSlash:
		return Tekken, true
	case `[\p{Han}]+|` + smallWordButHan + contractions + "?|" + capitalWordButHan + contractions + `?|\p{N}{1,3}|` + rest:
		return KimiK2, true
	case gpt2:
		return GPT2, true
	case `\p{N}` + "\n" + gpt2:
		return StarCoder, true
	case `\p{N}{1,3}` + "\n" + kana + "\n" + deepSeek3:
		return DeepSeek3, true
	}
	return nil, false
}

// The expressions and their common parts.
const (
	contractions = `(?i:'s|'t|'re|'ve|'m|'ll|'d)`
	letters      = `[^\r\n\p{L}\p{N}]?\p{L}+`

	rest      = ` ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	restSlash = ` ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`

	// The Bailing models' expression is equivalent to Qwen2's. Its possessive quantifiers
	// match the same text, because backtracking would not help. After a greedy \s*,
	// [\r\n] matches the last line end just as [\r\n]+ does.
	bailing = contractions + `|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`

	smallWord   = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`
	capitalWord = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`

	smallWordButHan   = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+`
	capitalWordButHan = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*`

	gpt2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

	kana      = `[一-龥぀-ゟ゠-ヿ]+`
	deepSeek3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|" +
		`[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// ByName returns the pattern with which a model was trained, by the name in
// tokenizer.ggml.pre of a GGUF file. llama.cpp matches some patterns differently; see
// LlamaCpp. The names are those of llama.cpp's src/llama-vocab.cpp. It reports false for
// names that have no function in this package, including "default", which does not name a
// specific pattern.
func ByName(pre string) (Pattern, bool) {
	switch pre {
	case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
		"dbrx", "smaug-bpe", "glm4", "chatglm-bpe":
		return CL100k, true
	case "qwen2", "deepseek-r1-qwen", "kormo", "stablelm2", "megrez", "hunyuan", "grok-2",
		"bailingmoe", "bailingmoe2", "llada-moe":
		return Qwen2, true
	case "qwen35":
		return Qwen35, true
	case "gpt-4o", "llama4", "minimax-m2":
		return O200k, true
	case "tekken":
		return Tekken, true
	case "kimi-k2":
		return KimiK2, true
	case "gpt-2", "phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "jina-v1-en", "jina-v2-code",
		"roberta-bpe", "gigachat", "a.x-4.0", "mellum", "mpt", "olmo", "jais", "trillion",
		"granite-docling", "exaone4":
		return GPT2, true
	case "starcoder", "refact", "command-r", "smollm", "codeshell", "exaone", "minerva-7b":
		return StarCoder, true
	case "deepseek-v3", "hunyuan-dense":
		return DeepSeek3, true
	}
	return nil, false
}

// LlamaCpp is like ByName but returns the patterns as llama.cpp matches them. They differ
// from the models' patterns for some texts outside ASCII.
func LlamaCpp(pre string) (Pattern, bool) {
	switch pre {
	case "gpt-4o", "llama4", "minimax-m2":
		return LlamaCppO200k, true
	case "tekken":
		return LlamaCppTekken, true
	}
	return ByName(pre)
}
