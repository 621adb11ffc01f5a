package llamacpp

import (
	"errors"
	"net"
	"net/http"

	"github.com/parley-llm/parley/llm"
)

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
	case e.Kind == llm.Network:
		if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
			e.Message += "; if llama.cpp's server is not running, start it with: llama-server -m MODEL.gguf"
		}
	}
	return e
}
