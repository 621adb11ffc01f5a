package llamacpp

import (
	"errors"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// missingModel matches the error of a router for a model that it does not have.
var missingModel = regexp.MustCompile(`^model '.*' not found`)

// explain corrects the kind of an error if llama.cpp's status code does not determine it,
// and adds a fix to the message. The error must not have been returned to a caller yet.
func explain(err error) error {
	e, ok := err.(*llm.Error)
	if !ok {
		return err
	}
	switch {
	case e.Status == http.StatusNotImplemented: // the server was started without this feature
		e.Kind = llm.Unsupported
	case e.Kind == llm.InvalidRequest && missingModel.MatchString(e.Message):
		e.Kind = llm.NotFound
	case e.Kind == llm.InvalidRequest && strings.Contains(e.Message, "model is not loaded"):
		e.Kind = llm.NotFound
		e.Message += "; load it, or start the server without --no-models-autoload"
	case e.Kind == llm.InvalidRequest && strings.Contains(e.Message, "model name is missing"):
		e.Message += "; the server has several models: use the name of one of them"
	case e.Kind == llm.Network:
		if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
			e.Message += "; if llama.cpp's server is not running, start it with: llama-server -m MODEL.gguf"
		}
	}
	return e
}
