package llm

import "time"

// ModelInfo describes a model. Unknown fields are zero.
type ModelInfo struct {
	Provider    string // the provider that serves the model
	Name        string // the name to use in a [Model]
	DisplayName string // the name for people
	OwnedBy     string // the maker, as the provider names it

	ContextWindow int // in tokens, input and output together
	MaxOutput     int // in tokens

	Input, Output []Modality
	Capabilities  []Capability
	Prices        *Prices // nil if unknown
	// NeedsResponses means that OpenAI's chat completions reject tools or settings of the
	// model, so that it should be used by the Responses API.
	NeedsResponses bool

	Status    ModelStatus
	Created   time.Time // the release, or the download to a local server
	RetiresAt time.Time // the end of the service
	Successor string    // the replacement of a deprecated or retired model

	// For models on a local server.
	Family       string // "llama"
	Parameters   string // "8.0B"
	Quantization string // "Q4_K_M"
	Bytes        int64  // size on disk
	RemoteHost   string // the host to which the server forwards calls: "https://ollama.com:443"
}

// ModelList is the answer to [Model.ListModels].
type ModelList struct{ Models []ModelInfo }

// Modality is a form of content.
type Modality string

// The modalities.
const (
	ModalityText      Modality = "text"
	ModalityImage     Modality = "image"
	ModalityAudio     Modality = "audio"
	ModalityVideo     Modality = "video"
	ModalityFile      Modality = "file"
	ModalityEmbedding Modality = "embedding"
)

// Capability is an ability that not all models have.
type Capability string

// The capabilities.
const (
	CanUseTools   Capability = "tools"        // calls the tools of a request
	CanReason     Capability = "reasoning"    // reasons before it answers
	CanFollowJSON Capability = "json_schema"  // follows the schema of a [Format]
	CanStream     Capability = "streaming"    // streams its answers
	CanCache      Capability = "prompt_cache" // caches prompts on the server
)

// UnmarshalText sets the capability. It accepts the spelling with spaces of earlier versions.
func (c *Capability) UnmarshalText(text []byte) error {
	*c = Capability(snakeCase(text))
	return nil
}

// Prices are in US dollars for one million tokens. Zero is free. Unknown prices are a nil
// *Prices.
type Prices struct {
	Input, Output, CacheRead, CacheWrite float64
	// FlexFactor and PriorityFactor are the factors of the service tiers with these names, for
	// example 0.5. Zero means that the factor is unknown, so the cost under that tier is unknown.
	FlexFactor, PriorityFactor float64
}

// ModelStatus is the state of a model in its life cycle.
type ModelStatus string

// The statuses.
const (
	StatusUnknown    ModelStatus = ""
	StatusPreview    ModelStatus = "preview"    // may change or end at short notice
	StatusCurrent    ModelStatus = "current"    // generally available
	StatusDeprecated ModelStatus = "deprecated" // works, and has an end
	StatusRetired    ModelStatus = "retired"    // does not answer anymore
)
