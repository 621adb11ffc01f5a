package llama

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/parley-llm/parley/internal/chattemplate"
	"github.com/parley-llm/parley/internal/constrain"
	"github.com/parley-llm/parley/internal/gguf"
	engine "github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/internal/modeltext"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tokens"
)

const (
	defaultContext    = 8192
	defaultCacheBytes = 2 << 30
	minContext        = 256 // less is no conversation
)

// loaded is a model that is ready to answer.
type loaded struct {
	name     string
	file     *gguf.File
	engine   *engine.Model
	sessions *engine.Sessions
	context  int // the context window

	encoding *tokens.Encoding
	names    map[int]string // of control tokens
	ends     map[int]bool   // tokens that end an answer
	bos      int            // -1: prompts do not begin with a token
	template *chattemplate.Template
	noChat   error // the reason for a nil template
	format   modeltext.Format
	sampling engine.Sampling // the defaults

	vocabulary sync.Once // see forms
	cache      *constrain.Cache
}

// close releases the memory of the model.
func (m *loaded) close() error {
	m.engine.Close()
	return m.file.Close()
}

// load opens the file of a model and reads it.
func (p *Provider) load(ctx context.Context, name string) (*loaded, error) {
	file, err := p.open(name)
	if err != nil {
		return nil, err
	}
	m, err := p.prepare(ctx, name, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return m, nil
}

// prepare makes a model of a file.
func (p *Provider) prepare(ctx context.Context, name string, file *gguf.File) (*loaded, error) {
	if err := p.checkMemory(name, file); err != nil {
		return nil, err
	}
	encoding, err := tokens.FromMetadata(name, file.Metadata)
	if err != nil {
		return nil, llm.Errorf(llm.Unsupported, "cannot read the vocabulary of %s: %w: use a model with a vocabulary of LLaMA, GPT-2's form or Gemma", name, err)
	}
	model, err := engine.Load(file, engine.Options{Threads: p.config.Threads})
	if err != nil {
		return nil, llm.Errorf(llm.Unsupported, "cannot run %s: %w", name, err)
	}
	m := &loaded{name: name, file: file, engine: model, encoding: encoding, bos: -1, sampling: samplingOf(file.Metadata)}
	if err := m.window(p.config.Settings); err != nil {
		model.Close()
		return nil, err
	}
	m.readTokens()
	m.readTemplate()
	if err := touch(ctx, file); err != nil {
		model.Close()
		return nil, err
	}
	return m, nil
}

// checkMemory refuses a model that is larger than the memory of the machine.
func (p *Provider) checkMemory(name string, file *gguf.File) error {
	limit := p.config.MemoryBytes
	if limit == 0 {
		limit = machineMemory()
	}
	if limit > 0 && file.Size() > limit {
		return llm.Errorf(llm.Unsupported, "%s has %s, and the memory is %s: use a smaller model, or one with a stronger quantisation such as Q4_K_M",
			name, size(file.Size()), size(limit))
	}
	return nil
}

// size returns a number of bytes in words.
func size(n int64) string {
	const gib = 1 << 30
	if n >= gib {
		return fmt.Sprintf("%.1f GiB", float64(n)/gib)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// window sets the context window and the memory for keys and values.
func (m *loaded) window(s Settings) error {
	bytes := s.CacheBytes
	if bytes == 0 {
		bytes = defaultCacheBytes
	}
	fits := bytes / m.engine.BytesPerToken()
	m.context = s.Context
	if m.context == 0 {
		m.context = min(m.engine.Context(), defaultContext, fits)
	}
	if m.context > fits || m.context < minContext && m.context < m.engine.Context() && s.Context == 0 {
		return llm.Errorf(llm.InvalidRequest, "a context of %d tokens of %s needs %s for keys and values, and the limit is %s: raise CacheBytes (cache_bytes) or lower Context (context)",
			max(m.context, minContext), m.name, size(int64(max(m.context, minContext)*m.engine.BytesPerToken())), size(int64(bytes)))
	}
	m.sessions = engine.NewSessions(m.engine, m.context, bytes)
	return nil
}

// endNames are the names of control tokens that end an answer, in the families of models.
// https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp
var endNames = []string{
	"</s>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>",
	"<|return|>", "<|call|>", "<EOT>", "[EOS]", "[EOT]", "<eos>", "<end_of_utterance>", "<｜end▁of▁sentence｜>",
}

// readTokens finds the tokens with a meaning.
func (m *loaded) readTokens() {
	m.names, m.ends = make(map[int]string), make(map[int]bool)
	for _, name := range m.encoding.Special() {
		if id, ok := m.encoding.SpecialID(name); ok {
			m.names[id] = name
		}
	}
	if id, ok := m.encoding.EOS(); ok {
		m.ends[id] = true
	}
	for _, key := range []string{"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"} {
		if id, ok := m.file.Metadata[key].(int64); ok {
			m.ends[int(id)] = true
		}
	}
	for _, name := range endNames {
		if id, ok := m.encoding.SpecialID(name); ok {
			m.ends[id] = true
		}
	}
	if id, ok := m.encoding.BOS(); ok {
		if ids := m.encoding.EncodePrompt(""); len(ids) > 0 && ids[0] == id {
			m.bos = id
		}
	}
}

// readTemplate compiles the chat template. A file without one can still continue text.
func (m *loaded) readTemplate() {
	source := m.encoding.ChatTemplate()
	if source == "" {
		m.noChat = errors.New("the file has no chat template: set Template to the prompt format that the model was trained with, or \"plain\" to continue text")
		return
	}
	name := func(id int, ok bool) string {
		if !ok {
			return ""
		}
		return m.names[id]
	}
	config := chattemplate.Config{
		Special: m.encoding.Special(),
		BOS:     name(m.encoding.BOS()),
		EOS:     name(m.encoding.EOS()),
	}
	m.template, m.noChat = chattemplate.Compile(source, config)
	if m.noChat != nil {
		m.noChat = fmt.Errorf("%w: set Template to a named prompt format", m.noChat)
	}
	m.format = modeltext.Detect(source)
}

// samplingOf returns the settings of a file, or else the defaults of llama.cpp.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/completion/README.md
func samplingOf(metadata map[string]any) engine.Sampling {
	number := func(key string, otherwise float64) float64 {
		switch v := metadata["general.sampling."+key].(type) {
		case float64:
			return v
		case int64:
			return float64(v)
		}
		return otherwise
	}
	return engine.Sampling{
		Temperature:   number("temp", 0.8),
		TopK:          int(number("top_k", 40)),
		TopP:          number("top_p", 0.95),
		MinP:          number("min_p", 0.05),
		RepeatPenalty: number("penalty_repeat", 1),
		Window:        int(number("penalty_last_n", 64)),
	}
}

// touch reads the pages of a large file in their order, so that the first tokens do not wait for
// the disk, and reports the progress.
func touch(ctx context.Context, file *gguf.File) error {
	const (
		large = 64 << 20 // smaller files need no progress
		step  = 16 << 20
		page  = 4096
	)
	if file.Size() < large {
		return nil
	}
	report := progressOf(ctx)
	var done, sum int64
	for _, t := range file.Tensors {
		for data := t.Data; len(data) > 0; {
			part := data[:min(len(data), step)]
			for i := 0; i < len(part); i += page {
				sum += int64(part[i])
			}
			data = data[len(part):]
			done += int64(len(part))
			if err := llm.FromContext(ctx); err != nil {
				return err
			}
			report(Progress{StageLoad, min(done, file.Size()), file.Size()})
		}
	}
	touched.Store(sum)
	report(Progress{StageLoad, file.Size(), file.Size()})
	return nil
}
