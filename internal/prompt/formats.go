package prompt

import "github.com/parley-llm/parley/llm"

// formats are the named formats. They follow the documentation of the models' authors, or
// llama.cpp's copy of it:
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-chat.cpp
var formats = map[string]Format{
	"plain": {write: writePlain},
	"alpaca": {
		write: writeAlpaca, folds: true, pairs: true, trims: true,
		stop: []string{"### Instruction:"},
	},
	"llama2": {write: writeLlama2, pairs: true, trims: true},
	"llama3": {write: writeLlama3, trims: true, stop: []string{"<|eot_id|>"}},
	"vicuna": {write: writeVicuna, pairs: true, trims: true, stop: []string{"USER:"}},
	"chatml": {write: writeChatML, stop: []string{"<|im_end|>"}},
	"gemma": {
		write: writeGemma, folds: true, pairs: true, trims: true,
		stop: []string{"<end_of_turn>"},
	},
	"mistral-v1": {write: writeMistralV1, folds: true, pairs: true, trims: true},
	"mistral-v3": {write: writeMistralV3, folds: true, pairs: true, trims: true},
	"mistral-v7": {write: writeMistralV7, pairs: true, trims: true},
}

// aliases are names of models that use the format of another name. These models were
// trained on texts, not on conversations.
var aliases = map[string]string{
	"llama1":       "plain",
	"cerebras-gpt": "plain",
}

// writePlain writes all texts unchanged, one after another, because a base model
// continues the text. System messages become separate paragraphs.
func writePlain(w *writer, c *conversation) {
	for _, t := range c.turns {
		w.text(t.texts...)
		if t.role == llm.RoleSystem {
			w.text("\n\n")
		}
	}
}

// The introduction of an instruction, without and with an input.
const (
	alpaca      = "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"
	alpacaInput = "Below is an instruction that describes a task, paired with an input that provides further context. " +
		"Write a response that appropriately completes the request.\n\n"
)

// writeAlpaca uses the first text of a user message as the instruction and its other
// texts as the input. https://github.com/tatsu-lab/stanford_alpaca#data-release
func writeAlpaca(w *writer, c *conversation) {
	hasInput := func(t turn) bool { return t.role == llm.RoleUser && len(t.texts) > 1 }
	if hasInput(c.turns[len(c.turns)-1]) {
		w.text(alpacaInput)
	} else {
		w.text(alpaca)
	}
	for _, t := range c.turns {
		switch {
		case t.role == llm.RoleAssistant:
			w.text(t.text(), "\n\n")
		case hasInput(t):
			w.text("### Instruction:\n", t.texts[0], "\n\n### Input:\n")
			w.text(t.texts[1:]...)
			w.text("\n\n### Response:")
		default:
			w.text("### Instruction:\n", t.text(), "\n\n### Response:")
		}
	}
}

// https://github.com/meta-llama/llama/blob/main/llama/generation.py, chat_completion
func writeLlama2(w *writer, c *conversation) {
	for i, t := range c.turns {
		switch {
		case t.role == llm.RoleAssistant:
			w.text(" ", t.text(), " ")
			w.control("</s>")
			w.control("<s>")
		case i == 0 && c.system != "":
			w.text("[INST] <<SYS>>\n", c.system, "\n<</SYS>>\n\n", t.text(), " [/INST]")
		default:
			w.text("[INST] ", t.text(), " [/INST]")
		}
	}
}

// https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/
func writeLlama3(w *writer, c *conversation) {
	header := func(role llm.Role) {
		w.control("<|start_header_id|>")
		w.text(string(role))
		w.control("<|end_header_id|>")
		w.text("\n\n")
	}
	for _, t := range c.turns {
		header(t.role)
		w.text(t.texts...)
		w.control("<|eot_id|>")
	}
	header(llm.RoleAssistant)
}

// https://github.com/lm-sys/FastChat/blob/main/docs/vicuna_weights_version.md#prompt-template
func writeVicuna(w *writer, c *conversation) {
	if c.system != "" {
		w.text(c.system, " ")
	}
	for _, t := range c.turns {
		if t.role == llm.RoleAssistant {
			w.text(" ", t.text())
			w.control("</s>")
			continue
		}
		w.text("USER: ", t.text(), " ASSISTANT:")
	}
}

// https://github.com/openai/openai-python/blob/v0.28.1/chatml.md
func writeChatML(w *writer, c *conversation) {
	for _, t := range c.turns {
		w.control("<|im_start|>")
		w.text(string(t.role), "\n")
		w.text(t.texts...)
		w.control("<|im_end|>")
		w.text("\n")
	}
	w.control("<|im_start|>")
	w.text("assistant\n")
}

// https://ai.google.dev/gemma/docs/core/prompt-structure
func writeGemma(w *writer, c *conversation) {
	for _, t := range c.turns {
		role := "user"
		if t.role == llm.RoleAssistant {
			role = "model"
		}
		w.control("<start_of_turn>")
		w.text(role, "\n", t.text())
		w.control("<end_of_turn>")
		w.text("\n")
	}
	w.control("<start_of_turn>")
	w.text("model\n")
}

// The three Mistral formats are from
// https://github.com/mistralai/cookbook/blob/main/concept-deep-dive/tokenization/chat_templates.md.
// In the first one, the markers are ordinary text.
func writeMistralV1(w *writer, c *conversation) {
	for _, t := range c.turns {
		if t.role == llm.RoleAssistant {
			w.text(" ", t.text())
			w.control("</s>")
			continue
		}
		w.text(" [INST] ", t.text(), " [/INST]")
	}
}

func writeMistralV3(w *writer, c *conversation) {
	for _, t := range c.turns {
		if t.role == llm.RoleAssistant {
			w.text(" ", t.text())
			w.control("</s>")
			continue
		}
		w.control("[INST]")
		w.text(" ", t.text())
		w.control("[/INST]")
	}
}

func writeMistralV7(w *writer, c *conversation) {
	if c.system != "" {
		w.control("[SYSTEM_PROMPT]")
		w.text(" ", c.system)
		w.control("[/SYSTEM_PROMPT]")
	}
	writeMistralV3(w, c)
}
