package llamacpp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"strconv"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
)

// modelList is the list of models of the server, in OpenAI's dialect and its own.
type modelList struct {
	provider.ErrorMember
	Data provider.List[struct {
		ID      string `json:"id"`
		OwnedBy string `json:"owned_by"`
		Context int    `json:"context_length"` // of a router, also for models that are not loaded
		Meta    *struct {
			Context      int    `json:"n_ctx"` // as the server runs the model; newer versions
			ContextTrain int    `json:"n_ctx_train"`
			Parameters   int64  `json:"n_params"`
			Size         int64  `json:"size"`
			Type         string `json:"ftype"`
		} `json:"meta"`
		Architecture *struct {
			Input  provider.List[string] `json:"input_modalities"`
			Output provider.List[string] `json:"output_modalities"`
		} `json:"architecture"`
	}] `json:"data"`
}

func (p operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	var got modelList
	r, err := p.server.Value(ctx, call, "/v1/models", nil, &got)
	if err != nil {
		return err
	}
	defer r.Close()
	if got.Data == nil {
		return r.ReplyError(llm.Protocol, "the reply has no list of models")
	}
	list := &llm.ModelList{Models: make([]llm.ModelInfo, len(got.Data))}
	for i, m := range got.Data {
		info := llm.ModelInfo{Provider: p.name, Name: m.ID, OwnedBy: m.OwnedBy, ContextWindow: m.Context}
		if m.Meta != nil {
			info.ContextWindow, info.Bytes = cmp.Or(m.Meta.Context, m.Context, m.Meta.ContextTrain), m.Meta.Size
			info.Parameters, info.Quantization = parameters(m.Meta.Parameters), m.Meta.Type
		}
		if a := m.Architecture; a != nil {
			info.Input, info.Output = modalities(a.Input), modalities(a.Output)
		}
		list.Models[i] = info
	}
	provider.Result(r, "", list, llm.Usage{}, yield)
	return nil
}

func modalities(words []string) []llm.Modality {
	var list []llm.Modality
	for _, word := range words {
		list = append(list, llm.Modality(word))
	}
	return list
}

// parameters returns a number of parameters in short form, for example "8.0B".
func parameters(n int64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "B"}, {1e6, "M"}, {1e3, "K"}} {
		if f := float64(n); f >= unit.size {
			return strconv.FormatFloat(f/unit.size, 'f', 1, 64) + unit.name
		}
	}
	return ""
}

// The operations that only this provider has, by their names in errors.
const (
	opProps llm.Op = "get_properties"
	opSlots llm.Op = "get_slots"
)

// Props are the properties of a server and of its model.
type Props struct {
	// Info are the properties that other providers report as well. ContextWindow is the
	// size for one conversation, in tokens, with the server's settings.
	Info     llm.ModelInfo
	Slots    int    // number of requests that are processed concurrently
	Template string // the chat template in Jinja; ChatML's if the model's file has none
	BOS, EOS string // the tokens at the beginning and the end of a text
	Build    string // the server's version, for example "b1-de3ff81"
	Sleeping bool   // whether the model is currently unloaded
}

// props is the reply to a request for the server's properties.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#get-props-get-server-global-properties
type props struct {
	provider.ErrorMember
	Defaults *struct {
		Context int `json:"n_ctx"`
	} `json:"default_generation_settings"`
	Slots      int             `json:"total_slots"`
	Alias      string          `json:"model_alias"`
	Path       string          `json:"model_path"`
	Type       string          `json:"model_ftype"`
	Modalities map[string]bool `json:"modalities"`
	Template   string          `json:"chat_template"`
	Caps       map[string]any  `json:"chat_template_caps"`
	BOS        string          `json:"bos_token"`
	EOS        string          `json:"eos_token"`
	Build      string          `json:"build_info"`
	Sleeping   bool            `json:"is_sleeping"`
	Role       string          `json:"role"` // "router", of a server with several models
}

// Props returns the properties of the server and of its model. Errors are of type
// *llm.Error. A router, which is a server with several models, has no model of its own, so
// the error is of kind [llm.Unsupported]: use [Provider.PropsOf].
func (p *Provider) Props(ctx context.Context) (*Props, error) { return p.PropsOf(ctx, "") }

