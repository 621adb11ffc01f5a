package openai

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// generation is the generation in the name of one of OpenAI's models: {5, 6} for
// "gpt-5.6-sol". It is zero for other names, for example of gpt-4o, o3 and gpt-oss.
type generation struct{ major, minor int }

// generationName matches the names of models with a generation, also behind a publisher.
var generationName = regexp.MustCompile(`^(?:openai/)?gpt-(\d{1,3})(?:\.(\d{1,3}))?(?:-|$)`)

func generationOf(model string) (g generation) {
	if match := generationName.FindStringSubmatch(model); match != nil {
		g.major, _ = strconv.Atoi(match[1]) // the expression matches digits only
		g.minor, _ = strconv.Atoi(match[2])
		if g.major >= 30 && match[2] == "" { // names of Azure without a dot: gpt-35-turbo, gpt-41
			g.major, g.minor = g.major/10, g.major%10
		}
	}
	return g
}

// atLeast reports whether the generation is this one or newer.
func (g generation) atLeast(major, minor int) bool {
	return g.major > major || g.major == major && g.minor >= minor
}

// Chat completions of OpenAI and Azure accept fewer settings with each generation. A model is
// judged by its generation, so that newer models follow the rules of the newest known one.
//
// Sources: openai/openai-openapi#541, BerriAI/litellm#34569, danny-avila/LibreChat#14355,
// livekit/agents#7169, docker/docker-agent#4162, docker/docker-agent#4165,
// firebase/genkit#6303, onyx-dot-app/onyx#15008, danny-avila/LibreChat#14231,
// block/goose#11413, bolna-ai/bolna#1019.

// rejectsNone are the models that reject tools with any effort, "none" included.
var rejectsNone = []string{"gpt-6-astra", "gpt-6.1-sol"}

// wayOut says how a program can use tools with a model that rejects them.
const wayOut = "OpenAI offers tools for this model on the Responses API only, and this is the Chat Completions API: set Options.API to openai.APIResponses, or leave it and Config.API empty"

// isOpenAI reports whether the server is OpenAI's own, or Azure's.
func (p *Provider) isOpenAI() bool {
	if p.config.Server != OpenAI {
		return p.config.Server == Azure
	}
	base, err := url.Parse(p.baseURL)
	return err == nil && (base.Hostname() == "openai.com" || strings.HasSuffix(base.Hostname(), ".openai.com"))
}

// adaptToGeneration changes the body for a model of OpenAI that accepts fewer settings. It
// returns an error if the request cannot be sent.
func (b *requestBuilder) adaptToGeneration() error {
	g := generationOf(b.call.Model)
	if !b.provider.isOpenAI() || !g.atLeast(5, 4) {
		return nil
	}
	body := &b.body
	newest := g.atLeast(5, 6)
	if newest && body.ReasoningEffort == string(llm.EffortMinimal) {
		body.ReasoningEffort = string(llm.EffortLow)
		b.warn(llm.WarnChanged, "ReasoningEffort", "this model does not have the effort minimal; low was sent")
	}
	if newest && body.Temperature != nil && *body.Temperature != 1 {
		body.Temperature = nil
		b.warn(llm.WarnUnsupported, "Temperature", "this model accepts no temperature other than 1; it was omitted")
	}
	if newest && len(body.Stop) > 0 {
		body.Stop = nil
		b.warn(llm.WarnUnsupported, "Stop", "this model does not support stop sequences; they were omitted")
	}
	switch effort := body.ReasoningEffort; {
	case len(body.Tools) == 0 || effort == string(llm.EffortNone) && !rejectsNoneToo(b.call.Model):
	case rejectsNoneToo(b.call.Model):
		return b.fail(llm.Unsupported, "tools are not supported by this model here: "+wayOut)
	case newest:
		body.ReasoningEffort = string(llm.EffortNone)
		b.warn(llm.WarnChanged, "ReasoningEffort", "this model accepts tools on the Chat Completions API only without reasoning; the effort none was sent. "+
			"OpenAI offers tools with reasoning on the Responses API")
	case effort != "":
		body.ReasoningEffort = ""
		b.warn(llm.WarnUnsupported, "ReasoningEffort", "this model does not accept tools together with an effort on the Chat Completions API; the effort was omitted. "+
			"OpenAI offers both on the Responses API")
	}
	return nil
}

// rejectsNoneToo reports whether a model, also with a date in its name, rejects tools with any
// effort.
func rejectsNoneToo(model string) bool {
	model = strings.TrimPrefix(model, "openai/")
	return slices.ContainsFunc(rejectsNone, func(name string) bool { return model == name || strings.HasPrefix(model, name+"-") })
}

// explainTools adds the way out to the error of a model that rejects tools. The error must not
// have been returned to a caller yet.
func explainTools(e *llm.Error) {
	text := strings.ToLower(e.Message)
	if strings.Contains(text, "function tools") && strings.Contains(text, "not supported") {
		e.Kind = llm.Unsupported
		e.Message += "; " + wayOut
	}
}
