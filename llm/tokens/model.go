package tokens

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// For returns the encoding of an OpenAI model: any of the names that the API
// has, with or without a date or another suffix ("gpt-4o-mini-2024-07-18"), as
// Azure writes them ("gpt-35-turbo"), fine-tuned ("ft:gpt-4o:org::id") or under
// a tag ("gpt-oss:20b"). What stands before the last slash says who serves the
// model, and does not matter: "openai/gpt-4o" is "gpt-4o". Nor does case.
//
// A name of a known family is known whatever its suffix, as OpenAI has never
// changed the encoding within one. For does not guess beyond that. It returns an
// [*llm.Error] of the kind [llm.Unsupported] for a model that it does not know,
// for gpt-6, whose encoding OpenAI has not published, and for the retired ones
// whose encodings this package does not have. Images, speech and video are models
// without an encoding of this package.
//
// A program that calls For contains all the vocabularies.
func For(model string) (*Encoding, error) {
	message := "no encoding is known for this model: if you know which one it uses, take that by name, as in tokens.O200kBase()"
	switch encoding := familyOf(bareName(model)); encoding {
	case "cl100k_base":
		return CL100kBase(), nil
	case "o200k_base":
		return O200kBase(), nil
	case "o200k_harmony":
		return O200kHarmony(), nil
	case "":
	case unpublished:
		message = "OpenAI has not published which encoding this model uses; that of the models before it, tokens.O200kBase(), makes an estimate"
	default:
		message = "this model has been retired; its encoding, " + encoding + ", is not part of this module"
	}
	return nil, &llm.Error{Kind: llm.Unsupported, Model: model, Op: llm.OpCountTokens, Message: message}
}

// bareName returns a model's name without who serves it, how it was tuned and its
// tag.
func bareName(model string) string {
	name := strings.ToLower(model)
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.TrimPrefix(name, "openai.") // Amazon Bedrock
	name = strings.TrimPrefix(name, "ft:")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// unpublished stands for the encoding of models of which it is not known.
const unpublished = "unpublished"

// families gives the encoding of the models whose names are, or begin with, a
// family's name. The longest one that fits holds. Most are from tiktoken's
// model.py.
var families = []struct{ name, encoding string }{
	{"gpt-3.5", "cl100k_base"},
	{"gpt-35", "cl100k_base"},
	{"gpt-4", "cl100k_base"},
	{"text-embedding-3", "cl100k_base"},
	{"text-embedding-ada-002", "cl100k_base"},
	{"babbage-002", "cl100k_base"},
	{"davinci-002", "cl100k_base"},

	{"gpt-4o", "o200k_base"},
	{"chatgpt-4o", "o200k_base"},
	{"gpt-4.1", "o200k_base"},
	{"gpt-4.5", "o200k_base"},
	{"gpt-5", "o200k_base"},
	{"o1", "o200k_base"},
	{"o3", "o200k_base"},
	{"o4", "o200k_base"},
	// Not in tiktoken; each is made from one of the above.
	{"codex-mini", "o200k_base"},           // o4-mini
	{"computer-use-preview", "o200k_base"}, // gpt-4o
	{"gpt-audio", "o200k_base"},            // gpt-4o-audio-preview
	{"gpt-realtime", "o200k_base"},         // gpt-4o-realtime-preview

	{"gpt-oss", "o200k_harmony"},

	{"gpt-6", unpublished},

	{"ada", "r50k_base"},
	{"babbage", "r50k_base"},
	{"curie", "r50k_base"},
	{"davinci", "r50k_base"},
	{"text-ada", "r50k_base"},
	{"text-babbage", "r50k_base"},
	{"text-curie", "r50k_base"},
	{"text-davinci-001", "r50k_base"},
	{"text-search", "r50k_base"},
	{"text-similarity", "r50k_base"},
	{"code-search", "r50k_base"},
	{"gpt2", "r50k_base"},
	{"gpt-2", "r50k_base"},
	{"text-davinci", "p50k_base"},
	{"code-cushman", "p50k_base"},
	{"code-davinci", "p50k_base"},
	{"cushman-codex", "p50k_base"},
	{"davinci-codex", "p50k_base"},
	{"code-davinci-edit", "p50k_edit"},
	{"text-davinci-edit", "p50k_edit"},
}

// familyOf returns the encoding of the model's family, "" if it has none here.
func familyOf(model string) string {
	longest, encoding := "", ""
	for _, f := range families {
		rest, ok := strings.CutPrefix(model, f.name)
		// Since gpt-5 there are minor versions without a name of their own: gpt-5.1, gpt-6.1.
		ok = ok && (rest == "" || rest[0] == '-' || rest[0] == '.' && (f.name == "gpt-5" || f.name == "gpt-6"))
		if ok && len(f.name) > len(longest) {
			longest, encoding = f.name, f.encoding
		}
	}
	return encoding
}
