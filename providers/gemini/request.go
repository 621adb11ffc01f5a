package gemini

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// chatBody is the body of a chat request. It has the members of genai's configuration at the
// positions that the API defines, which differ from genai's type. A test compares bodies with
// those of genai's client.
// https://ai.google.dev/api/generate-content#request-body
type chatBody struct {
	Model             string                        `json:"model,omitempty"` // only in requests to count tokens
	Contents          []message                     `json:"contents"`
	SystemInstruction *message                      `json:"systemInstruction,omitempty"`
	GenerationConfig  generationConfig              `json:"generationConfig,omitzero"`
	SafetySettings    []*genai.SafetySetting        `json:"safetySettings,omitempty"`
	Tools             []*genai.Tool                 `json:"tools,omitempty"`
	ToolConfig        *genai.ToolConfig             `json:"toolConfig,omitempty"`
	CachedContent     string                        `json:"cachedContent,omitempty"`
	Labels            map[string]string             `json:"labels,omitempty"`
	ServiceTier       genai.ServiceTier             `json:"serviceTier,omitempty"`
	ModelArmorConfig  *genai.ModelArmorConfig       `json:"modelArmorConfig,omitempty"`
	OutputConfig      *genai.GenerationOutputConfig `json:"outputConfig,omitempty"`
	ContinuationToken []byte                        `json:"continuationToken,omitempty"`
	Store             *bool                         `json:"store,omitempty"`
}

// generationConfig is the member of that name. Its numbers are float64, because genai's
// float32 turns 0.7 into 0.699999988, and its integers are as large as those of llm.Request.
type generationConfig struct {
	Temperature                *float64                             `json:"temperature,omitempty"`
	TopP                       *float64                             `json:"topP,omitempty"`
	TopK                       *float64                             `json:"topK,omitempty"`
	CandidateCount             int32                                `json:"candidateCount,omitempty"`
	MaxOutputTokens            int                                  `json:"maxOutputTokens,omitempty"`
	StopSequences              []string                             `json:"stopSequences,omitempty"`
	ResponseLogprobs           bool                                 `json:"responseLogprobs,omitempty"`
	Logprobs                   *int32                               `json:"logprobs,omitempty"`
	PresencePenalty            *float64                             `json:"presencePenalty,omitempty"`
	FrequencyPenalty           *float64                             `json:"frequencyPenalty,omitempty"`
	Seed                       *int64                               `json:"seed,omitempty"`
	ResponseMIMEType           string                               `json:"responseMimeType,omitempty"`
	ResponseSchema             *genai.Schema                        `json:"responseSchema,omitempty"`
	ResponseJSONSchema         any                                  `json:"responseJsonSchema,omitempty"`
	RoutingConfig              *genai.GenerationConfigRoutingConfig `json:"routingConfig,omitempty"`
	ModelConfig                *genai.ModelSelectionConfig          `json:"modelConfig,omitempty"`
	ResponseModalities         []string                             `json:"responseModalities,omitempty"`
	MediaResolution            genai.MediaResolution                `json:"mediaResolution,omitempty"`
	SpeechConfig               *genai.SpeechConfig                  `json:"speechConfig,omitempty"`
	AudioTimestamp             bool                                 `json:"audioTimestamp,omitempty"`
	ThinkingConfig             *genai.ThinkingConfig                `json:"thinkingConfig,omitempty"`
	ImageConfig                *outputImage                         `json:"imageConfig,omitempty"`
	EnableEnhancedCivicAnswers *bool                                `json:"enableEnhancedCivicAnswers,omitempty"`
	AudioTranscriptionConfig   *genai.AudioTranscriptionConfig      `json:"audioTranscriptionConfig,omitempty"`
}

// requestBuilder converts a request to the body of a chat. It collects a warning for each
// setting that Gemini does not support.
type requestBuilder struct {
	provider *Provider
	call     *llm.Call
	req      *llm.Request
	options  Options
	config   genai.GenerateContentConfig
	exact    exact
	body     chatBody
	warnings []llm.Warning
}

// exact are the numbers of the request, which genai's types would round.
type exact struct {
	temperature, topP, topK, presence, frequency *float64
	seed                                         *int64
	maxTokens                                    int
}

