package tokens

import (
	"strings"

	"github.com/parley-llm/parley/llm"
)

// For returns the encoding of an OpenAI model. It accepts every form of the name:
//
//   - as in the API, with or without a date or another suffix: "gpt-4o-mini-2024-07-18";
//   - as Azure writes it: "gpt-35-turbo";
//   - fine-tuned: "ft:gpt-4o:org::id";
//   - with a tag: "gpt-oss:20b";
//   - with a prefix that names the provider, up to the last slash: "openai/gpt-4o".
//
// Case is ignored. The suffix of a name in a known family is ignored too, because OpenAI
// has never changed the encoding within a family.
//
// For does not guess. It returns an [*llm.Error] of kind [llm.Unsupported]
//
//   - for an unknown model;
//   - for gpt-6, because its encoding is not published;
//   - for a retired model with an encoding that this package does not contain;
//   - for models for images, speech and video.
//
// A program that calls For contains all vocabularies. For is safe for concurrent use.
func For(model string) (*Encoding, error) {
	message := "no encoding is known for this model: if you know its encoding, call the function of that name, for example tokens.O200kBase()"
	switch encoding := familyOf(bareName(model)); encoding {
	case "cl100k_base":
		return CL100kBase(), nil
	case "o200k_base":
		return O200kBase(), nil
	case "o200k_harmony":
		return O200kHarmony(), nil
	case "":
	case unpublished:
		message = "OpenAI has not published the encoding of this model: for an estimate, use the encoding of earlier models, tokens.O200kBase()"
	default:
		message = "this model has been retired: its encoding, " + encoding + ", is not part of this module"
	}
	return nil, &llm.Error{Kind: llm.Unsupported, Model: model, Op: llm.OpCountTokens, Message: message}
}

// bareName returns a model's name without provider, fine-tuning and tag.
func bareName(model string) string {
	name := strings.ToLower(model)
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.TrimPrefix(name, "openai.") // Amazon Bedrock
	name = strings.TrimPrefix(name, "ft:")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// unpublished marks models with an encoding that is not published.
const unpublished = "unpublished"

// families lists the encoding for each family of models. A model belongs to a family if
// its name begins with the family's name; the longest match wins. Most rows are from
// tiktoken's model.py.
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
	// Not in tiktoken; each of these models is based on the model in the comment.
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

// familyOf returns the encoding of the model's family, or "" for an unknown family.
func familyOf(model string) string {
	longest, encoding := "", ""
	for _, f := range families {
		rest, ok := strings.CutPrefix(model, f.name)
		// Since gpt-5, minor versions have no separate family: gpt-5.1, gpt-6.1.
		ok = ok && (rest == "" || rest[0] == '-' || rest[0] == '.' && (f.name == "gpt-5" || f.name == "gpt-6"))
		if ok && len(f.name) > len(longest) {
			longest, encoding = f.name, f.encoding
		}
	}
	return encoding
}
