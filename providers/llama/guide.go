package llama

import (
	"github.com/parley-llm/parley/internal/modeltext"
	"github.com/parley-llm/parley/internal/prompt"
	"github.com/parley-llm/parley/llm"
)

// vocabulary is filled by the first call that follows a schema.
type vocabulary struct{}

// guides constrain an answer to a format.
type guides struct{}

func (g *guides) active() bool                      { return false }
func (g *guides) finished() bool                    { return false }
func (g *guides) allows(int) bool                   { return true }
func (g *guides) masked(logits []float32) []float32 { return logits }
func (g *guides) accept(string)                     {}
func (g *guides) follow(*modeltext.Reader)          {}
func (c *chat) steer(p *prompt.Prompt, f modeltext.Format, tools []llm.Tool) error {
	if c.request.Format != nil {
		c.warn(llm.WarnUnsupported, "Format", "not yet")
	}
	return nil
}