// marshalChat returns the body for a chat, with warnings about settings that Gemini does not
// support. If the request has FailOnUnsupported, such a setting is an error.
func (p *Provider) marshalChat(call *llm.Call) ([]byte, []llm.Warning, error) {
	b, err := p.buildChat(call)
	if err != nil {
		return nil, nil, err
	}
	data, err := p.marshal(call, &b.body, b.options.Extra)
	return data, b.warnings, err
}

// buildChat builds the body of a chat without Options.Extra, and calls the hook.
func (p *Provider) buildChat(call *llm.Call) (*requestBuilder, error) {
	b := &requestBuilder{provider: p, call: call, req: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	if err := b.addMessages(); err != nil {
		return nil, err
	}
	b.addSettings()
	if problem := provider.CustomTool(b.req); problem != "" {
		return nil, b.fail(llm.Unsupported, "%s", problem)
	}
	b.addTools()
	b.addFormat()
	b.addThinking()
	b.addOptions()
	b.combineTools()
	if w := provider.Unsupported(b.req, b.warnings); w != nil {
		return nil, b.fail(llm.Unsupported, "%s: %s", w.Setting, w.Message)
	}
	if b.options.Hook != nil {
		b.options.Hook(&b.config)
	}
	if err := b.checkHook(); err != nil {
		return nil, err
	}
	b.fill()
	return b, nil
}

// marshal returns the body as JSON, with the members of Options.Extra.
func (p *Provider) marshal(call *llm.Call, body any, extra map[string]any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err == nil {
		data, err = mergeDeep(data, extra)
	}
	if err != nil {
		return nil, p.fail(call, llm.InvalidRequest, "the request cannot be encoded as JSON: check Options: %v", err)
	}
	if config, ok := extra["generationConfig"].(map[string]any); ok && config["candidateCount"] != nil {
		var sent struct {
			Config struct {
				Candidates float64 `json:"candidateCount"`
			} `json:"generationConfig"`
		}
		if json.Unmarshal(data, &sent) == nil && sent.Config.Candidates > 1 {
			return nil, p.severalCandidates(call, "Options.Extra requests")
		}
	}
	return data, nil
}

func (p *Provider) severalCandidates(call *llm.Call, who string) error {
	return p.fail(call, llm.Unsupported, "%s more than one candidate (candidateCount): make several calls instead", who)
}

func (b *requestBuilder) fail(kind llm.Kind, format string, args ...any) error {
	return b.provider.fail(b.call, kind, format, args...)
}

func (b *requestBuilder) warn(code llm.WarningCode, setting, message string) {
	b.warnings = append(b.warnings, llm.Warning{Code: code, Setting: setting, Message: message})
}

func (b *requestBuilder) addSettings() {
	r, c := b.req, &b.config
	b.exact = exact{
		temperature: r.Temperature, topP: r.TopP, presence: r.PresencePenalty, frequency: r.FrequencyPenalty,
		seed: r.Seed, maxTokens: r.MaxTokens,
	}
	c.Temperature, c.TopP = rounded(r.Temperature), rounded(r.TopP)
	c.PresencePenalty, c.FrequencyPenalty = rounded(r.PresencePenalty), rounded(r.FrequencyPenalty)
	c.MaxOutputTokens = int32(r.MaxTokens)
	if r.TopK != nil {
		b.exact.topK = new(float64(*r.TopK))
		c.TopK = rounded(b.exact.topK)
	}
	if r.Seed != nil {
		c.Seed = new(int32(*r.Seed))
	}
	c.StopSequences = slices.Clone(r.Stop)
	if r.Logprobs || r.TopLogprobs > 0 {
		c.ResponseLogprobs = true
	}
	if r.TopLogprobs > 0 {
		c.Logprobs = new(int32(r.TopLogprobs))
	}
}

func rounded(f *float64) *float32 {
	if f == nil {
		return nil
	}
	return new(float32(*f))
}

func (b *requestBuilder) addTools() {
	r, c := b.req, &b.config
	strict := false
	var declarations []*genai.FunctionDeclaration
	for _, t := range r.Tools {
		d := &genai.FunctionDeclaration{Name: t.Name, Description: t.Description}
		if len(t.Parameters) > 0 {
			d.ParametersJsonSchema = t.Parameters
		}
		declarations = append(declarations, d)
		strict = strict || t.Strict != nil && *t.Strict
	}
	if declarations != nil {
		c.Tools = append(c.Tools, &genai.Tool{FunctionDeclarations: declarations})
		if r.ParallelToolCalls != nil && !*r.ParallelToolCalls {
			b.warn(llm.WarnUnsupported, "ParallelToolCalls", "Gemini does not support a limit of one tool call at a time; the model decides")
		}
	}
	// A forced call follows the tool's schema in any mode.
	// https://ai.google.dev/gemini-api/docs/function-calling#function_calling_modes
	var calling genai.FunctionCallingConfig
	switch mode := r.ToolChoice.Mode; {
	case mode == llm.ToolNone:
		calling.Mode = genai.FunctionCallingConfigModeNone
	case mode == llm.ToolRequired:
		calling.Mode = genai.FunctionCallingConfigModeAny
	case mode == llm.ToolNamed:
		calling.Mode, calling.AllowedFunctionNames = genai.FunctionCallingConfigModeAny, []string{r.ToolChoice.Name}
	case strict:
		calling.Mode = genai.FunctionCallingConfigModeValidated
	case mode == llm.ToolAuto:
		calling.Mode = genai.FunctionCallingConfigModeAuto
	default:
		return
	}
	c.ToolConfig = &genai.ToolConfig{FunctionCallingConfig: &calling}
}

func (b *requestBuilder) addFormat() {
	f, c := b.req.Format, &b.config
	if f == nil {
		return
	}
	c.ResponseMIMEType = "application/json"
	if len(f.Schema) > 0 {
		c.ResponseJsonSchema = f.Schema
		if f.Description != "" {
			b.warn(llm.WarnUnsupported, "Format", "Gemini accepts only the schema; its description was omitted")
		}
	}
}

func (b *requestBuilder) addOptions() {
	o, c := &b.options, &b.config
	for _, category := range slices.Sorted(maps.Keys(o.SafetySettings)) {
		c.SafetySettings = append(c.SafetySettings, &genai.SafetySetting{
			Category: genai.HarmCategory(category), Threshold: genai.HarmBlockThreshold(o.SafetySettings[category]),
		})
	}
	if o.GoogleSearch {
		c.Tools = append(c.Tools, &genai.Tool{GoogleSearch: &genai.GoogleSearch{}})
	}
	if o.URLContext {
		c.Tools = append(c.Tools, &genai.Tool{URLContext: &genai.URLContext{}})
	}
	if o.CodeExecution {
		c.Tools = append(c.Tools, &genai.Tool{CodeExecution: &genai.ToolCodeExecution{}})
	}
	c.CachedContent = o.CachedContent
	c.ResponseModalities = slices.Clone(o.ResponseModalities)
	c.MediaResolution = genai.MediaResolution(o.MediaResolution)
	c.ServiceTier = genai.ServiceTier(o.ServiceTier)
	c.Labels = maps.Clone(o.Labels)
}

// combineTools prepares the request for functions together with tools of the server. The
// Gemini API accepts both from Gemini 3 on, if the request asks for the calls of the server's
// tools. Vertex AI does not have this setting. The mode AUTO is left out, because the server
// rejects it here: Pretend-to/mio-chat-backend#30.
// https://ai.google.dev/gemini-api/docs/tool-combination
func (b *requestBuilder) combineTools() {
	functions, servers := false, false
	for _, t := range b.config.Tools {
		functions = functions || t.FunctionDeclarations != nil
		servers = servers || t.FunctionDeclarations == nil
	}
	if !functions || !servers || b.provider.vertex || familyOf(b.call.Model).thinks != byLevel {
		return
	}
	if b.config.ToolConfig == nil {
		b.config.ToolConfig = &genai.ToolConfig{}
	}
	c := b.config.ToolConfig
	c.IncludeServerSideToolInvocations = new(true)
	if c.FunctionCallingConfig != nil && c.FunctionCallingConfig.Mode == genai.FunctionCallingConfigModeAuto {
		c.FunctionCallingConfig = nil
	}
}

// checkHook returns an error for settings of the hook that would have no effect.
func (b *requestBuilder) checkHook() error {
	c := &b.config
	switch {
	case c.CandidateCount > 1:
		return b.provider.severalCandidates(b.call, "the hook requests")
	case c.HTTPOptions != nil:
		return b.fail(llm.Unsupported, "the hook set HTTPOptions, which only genai's client uses: set Config and Options.Extra instead")
	case c.ToolConfig != nil && c.ToolConfig.FunctionCallingConfig != nil && c.ToolConfig.FunctionCallingConfig.StreamFunctionCallArguments != nil:
		return b.fail(llm.Unsupported, "the hook set StreamFunctionCallArguments, which this provider does not support: remove it")
	}
	return nil
}

// fill copies the configuration to the body.
func (b *requestBuilder) fill() {
	c, body, exact := &b.config, &b.body, &b.exact
	body.SystemInstruction = vendorContent(c.SystemInstruction)
	body.SafetySettings, body.Tools, body.ToolConfig = c.SafetySettings, c.Tools, c.ToolConfig
	body.CachedContent, body.Labels, body.ServiceTier = b.provider.cacheName(c.CachedContent), c.Labels, c.ServiceTier
	body.ModelArmorConfig, body.OutputConfig = c.ModelArmorConfig, c.GenerationOutputConfig
	body.ContinuationToken, body.Store = c.ContinuationToken, c.Store
	g := generationConfig{
		Temperature:                unrounded(c.Temperature, exact.temperature),
		TopP:                       unrounded(c.TopP, exact.topP),
		TopK:                       unrounded(c.TopK, exact.topK),
		PresencePenalty:            unrounded(c.PresencePenalty, exact.presence),
		FrequencyPenalty:           unrounded(c.FrequencyPenalty, exact.frequency),
		CandidateCount:             c.CandidateCount,
		MaxOutputTokens:            int(c.MaxOutputTokens),
		StopSequences:              c.StopSequences,
		ResponseLogprobs:           c.ResponseLogprobs,
		Logprobs:                   c.Logprobs,
		ResponseMIMEType:           c.ResponseMIMEType,
		ResponseSchema:             c.ResponseSchema,
		ResponseJSONSchema:         c.ResponseJsonSchema,
		RoutingConfig:              c.RoutingConfig,
		ModelConfig:                c.ModelSelectionConfig,
		ResponseModalities:         c.ResponseModalities,
		MediaResolution:            c.MediaResolution,
		SpeechConfig:               c.SpeechConfig,
		AudioTimestamp:             c.AudioTimestamp,
		ThinkingConfig:             c.ThinkingConfig,
		ImageConfig:                imageConfig(c.ImageConfig),
		EnableEnhancedCivicAnswers: c.EnableEnhancedCivicAnswers,
		AudioTranscriptionConfig:   c.AudioTranscriptionConfig,
	}
	if c.MaxOutputTokens == int32(exact.maxTokens) {
		g.MaxOutputTokens = exact.maxTokens
	}
	if c.Seed != nil {
		g.Seed = new(int64(*c.Seed))
		if exact.seed != nil && int32(*exact.seed) == *c.Seed {
			g.Seed = exact.seed
		}
	}
	body.GenerationConfig = g
}

// unrounded returns the number of the request, unless the hook has set another one.
func unrounded(now *float32, exact *float64) *float64 {
	switch {
	case now == nil:
		return nil
	case exact != nil && float32(*exact) == *now:
		return exact
	}
	// Converted by its decimal text, because float64(float32(0.7)) is 0.699999988.
	f, err := strconv.ParseFloat(strconv.FormatFloat(float64(*now), 'g', -1, 32), 64)
	if err != nil { // only for a number that is not finite
		f = float64(*now)
	}
	return &f
}

// outputImage is genai's image configuration in the form of the API.
type outputImage struct {
	AspectRatio      string                               `json:"aspectRatio,omitempty"`
	ImageSize        string                               `json:"imageSize,omitempty"`
	PersonGeneration string                               `json:"personGeneration,omitempty"`
	ProminentPeople  genai.ProminentPeople                `json:"prominentPeople,omitempty"`
	Output           *genai.ImageConfigImageOutputOptions `json:"imageOutputOptions,omitempty"`
}

func imageConfig(c *genai.ImageConfig) *outputImage {
	if c == nil {
		return nil
	}
	out := &outputImage{c.AspectRatio, c.ImageSize, c.PersonGeneration, c.ProminentPeople, c.ImageOutputOptions}
	if out.Output == nil && (c.OutputMIMEType != "" || c.OutputCompressionQuality != nil) {
		out.Output = &genai.ImageConfigImageOutputOptions{MIMEType: c.OutputMIMEType, CompressionQuality: c.OutputCompressionQuality}
	}
	return out
}