// PropsOf returns the properties of one model of a router, and otherwise is like
// [Provider.Props]. The router loads the model if it is not loaded.
func (p *Provider) PropsOf(ctx context.Context, model string) (*Props, error) {
	var got props
	r, err := p.own(ctx, opProps, inQuery("/props", model), &got)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if got.Role == "router" && model == "" {
		return nil, r.ReplyError(llm.Unsupported, "the server is a router of several models: name one with PropsOf")
	}
	if got.Defaults == nil {
		return nil, r.ReplyError(llm.Protocol, "the reply has no settings: check that the base URL is that of a llama.cpp server")
	}
	out := &Props{
		Slots: got.Slots, Template: got.Template, BOS: got.BOS, EOS: got.EOS, Build: got.Build, Sleeping: got.Sleeping,
	}
	out.Info = llm.ModelInfo{
		Provider: p.name, Name: got.Alias, ContextWindow: got.Defaults.Context, Quantization: got.Type,
		Input:        []llm.Modality{llm.ModalityText},
		Output:       []llm.Modality{llm.ModalityText},
		Capabilities: []llm.Capability{llm.CanStream, llm.CanFollowJSON, llm.CanCache},
	}
	if out.Info.Name == "" {
		out.Info.Name = path.Base(got.Path)
	}
	for _, m := range []struct {
		word string
		is   llm.Modality
	}{{"vision", llm.ModalityImage}, {"audio", llm.ModalityAudio}, {"video", llm.ModalityVideo}} {
		if got.Modalities[m.word] {
			out.Info.Input = append(out.Info.Input, m.is)
		}
	}
	if got.Caps["supports_tools"] == true {
		out.Info.Capabilities = append(out.Info.Capabilities, llm.CanUseTools)
	}
	if got.Caps["supports_reasoning_effort"] == true || got.Caps["supports_preserve_reasoning"] == true {
		out.Info.Capabilities = append(out.Info.Capabilities, llm.CanReason)
	}
	return out, nil
}

// Slot is a slot of a server. A slot processes one request at a time and keeps its prompt,
// which later requests with the same beginning reuse.
type Slot struct {
	ID            int  `json:"id"` // for Options.Slot
	ContextWindow int  `json:"n_ctx"`
	Busy          bool `json:"is_processing"`
	PromptTokens  int  `json:"n_prompt_tokens"` // of the last request
}

// Slots returns the state of the server's slots. If the server was started with --no-slots,
// the error is of kind [llm.Unsupported].
func (p *Provider) Slots(ctx context.Context) ([]Slot, error) { return p.SlotsOf(ctx, "") }

// SlotsOf returns the state of the slots of one model of a router, which is a server with
// several models, and otherwise is like [Provider.Slots].
func (p *Provider) SlotsOf(ctx context.Context, model string) ([]Slot, error) {
	var got slotList
	r, err := p.own(ctx, opSlots, inQuery("/slots", model), &got)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if got.slots == nil {
		return nil, r.ReplyError(llm.Protocol, "the reply is not a list of slots")
	}
	return slices.Clip(got.slots), nil
}

// slotList is the reply to a request for the slots: a list, or an error.
type slotList struct {
	provider.ErrorMember
	slots provider.List[Slot]
}

func (l *slotList) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, &l.slots)
	}
	return json.Unmarshal(data, &l.ErrorMember)
}

// inQuery adds the name of a model to the path of a request without a body.
func inQuery(path, model string) string {
	if model == "" {
		return path
	}
	return path + "?model=" + url.QueryEscape(model)
}

// own makes a call that is not part of [llm.Provider].
func (p *Provider) own(ctx context.Context, op llm.Op, place string, v provider.Failing) (*httpcall.Reply, error) {
	call := &llm.Call{Op: op, Provider: p.name}
	if ctx == nil {
		return nil, p.fail(call, llm.InvalidRequest, "the context is nil")
	}
	return p.server.Value(ctx, call, place, nil, v)
}
