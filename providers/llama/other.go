package llama

import (
	"context"
	"fmt"
	"math"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/provider"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmutil"
)

// CountTokens counts the tokens of a chat's prompt. The count is exact: it is the prompt of the
// same chat.
func (p operations) CountTokens(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	m, release, err := p.acquire(ctx, call.Model)
	if err != nil {
		return err
	}
	defer release()
	c := &chat{model: m, request: call.Request, options: llmutil.OptionsFor[Options](call.Request.Options)}
	if err := checkParts(m, call.Request); err != nil {
		return err
	}
	if err := c.makePrompt(ctx, p.config.Template); err != nil && llm.KindOf(err) != llm.ContextLength {
		return err
	}
	count := &llm.TokenCount{Tokens: len(c.ids), Exact: true, Source: "the vocabulary and the chat template of " + m.name}
	provider.LocalResult(p.name, call, count, yield)
	return nil
}

// Embed computes the mean of the last hidden states of each text, with the length 1.
func (p operations) Embed(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	m, release, err := p.acquire(ctx, call.Model)
	if err != nil {
		return err
	}
	defer release()
	var warnings []llm.Warning
	if n := call.Embed.Dimensions; n > 0 && n != m.engine.Width() {
		text := fmt.Sprintf("the vectors of %s have %d dimensions; the setting was left out", m.name, m.engine.Width())
		if call.Embed.FailOnUnsupported {
			return llm.Errorf(llm.Unsupported, "Dimensions: %s", text)
		}
		warnings = append(warnings, llm.Warning{Code: llm.WarnUnsupported, Setting: "Dimensions", Message: text})
	}
	result := &llm.EmbedResponse{Model: m.name}
	tokens := 0
	for i, text := range call.Embed.Inputs {
		ids := m.encoding.EncodePrompt("")
		ids = m.encoding.AppendEncode(ids, text)
		if len(ids) == 0 {
			return llm.Errorf(llm.InvalidRequest, "input %d is empty: remove it", i)
		}
		tokens += len(ids)
		vector, err := m.embed(ctx, ids)
		if err != nil {
			return engineError(ctx, m, err)
		}
		result.Vectors = append(result.Vectors, vector)
	}
	usage := llm.Usage{Input: llm.Known(tokens), Output: llm.Known(0)}
	result.Usage = usage
	llmutil.YieldResult(yield, &llm.Start{Provider: p.name, Model: m.name}, result, usage, warnings...)
	return nil
}

func (m *loaded) embed(ctx context.Context, ids []int) ([]float32, error) {
	session, err := m.sessions.Acquire(ctx, nil, len(ids))
	if err != nil {
		return nil, err
	}
	defer m.sessions.Release(session)
	defer session.Reset() // a chat cannot continue it
	vector, err := session.Embed(ctx, ids)
	if err != nil {
		return nil, err
	}
	var sum float64
	for _, v := range vector {
		sum += float64(v) * float64(v)
	}
	if sum > 0 {
		for i := range vector {
			vector[i] = float32(float64(vector[i]) / math.Sqrt(sum))
		}
	}
	return vector, nil
}

// ListModels lists the models that are part of the program, and those of Ollama on this machine.
// Files elsewhere are not searched.
func (p operations) ListModels(ctx context.Context, call *llm.Call, yield func(llm.Event, error) bool) error {
	list := new(llm.ModelList)
	names, err := p.ollamaNames()
	if err != nil {
		return llm.Errorf(llm.InvalidRequest, "%w", err)
	}
	for _, name := range append(Embedded(), names...) {
		if err := llm.FromContext(ctx); err != nil {
			return err
		}
		info, ok := p.info(name)
		if ok {
			list.Models = append(list.Models, info)
		}
	}
	provider.LocalResult(p.name, call, list, yield)
	return nil
}

// info describes a model. It returns false for a file that this package cannot read, for example
// one that Ollama has not fetched to its end.
func (p *Provider) info(name string) (llm.ModelInfo, bool) {
	file, err := p.open(name)
	if err != nil {
		return llm.ModelInfo{}, false
	}
	defer file.Close()
	architecture, _ := file.Metadata["general.architecture"].(string)
	title, _ := file.Metadata["general.name"].(string)
	context, _ := file.Metadata[architecture+".context_length"].(int64)
	info := llm.ModelInfo{
		Provider: p.name, Name: name, DisplayName: title, Family: architecture, Bytes: file.Size(), ContextWindow: int(context),
		Input: []llm.Modality{llm.ModalityText}, Output: []llm.Modality{llm.ModalityText},
		Capabilities: []llm.Capability{llm.CanStream, llm.CanFollowJSON, llm.CanCache},
		Quantization: quantization(file),
	}
	if m, ok := embeddedNamed(name); ok && m.about != "" {
		info.DisplayName = m.about
	}
	return info, true
}

// quantization returns the type of most of the weights.
func quantization(file *gguf.File) string {
	sizes := make(map[gguf.Type]int)
	best := gguf.F32
	for _, t := range file.Tensors {
		sizes[t.Type] += len(t.Data)
		if sizes[t.Type] > sizes[best] {
			best = t.Type
		}
	}
	return best.String()
}
