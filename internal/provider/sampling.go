package provider

import "github.com/parley-llm/parley/llm"

// AddSampling adds the sampling settings of a request, under the names that llama.cpp and
// Ollama use.
func AddSampling(settings map[string]any, r *llm.Request) {
	if len(r.Stop) > 0 {
		settings["stop"] = r.Stop
	}
	if r.TopK != nil {
		settings["top_k"] = *r.TopK
	}
	if r.Seed != nil {
		settings["seed"] = *r.Seed
	}
	for name, value := range map[string]*float64{
		"temperature":       r.Temperature,
		"top_p":             r.TopP,
		"presence_penalty":  r.PresencePenalty,
		"frequency_penalty": r.FrequencyPenalty,
	} {
		if value != nil {
			settings[name] = *value
		}
	}
}
