package ollama

import (
	"cmp"
	"context"

	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// modelList is the list of models of the server.
// https://github.com/ollama/ollama/blob/main/docs/api.md#list-local-models
type modelList struct {
	provider.ErrorMember
	Models provider.List[struct {
		Name       string        `json:"name"`
		Modified   provider.Time `json:"modified_at"`
		Size       int64         `json:"size"`
		Details    details       `json:"details"`
		RemoteHost string        `json:"remote_host"` // of models that run in a cloud
	}] `json:"models"`
}

// details are the properties that every reply about a model has.
type details struct {
	Family       string `json:"family"`
	Parameters   string `json:"parameter_size"`
	Quantization string `json:"quantization_level"`
}

func (p operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	var got modelList
	r, err := p.server.Value(ctx, call, "/api/tags", nil, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	list := &llm.ModelList{Models: make([]llm.ModelInfo, len(got.Models))}
	for i, m := range got.Models {
		info := m.Details.info()
		info.Provider, info.Name, info.Created, info.Bytes, info.RemoteHost = p.name, m.Name, m.Modified.Time, m.Size, m.RemoteHost
		list.Models[i] = info
	}
	provider.Result(r, "", list, llm.Usage{}, yield)
	return nil
}

func (d *details) info() llm.ModelInfo {
	info := llm.ModelInfo{Family: d.Family, Parameters: d.Parameters, Quantization: d.Quantization}
	if info.Quantization == "unknown" { // the server's word for nothing
		info.Quantization = ""
	}
	return info
}

// The operations that only this provider has, by their names in errors.
const (
	opPull    llm.Op = "pull_model"
	opShow    llm.Op = "show_model"
	opVersion llm.Op = "get_version"
)

// ownCall returns the call of a method that is not part of [llm.Provider], for its errors.
func (p *Provider) ownCall(ctx context.Context, op llm.Op, model string) (*llm.Call, error) {
	call := &llm.Call{Op: op, Provider: p.name, Model: model}
	switch {
	case ctx == nil:
		return nil, p.fail(call, llm.InvalidRequest, "the context is nil")
	case model == "" && op != opVersion:
		return nil, p.fail(call, llm.InvalidRequest, "the model name is empty")
	}
	return call, nil
}

// Version returns the server's version, for example "0.24.0". A server that was built from
// source returns "0.0.0". Errors are of type *llm.Error.
func (p *Provider) Version(ctx context.Context) (string, error) {
	call, err := p.ownCall(ctx, opVersion, "")
	if err != nil {
		return "", err
	}
	var got struct {
		provider.ErrorMember
		Version string `json:"version"`
	}
	r, err := p.server.Value(ctx, call, "/api/version", nil, &got)
	if err != nil {
		return "", err
	}
	defer r.Close()
	if got.Version == "" {
		return "", r.ReplyError(llm.Protocol, "the reply has no version")
	}
	return got.Version, nil
}

// ModelDetails are the details of a model.
type ModelDetails struct {
	// Info are the properties that other providers report as well. ContextWindow is the
	// maximum of the model, in tokens. The size in use is num_ctx, from Options, from
	// Settings, or the server's default.
	Info llm.ModelInfo
	// Capabilities are the server's names of capabilities, for example "completion",
	// "tools", "thinking", "vision", "embedding" and "insert".
	Capabilities []string
	Template     string // the chat template, in the syntax of Go's text/template
	System       string // the default system message
	Settings     string // the default settings, one per line, for example "num_ctx 4096"
	License      string
	// Metadata is the metadata of the model's file, for example "general.architecture" and
	// "llama.block_count". Numbers are float64.
	Metadata map[string]any
}

// shown is the reply to a request to show a model.
// https://github.com/ollama/ollama/blob/main/docs/api.md#show-model-information
type shown struct {
	provider.ErrorMember
	License      string         `json:"license"`
	Template     string         `json:"template"`
	System       string         `json:"system"`
	Parameters   string         `json:"parameters"`
	Capabilities []string       `json:"capabilities"`
	Details      details        `json:"details"`
	Metadata     map[string]any `json:"model_info"`
	Modified     provider.Time  `json:"modified_at"`
}

// Show returns the details of a model. If the server does not have the model, the error is of
// kind [llm.NotFound].
func (p *Provider) Show(ctx context.Context, model string) (*ModelDetails, error) {
	call, err := p.ownCall(ctx, opShow, model)
	if err != nil {
		return nil, err
	}
	var got shown
	if err := p.show(ctx, call, false, &got); err != nil {
		return nil, err
	}
	d := &ModelDetails{
		Info:         got.Details.info(),
		Capabilities: got.Capabilities,
		Template:     got.Template,
		System:       got.System,
		Settings:     got.Parameters,
		License:      got.License,
		Metadata:     got.Metadata,
	}
	d.Info.Provider, d.Info.Name, d.Info.Created = p.name, model, got.Modified.Time
	architecture, _ := got.Metadata["general.architecture"].(string)
	context, _ := got.Metadata[cmp.Or(architecture, "llama")+".context_length"].(float64)
	d.Info.ContextWindow = int(context)
	d.addCapabilities()
	return d, nil
}

// addCapabilities converts the server's names of capabilities.
func (d *ModelDetails) addCapabilities() {
	info := &d.Info
	for _, word := range d.Capabilities {
		switch word {
		case "completion":
			info.Input = append([]llm.Modality{llm.ModalityText}, info.Input...)
			info.Output = append(info.Output, llm.ModalityText)
			info.Capabilities = append(info.Capabilities, llm.CanStream, llm.CanFollowJSON)
		case "embedding":
			info.Input = append([]llm.Modality{llm.ModalityText}, info.Input...)
			info.Output = append(info.Output, llm.ModalityEmbedding)
		case "vision":
			info.Input = append(info.Input, llm.ModalityImage)
		case "audio":
			info.Input = append(info.Input, llm.ModalityAudio)
		case "tools":
			info.Capabilities = append(info.Capabilities, llm.CanUseTools)
		case "thinking":
			info.Capabilities = append(info.Capabilities, llm.CanReason)
		}
	}
}
