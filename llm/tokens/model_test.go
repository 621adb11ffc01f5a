package tokens_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
	"github.com/parley-llm/parley/providers/catalog"
)

func TestForKnowsOpenAIModels(t *testing.T) {
	for want, models := range map[string][]string{
		"cl100k_base": {
			"gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-3.5-turbo-16k-0613", "gpt-3.5-turbo-instruct", "gpt-3.5-turbo-instruct-0914",
			"gpt-35-turbo", "gpt-35-turbo-16k", "gpt-35-turbo-0125", "gpt-35-turbo-instruct-0914",
			"gpt-4", "gpt-4-0613", "gpt-4-32k", "gpt-4-32k-0314", "gpt-4-turbo", "gpt-4-turbo-2024-04-09", "gpt-4-turbo-preview", "gpt-4-1106-preview", "gpt-4-vision-preview",
			"text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002", "babbage-002", "davinci-002",
			"ft:gpt-3.5-turbo-0125:org:name:8abcXYZ", "ft:gpt-4-0613:org::id", "ft:babbage-002:org::id", "ft:davinci-002:org:name:id",
			"openai/gpt-4-turbo", "azure/gpt-35-turbo", "GPT-4",
		},
		"o200k_base": {
			"gpt-4o", "gpt-4o-2024-05-13", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "gpt-4o-audio-preview-2024-12-17", "gpt-4o-mini-realtime-preview",
			"gpt-4o-search-preview-2025-03-11", "gpt-4o-transcribe", "gpt-4o-mini-tts", "chatgpt-4o-latest",
			"gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-nano-2025-04-14", "gpt-4.5-preview", "gpt-4.5-preview-2025-02-27",
			"gpt-5", "gpt-5-2025-08-07", "gpt-5-mini", "gpt-5-nano-2025-08-07", "gpt-5-chat-latest", "gpt-5-codex", "gpt-5-pro-2025-10-06", "gpt-5-search-api",
			"gpt-5.1", "gpt-5.1-codex-max", "gpt-5.2-chat-latest", "gpt-5.4-mini", "gpt-5.6-sol",
			"o1", "o1-2024-12-17", "o1-mini", "o1-preview-2024-09-12", "o1-pro", "o3", "o3-mini-2025-01-31", "o3-pro", "o3-deep-research", "o4-mini", "o4-mini-deep-research-2025-06-26",
			"codex-mini-latest", "computer-use-preview-2025-03-11", "gpt-audio", "gpt-audio-mini-2025-10-06", "gpt-realtime", "gpt-realtime-2025-08-28", "gpt-realtime-1.5",
			"ft:gpt-4o-mini-2024-07-18:org::id", "ft:gpt-4.1-nano-2025-04-14:org:name:id:ckpt-step-100", "ft:o4-mini-2025-04-16:org::id",
			"openai/gpt-4o", "openrouter/openai/gpt-4o-mini", "openai/gpt-4o:extended", "azure/gpt-4o-2024-11-20",
		},
		"o200k_harmony": {
			"gpt-oss", "gpt-oss-20b", "gpt-oss-120b", "gpt-oss-safeguard-20b", "gpt-oss:20b", "gpt-oss:120b-cloud",
			"openai/gpt-oss-20b", "unsloth/gpt-oss-20b-GGUF", "openai.gpt-oss-120b-1:0",
		},
	} {
		for _, model := range models {
			e, err := tokens.For(model)
			if err != nil {
				t.Errorf("For(%q): %v", model, err)
			} else if e.Name() != want {
				t.Errorf("For(%q) is %s, want %s", model, e.Name(), want)
			}
		}
	}
}

func TestForSaysWhatItDoesNotHave(t *testing.T) {
	for want, models := range map[string][]string{
		"no encoding is known for this model": {
			"", "gpt", "gpt-4x", "gpt-40", "gpt-4.2", "gpt-7", "gpt-60", "o2", "o5-mini", "o1x", "claude-sonnet-4-5", "gemini-2.5-pro", "llama3.1:8b", "mistral/mistral-large",
			"whisper-1", "tts-1", "dall-e-3", "gpt-image-1", "omni-moderation-latest", "sora-2", "my-deployment", "ft:", "openai/", ":", "gpt-4o/other",
		},
		"has not published the encoding of this model": {"gpt-6", "gpt-6-luna", "gpt-6.1-sol", "openai/gpt-6-sol", "ft:gpt-6-luna:org::id"},
		"its encoding, p50k_base, is not part of this module": {
			"text-davinci-003", "text-davinci-002", "code-davinci-002", "code-cushman-001", "davinci-codex", "cushman-codex",
		},
		"its encoding, p50k_edit, is not part of this module": {"text-davinci-edit-001", "code-davinci-edit-001"},
		"its encoding, r50k_base, is not part of this module": {
			"davinci", "curie", "babbage", "ada", "text-davinci-001", "text-curie-001", "text-babbage-001", "text-ada-001",
			"text-similarity-ada-001", "text-search-davinci-doc-001", "code-search-babbage-code-001", "gpt2", "curie:ft-org-2023-01-01",
		},
	} {
		for _, model := range models {
			e, err := tokens.For(model)
			if err == nil {
				t.Errorf("For(%q) is %s, want an error", model, e.Name())
				continue
			}
			failure, ok := errors.AsType[*llm.Error](err)
			if !ok || failure.Kind != llm.Unsupported || failure.Model != model || failure.Op != llm.OpCountTokens {
				t.Errorf("For(%q): %#v", model, err)
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("For(%q) says %q, want %q", model, err, want)
			}
		}
	}
}

// Every OpenAI model in the catalog must have an encoding, or be known to have an
// unpublished one.
func TestForKnowsTheCatalog(t *testing.T) {
	known, unpublished := 0, 0
	for _, entry := range catalog.All() {
		if entry.Provider != "openai" {
			continue
		}
		for _, name := range append([]string{entry.Name}, entry.Aliases...) {
			_, err := tokens.For(name)
			switch {
			case err == nil:
				known++
			case strings.Contains(err.Error(), "has not published"):
				unpublished++
			default:
				t.Errorf("For(%q): %v", name, err)
			}
		}
	}
	if known < 40 || unpublished < 4 {
		t.Errorf("%d names have an encoding and %d have an unpublished one; there were more before", known, unpublished)
	}
}
