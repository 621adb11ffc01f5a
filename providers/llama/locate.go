package llama

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/llm"
)

// ollamaPrefix begins the names of Ollama's models.
const ollamaPrefix = "ollama:"

// open opens the file of a model.
func (p *Provider) open(name string) (*gguf.File, error) {
	if m, ok := embeddedNamed(name); ok {
		return gguf.Parse(m.gguf)
	}
	path := name
	if ref, ok := strings.CutPrefix(name, ollamaPrefix); ok {
		var err error
		if path, err = p.ollamaBlob(ref); err != nil {
			return nil, err
		}
	}
	// Other files than regular ones, such as pipes, would block.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, llm.Errorf(llm.InvalidRequest, "%s is not a regular file: use the path of a GGUF file", path)
	}
	file, err := gguf.Open(path)
	switch {
	case err == nil:
		return file, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, llm.Errorf(llm.NotFound, "there is no file %s: the name is the path of a GGUF file, or ollama:NAME%s", path, alsoEmbedded())
	case errors.Is(err, fs.ErrPermission):
		return nil, llm.Errorf(llm.Permission, "%w", err)
	}
	return nil, llm.Errorf(llm.InvalidRequest, "%w: use a complete GGUF file", err)
}

// alsoEmbedded names the models that are part of the program, for error texts.
func alsoEmbedded() string {
	if names := Embedded(); len(names) > 0 {
		return ", or " + strings.Join(names, ", ")
	}
	return ""
}

// manifest lists the files of a model of Ollama.
// https://github.com/opencontainers/image-spec/blob/main/manifest.md
type manifest struct {
	Layers []struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
	} `json:"layers"`
}

const (
	modelLayer   = "application/vnd.ollama.image.model"
	adapterLayer = "application/vnd.ollama.image.adapter"
)

var (
	// ollamaPart is one part of the name of a model.
	ollamaPart = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	digest     = regexp.MustCompile(`^sha256[:-][0-9a-f]{64}$`)
)

// ollamaBlob returns the path of the GGUF file of one of Ollama's models, such as "llama3.2:1b",
// "someone/model" or "registry.example.com/someone/model:tag".
//
// Security: each part of the name is checked, so that the path stays inside the folder.
func (p *Provider) ollamaBlob(ref string) (string, error) {
	path, err := manifestPath(ref)
	if err != nil {
		return "", err
	}
	folder, err := p.ollamaFolder()
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(folder, "manifests", path))
	if errors.Is(err, fs.ErrNotExist) {
		return "", llm.Errorf(llm.NotFound, "Ollama has no model %s in %s: fetch it with \"ollama pull %s\", or set %s to the folder of its models",
			ref, folder, ref, ollamaModelsEnv)
	}
	if err != nil {
		return "", llm.Errorf(llm.InvalidRequest, "cannot read Ollama's manifest: %w", err)
	}
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return "", llm.Errorf(llm.InvalidRequest, "Ollama's manifest of %s is damaged: fetch the model again: %w", ref, err)
	}
	blob := ""
	for _, layer := range m.Layers {
		switch layer.MediaType {
		case modelLayer:
			if blob != "" {
				return "", llm.Errorf(llm.Unsupported, "the model %s has several files, which is not supported: use another model", ref)
			}
			blob = layer.Digest
		case adapterLayer:
			return "", llm.Errorf(llm.Unsupported, "the model %s has an adapter, which is not supported: use a model without one", ref)
		}
	}
	if !digest.MatchString(blob) {
		return "", llm.Errorf(llm.InvalidRequest, "Ollama's manifest of %s names no model file: use a model that runs on this machine", ref)
	}
	return filepath.Join(folder, "blobs", strings.Replace(blob, ":", "-", 1)), nil
}

// manifestPath returns the path of a manifest below the folder of manifests.
// https://github.com/ollama/ollama/blob/main/types/model/name.go
func manifestPath(ref string) (string, error) {
	tag := "latest"
	parts := strings.Split(ref, "/")
	last := len(parts) - 1
	if name, given, ok := strings.Cut(parts[last], ":"); ok {
		parts[last], tag = name, given
	}
	switch len(parts) {
	case 1:
		parts = slices.Concat([]string{"registry.ollama.ai", "library"}, parts)
	case 2:
		parts = slices.Concat([]string{"registry.ollama.ai"}, parts)
	}
	parts = append(parts, tag)
	const all = 4
	if len(parts) != all || slices.ContainsFunc(parts, func(part string) bool { return !ollamaPart.MatchString(part) }) {
		return "", llm.Errorf(llm.InvalidRequest, "%q is no name of an Ollama model: use a name such as ollama:llama3.2:1b", ref)
	}
	return filepath.Join(parts...), nil
}

// ollamaFolder returns the folder of Ollama's models.
func (p *Provider) ollamaFolder() (string, error) {
	if p.config.OllamaModels != "" {
		return p.config.OllamaModels, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", llm.Errorf(llm.InvalidRequest, "the folder of Ollama's models is unknown: set %s: %w", ollamaModelsEnv, err)
	}
	return filepath.Join(home, ".ollama", "models"), nil
}

// ollamaNames returns the names of Ollama's models on this machine. Without Ollama, there are
// none.
func (p *Provider) ollamaNames() ([]string, error) {
	folder, err := p.ollamaFolder()
	if err != nil {
		return nil, nil
	}
	paths, err := filepath.Glob(filepath.Join(folder, "manifests", "*", "*", "*", "*"))
	if err != nil {
		return nil, fmt.Errorf("cannot list Ollama's models: %w", err)
	}
	var names []string
	for _, path := range paths {
		rel, err := filepath.Rel(filepath.Join(folder, "manifests"), path)
		if err != nil {
			continue
		}
		parts := strings.Split(filepath.ToSlash(rel), "/")
		name := strings.Join(parts[:3], "/") + ":" + parts[3]
		name = strings.TrimPrefix(strings.TrimPrefix(name, "registry.ollama.ai/"), "library/")
		names = append(names, ollamaPrefix+name)
	}
	return names, nil
}
