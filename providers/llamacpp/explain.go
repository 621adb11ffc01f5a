package llamacpp

import (
	"errors"
	"net"
	"net/http"

	"github.com/parley-llm/parley/llm"
)

// explain corrects the kind of an error where llama.cpp's status does not say
// it, and adds what to do about it. The error must not have been handed out yet.
func explain(err error) error {
	e, ok := err.(*llm.Error)
	if !ok {
		return err
	}
	switch {
	case e.Status == http.StatusNotImplemented: // a feature that the server was started without
		e.Kind = llm.Unsupported
	case e.Kind == llm.Network:
		if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
			e.Message += "; is llama.cpp's server running there? Start it with: llama-server -m MODEL.gguf"
		}
	}
	return e
}
