package ollama

import (
	"errors"
	"net"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// explain corrects the kind of an error of the model registry, and adds a fix to the message.
// The error must not have been returned to a caller yet.
func explain(err error) error {
	e, ok := err.(*llm.Error)
	if !ok {
		return err
	}
	switch {
	case e.Kind == llm.Server && e.Op == opPull:
		e.Kind = kindOfText(e.Message, pullErrors)
	case e.Kind == llm.Network:
		if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
			e.Message += "; if Ollama is not running, start it with: ollama serve"
		}
	case e.Kind == llm.NotFound && strings.HasPrefix(e.Message, "model "):
		e.Message += "; get it with: ollama pull " + e.Model
	case e.Kind == llm.NotFound && strings.HasPrefix(e.Message, "404 "): // from the HTTP server, not from the API
		e.Message += "; check the base URL, which must not end in /api or /v1"
	}
	return e
}

// knownText is a part of an error text, and the kind of that error.
type knownText struct {
	text string
	kind llm.Kind
}

// pullErrors are errors of the model registry, or of the connection to it.
var pullErrors = []knownText{
	{"pull model manifest: file does not exist", llm.NotFound},
	{"requires a newer version of Ollama", llm.Unsupported},
	{"unauthorized", llm.Auth},
	{"dial tcp", llm.Network},
	{"i/o timeout", llm.Network},
	{"TLS handshake", llm.Network},
	{"connection reset", llm.Network},
}

func kindOfText(message string, known []knownText) llm.Kind {
	for _, k := range known {
		if strings.Contains(message, k.text) {
			return k.kind
		}
	}
	return llm.Server
}
