package openai

import (
	"regexp"
	"strings"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// API is one of the two APIs that OpenAI has for chats. Many compatible servers have both.
type API string

// The APIs for chats.
const (
	// APIDefault is the Responses API for the models of OpenAI and Azure that need it:
	// GPT-5.4 and newer, which reject tools in chat completions, and models that never had
	// chat completions. For all other models and servers it is chat completions.
	//
	// The generation of a model is read from its name. At Azure this is the name of the
	// deployment, so choose an API if it is not named like its model. A request with an
	// option that only the Responses API has is sent to it at every server, and a request with
	// a [Hook] to chat completions.
	APIDefault API = ""
	// APIChat is chat completions.
	APIChat API = "chat"
	// APIResponses is the Responses API.
	APIResponses API = "responses"
)

// ownOption returns the name of an option that is set and that only the Responses API has, or
// "". Without the option, a request would have another meaning.
func (o *Options) ownOption() string {
	switch {
	case o.PreviousResponseID != "":
		return "PreviousResponseID"
	case o.Conversation != "":
		return "Conversation"
	case o.ResponseID != "":
		return "ResponseID"
	case o.Background:
		return "Background"
	case len(o.ServerTools) > 0:
		return "ServerTools"
	}
	return ""
}

// isAPI reports whether the value is one of the constants.
func (a API) isAPI() bool { return a == APIDefault || a == APIChat || a == APIResponses }

// api returns the API that answers a chat.
func (p *Provider) api(call *llm.Call) (API, error) {
	options := llmutil.OptionsFor[Options](call.Request.Options)
	chosen := options.API
	if chosen == APIDefault {
		chosen = p.config.API
	}
	switch {
	case !options.API.isAPI():
		return "", p.fail(call, llm.InvalidRequest, "Options.API is %q: use openai.APIChat or openai.APIResponses", options.API)
	case chosen == APIChat && options.ownOption() != "":
		return "", p.fail(call, llm.Unsupported, "Options.%s is a setting of the Responses API: set Options.API to openai.APIResponses", options.ownOption())
	case chosen != APIDefault:
		return chosen, nil
	case options.ownOption() != "":
		return APIResponses, nil
	case options.Hook != nil || !p.isOpenAI() || !p.hasResponses():
		return APIChat, nil
	}
	if f := familyOf(call.Model); f.needsResponses() {
		return APIResponses, nil
	}
	return APIChat, nil
}

// firstAzureResponses is the first version of Azure's API by deployments that has the
// Responses API: https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
const firstAzureResponses = "2025-03-01"

// hasResponses reports whether the server can have the Responses API.
func (p *Provider) hasResponses() bool {
	return !p.byDeployment() || p.config.AzureAPIVersion >= firstAzureResponses
}

// family has the facts about a model of OpenAI that its name tells.
type family struct {
	generation
	reasons    bool
	isUnknown  bool // the name tells nothing
	noChat     bool // never had chat completions
	noResponse bool // has no Responses API
}

var reasoningName = regexp.MustCompile(`^(?:openai/)?o[1-9](?:-|$)`)

// The parts of names that tell the API of a model, as of 2026-11.
// https://platform.openai.com/docs/models
var (
	onlyResponses = []string{"codex", "deep-research", "computer-use", "o1-pro", "o3-pro", "gpt-5-pro"}
	onlyChat      = []string{"-audio", "-search-", "-realtime", "o1-mini", "o1-preview"}
)

// familyOf reads the name of a model, or of a deployment that is named like its model.
func familyOf(model string) family {
	f := family{generation: generationOf(model), noChat: containsAny(model, onlyResponses), noResponse: containsAny(model, onlyChat)}
	f.reasons = f.atLeast(5, 0) && !strings.Contains(model, "-chat") || reasoningName.MatchString(model)
	f.isUnknown = !f.reasons && f.generation == generation{} && !strings.Contains(model, "gpt-")
	return f
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// needsResponses reports whether the model rejects usual requests to chat completions; see
// generation.go.
func (f *family) needsResponses() bool { return !f.noResponse && (f.atLeast(5, 4) || f.noChat) }
