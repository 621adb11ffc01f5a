package schema

// Keywords that several profiles share.
const (
	described = "description enum"
	listSizes = " minItems maxItems"
	grammar   = "title description enum const oneOf additionalProperties prefixItems minimum maximum minLength maxLength" + listSizes
)

// Formats of strings that several profiles share.
const (
	openAIFormats   = "date-time date time duration email hostname ipv4 ipv6 uuid"
	deepSeekFormats = "email hostname ipv4 ipv6 uuid"
)

const llamaFailsOpen = "a grammar that does not parse is ignored (llama.cpp#19051)"

// openAIStrict is the base of every dialect that follows OpenAI's strict mode. Rules: the
// root is an object, all properties are required, all objects are closed. exclusiveMinimum
// and exclusiveMaximum are not among the documented facts and become inclusive for integers.
var openAIStrict = Profile{
	Name:        "openai-strict",
	Source:      "developers.openai.com structured-outputs, jsonschemaprofiles.unitvectorylabs.com (2026-02); pydantic-ai profiles/openai.py; openai-agents strict_schema.py",
	ObjectRoot:  true,
	AllRequired: true,
	Closed:      true,
	Typed:       true,
	Keywords:    "title description enum const pattern format minimum maximum multipleOf prefixItems" + listSizes,
	Formats:     openAIFormats,
	FirstKeys:   true,
	Limits:      ProfileLimits{Properties: 5000, Depth: 10, EnumValues: 1000, Characters: 120_000, LargeEnum: 250, LargeEnumCharacters: 15_000},
}

// gemini is the JSON Schema form of Gemini 2 and later. The required properties are
// generated first, in the order of required. Some recursive schemas are refused; the facts
// do not say which.
var gemini = Profile{
	Name:             "gemini",
	Source:           "ai.google.dev structured-output; pydantic-ai profiles/google.py; litellm#21014 (inlined references exceed the nesting depth)",
	Null:             NullInType,
	RefDescription:   true,
	Keywords:         described + " format minimum maximum prefixItems additionalProperties" + listSizes,
	PropertyOrdering: true,
}

// geminiOpenAPI is the OpenAPI form of Gemini: Live, 1.5 and Firebase.
var geminiOpenAPI = Profile{
	Name:             "gemini-openapi",
	Source:           "ai.google.dev structured-output; vercel/ai convert-json-schema-to-openapi-schema.ts",
	Typed:            true,
	OneType:          true,
	Null:             NullKeyword,
	Refs:             RefsInlined,
	NoRecursion:      true,
	Keywords:         described + " format minimum maximum" + listSizes,
	Formats:          "date-time enum",
	Enums:            "string",
	PropertyOrdering: true,
}

// anthropic is output_config.format. minItems is accepted for 0 and 1.
var anthropic = Profile{
	Name:        "anthropic",
	Source:      "platform.claude.com structured-outputs; anthropic-sdk-python lib/_parse/_transform.py; pydantic-ai profiles/anthropic.py",
	Closed:      true,
	Typed:       true,
	NoRecursion: true,
	Keywords:    "title description enum const format pattern minItems",
	Formats:     "date-time time date duration email hostname uri ipv4 ipv6 uuid",
	Enums:       "string integer number boolean null",
	MaxMinItems: 1,
}

// llamaCpp is json_schema of llama.cpp's server. Long maxLength and nested patterns make a
// grammar that the server cannot parse. "#" is an error 400, by trial with Debian's server
// of 2026-11 (see internal/interop).
var llamaCpp = Profile{
	Name:            "llamacpp",
	Source:          "llama.cpp#16790, #19051, #22314, #25746",
	FailsOpen:       llamaFailsOpen,
	NoRootRef:       true,
	RefDescription:  true,
	Keywords:        grammar + " pattern",
	MaxLength:       1000,
	ShallowPatterns: true,
	IntegerBounds:   true,
}

