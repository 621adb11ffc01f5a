package config

import (
	"maps"
	"slices"

	"github.com/parley-llm/parley/providers"
)

// otherKeys are the environment variables for keys of vendors that no provider of this module
// uses yet, with the next step.
var otherKeys = map[string]string{
	"COHERE_API_KEY":           "Cohere; its OpenAI-compatible API works with OPENAI_BASE_URL=https://api.cohere.ai/compatibility/v1 and the key in OPENAI_API_KEY",
	"AI21_API_KEY":             "AI21; use it through a gateway such as LiteLLM, with LITELLM_BASE_URL",
	"REPLICATE_API_TOKEN":      "Replicate; use it through a gateway such as LiteLLM, with LITELLM_BASE_URL",
	"WATSONX_API_KEY":          "watsonx; use it through a gateway such as LiteLLM, with LITELLM_BASE_URL",
	"AWS_BEARER_TOKEN_BEDROCK": "Amazon Bedrock; its OpenAI-compatible API works with OPENAI_BASE_URL=https://bedrock-runtime.REGION.amazonaws.com/openai/v1 and the key in OPENAI_API_KEY",
	"SAMBANOVA_API_KEY":        "SambaNova; it works with OPENAI_BASE_URL=https://api.sambanova.ai/v1 and the key in OPENAI_API_KEY",
}

// foundKey describes a key that is set, but that does not select a model by itself. It returns
// "" if there is none.
func foundKey(getenv func(string) string) string {
	for _, name := range providers.Names() {
		d, _ := providers.Lookup(name)
		for _, key := range d.KeyEnv {
			if d.DefaultModel == "" && key != "" && getenv(key) != "" {
				return key + " is set, which is for " + d.Title + ": also name a model, as in PARLEY_MODEL=" + name + "/NAME."
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(otherKeys)) {
		if getenv(key) != "" {
			return key + " is set, and no provider uses it yet: it is for " + otherKeys[key] + "."
		}
	}
	return ""
}
