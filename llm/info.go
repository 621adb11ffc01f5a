package llm

import "time"

// ModelInfo describes a model. What is not known is zero.
type ModelInfo struct {
	Provider    string // that answers for it
	Name        string // as a [Model] names it
	DisplayName string // as people name it
	OwnedBy     string // who made it, in the provider's words

	ContextWindow int // tokens, input and output together
	MaxOutput     int // tokens

	Input, Output []Modality // what it takes and what it gives
	Capabilities  []Capability
	Prices        *Prices // nil if unknown

	Status    ModelStatus
	Created   time.Time // when it was made, or came to the local server
	RetiresAt time.Time // when it stops or stopped answering
	Successor string    // what to use instead of a deprecated or retired model

	// For models on a local server.
	Family       string // "llama"
	Parameters   string // "8.0B"
	Quantization string // "Q4_K_M"
	Bytes        int64  // size on disk
	RemoteHost   string // where the server hands calls on to, rather than answer them: "https://ollama.com:443"
}

// ModelList is the answer to [Model.ListModels].
type ModelList struct{ Models []ModelInfo }

// Modality is a form of content that a model takes or gives.
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

// Capability is something that some models can do and others cannot.
type Capability string

// The capabilities.
const (
	CanUseTools   Capability = "tools"        // calls the tools of a request
	CanReason     Capability = "reasoning"    // thinks before it answers
	CanFollowJSON Capability = "json_schema"  // holds its answer to the schema of a [Format]
	CanStream     Capability = "streaming"    // answers piece by piece
	CanCache      Capability = "prompt_cache" // reads the beginning of a prompt that it has read before from a cache
)

// UnmarshalText sets the capability. It accepts the spelling with spaces of earlier versions.
func (c *Capability) UnmarshalText(text []byte) error {
	*c = Capability(snakeCase(text))
	return nil
}

// Prices are in US dollars for a million tokens. A zero is free; what is not
// known is a nil *Prices.
type Prices struct {
	Input, Output, CacheRead, CacheWrite float64
}

// ModelStatus says where a model is in its life.
type ModelStatus string

// The statuses.
const (
	StatusUnknown    ModelStatus = ""
	StatusPreview    ModelStatus = "preview"    // may change, or go, at short notice
	StatusCurrent    ModelStatus = "current"    // offered without reserve
	StatusDeprecated ModelStatus = "deprecated" // works, and will stop
	StatusRetired    ModelStatus = "retired"    // answers no more
)