// profiles is the table of all backends. A new backend is one row.
var profiles = []Profile{
	openAIStrict,
	{Name: "openai", Source: openAIStrict.Source, Hint: true},
	{Name: "openai-tools", Source: openAIStrict.Source, Hint: true, ObjectRoot: true},
	with(openAIStrict, func(p *Profile) {
		p.Name = "azure-strict"
		p.FailsOpen = "the content filter cuts the JSON off with status 200"
	}),
	with(openAIStrict, func(p *Profile) { // API versions before v1
		p.Name = "azure-strict-old"
		p.FailsOpen = "the content filter cuts the JSON off with status 200"
		p.Keywords = "title description enum const"
		p.Limits.Properties, p.Limits.Depth = 100, 5
	}),
	gemini,
	geminiOpenAPI,
	with(gemini, func(p *Profile) { p.Name = "vertex" }),
	with(geminiOpenAPI, func(p *Profile) { p.Name = "vertex-openapi" }),
	anthropic,
	with(anthropic, func(p *Profile) {
		p.Name = "anthropic-strict-tools"
		p.Source += "; GoModel#963 (budgets of a request)"
		p.ObjectRoot = true
		p.Request = RequestLimits{StrictTools: 20, Optional: 24, Unions: 16}
	}),
	{Name: "anthropic-tools", Source: anthropic.Source, Hint: true},
	with(llamaCpp, func(p *Profile) { // patterns stay out: $defs that are cut off fail with 500
		p.Name = "ollama"
		p.Source = "marker#984, ollama#12362, ollama#15678; otherwise as llama.cpp"
		p.FailsOpen = llamaFailsOpen + "; Ollama Cloud ignores the schema (ollama#12362)"
		p.PromptToo = true
		p.Refs = RefsInlined
		p.NoRecursion = true
	}),
	llamaCpp,
	with(llamaCpp, func(p *Profile) {
		p.Name = "llamacpp-tools"
		p.ObjectRoot = true
		p.Keywords = grammar
	}),
	{
		Name:           "xgrammar", // vLLM and SGLang
		Source:         "vllm#56616, vllm#57550",
		FailsOpen:      "several branches of allOf, patternProperties, uniqueItems and everything in a schema without type are ignored",
		RefDescription: true,
		Keywords: grammar + " pattern format exclusiveMinimum exclusiveMaximum multipleOf contains minContains maxContains not if then else" +
			" minProperties maxProperties propertyNames dependentRequired dependentSchemas default examples",
	},
	with(openAIStrict, func(p *Profile) { p.Name, p.Source = "groq-strict", "console.groq.com structured-outputs" }),
	{Name: "groq", Source: "console.groq.com structured-outputs", Hint: true},
	{ // recursion and limits of lengths are not known, so neither is sent
		Name:        "cerebras",
		Source:      "inference-docs.cerebras.ai structured-outputs",
		ObjectRoot:  true,
		AllRequired: true,
		Closed:      true,
		Typed:       true,
		OneType:     true,
		NoRecursion: true,
		Keywords:    described,
		Limits:      ProfileLimits{Branches: 5},
	},
	with(openAIStrict, func(p *Profile) { p.Name = "mistral" }),
	{
		Name:        "deepseek-strict-tools",
		Source:      "api-docs.deepseek.com tool_calls; rig deepseek.rs",
		ObjectRoot:  true,
		AllRequired: true,
		Closed:      true,
		Typed:       true,
		Refs:        RefsOutsideUnions,
		Keywords:    described + " format",
		Formats:     deepSeekFormats,
	},
	with(openAIStrict, func(p *Profile) { p.Name = "xai" }),
	{
		Name:        "portable",
		Source:      "the part that every backend but DeepSeek accepts natively",
		ObjectRoot:  true,
		AllRequired: true,
		Closed:      true,
		Typed:       true,
		OneType:     true,
		Refs:        RefsInlined,
		NoRecursion: true,
		Keywords:    described,
		Enums:       "string",
		Limits:      ProfileLimits{Depth: 5, Branches: 5},
	},
}

// with returns a copy of a profile with changes.
func with(p Profile, change func(*Profile)) Profile {
	change(&p)
	return p
}

// Profiles returns all profiles. The caller owns the result.
func Profiles() []Profile { return append([]Profile(nil), profiles...) }

// ProfileNamed returns the profile with this name. It returns false if there is none.
func ProfileNamed(name string) (Profile, bool) {
	for i := range profiles {
		if profiles[i].Name == name {
			return profiles[i], true
		}
	}
	return Profile{}, false
}
