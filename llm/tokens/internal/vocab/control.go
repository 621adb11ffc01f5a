package vocab

// llama.cpp treats tokens with certain names as control tokens, regardless of their type
// in the file. It does not do so if the file itself names the token that ends a turn, or
// the tokens for filling in the middle.
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp, load

// controlNames lists the names by metadata key. If the file has the key, the names are
// not needed.
var controlNames = map[string][]string{
	"eot_token_id": {
		"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>",
		"_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>",
	},
	"eom_token_id": {"<|eom_id|>"},
	"fim_pre_token_id": {
		"<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>",
	},
	"fim_suf_token_id": {
		"<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>",
	},
	"fim_mid_token_id": {
		"<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>",
	},
	"fim_pad_token_id": {"<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"},
	"fim_rep_token_id": {"<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"},
	"fim_sep_token_id": {"<|file_sep|>"},
}

// endNames are control tokens in every file.
var endNames = []string{
	"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
	"<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
	"<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
}

// fillControl records tokens with these names as control tokens. Like in llama.cpp,
// merging can still make them from text.
func (m *metadataReader) fillControl(v *Vocabulary) {
	names := make(map[string]bool)
	for key, list := range controlNames {
		if m.values[ggml+key] != nil {
			continue
		}
		for _, name := range list {
			names[name] = true
		}
	}
	for _, name := range endNames {
		names[name] = true
	}
	for id, token := range v.Tokens {
		if !names[token] || v.Types[id] == Control {
			continue
		}
		v.Types[id] = Normal
		v.Special[token] = id
	}
}
