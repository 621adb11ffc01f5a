package vocab

// llama.cpp takes tokens with some names for control tokens, whatever type the
// file gives them, as long as the file does not say itself which token ends a
// turn or marks a place to fill in.
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp, load

// controlNames are the names under the key that makes them unnecessary.
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

// endNames are control tokens whatever the file says.
var endNames = []string{
	"<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>",
	"<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<|end_of_text|>",
	"<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>", "<｜end▁of▁sentence｜>", "[e~[",
}

// fillControl enters tokens with such names as control tokens. They stay what
// merging can make from text, which is how llama.cpp has it.
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
