package ollama

import (
	"errors"
	"net"
	"strings"

	"github.com/parley-llm/parley/llm"
)

// explain corrects the kind of an error where Ollama's status does not say it,
// and adds what to do about it. The error must not have been handed out yet.
func explain(err error) error {
	e, ok := err.(*llm.Error)
	if !ok {
		return err
	}
	switch {
	case e.Kind == llm.Server && e.Op == opPull:
		e.Kind = kindOfText(e.Message, pullErrors)
	case e.Kind == llm.Server:
		e.Kind = kindOfText(e.Message, requestErrors)
	case e.Kind == llm.Network:
		if dial, ok := errors.AsType[*net.OpError](e.Err); ok && dial.Op == "dial" {
			e.Message += "; is Ollama running there? Start it with: ollama serve"
		}
	case e.Kind == llm.NotFound && strings.HasPrefix(e.Message, "model "):
		e.Message += "; get it with: ollama pull " + e.Model
	case e.Kind == llm.NotFound && strings.HasPrefix(e.Message, "404 "): // of the server under the API
		e.Message += "; is the base URL right? It must not end in /api or /v1"
	}
	return e
}

// knownText is a piece of an error's text, and the kind that it tells.
type knownText struct {
	text string
	kind llm.Kind
}

// requestErrors come as failures of the server: with status 500 or 501, or inside a
// stream. They are not, so that to try again is no use.
var requestErrors = []knownText{
	{"must be of type ", llm.InvalidRequest}, // option "temperature" must be of type float32
	{"must be of an array of strings", llm.InvalidRequest},
	{"invalid format: ", llm.InvalidRequest},
	{"invalid JSON schema in format", llm.InvalidRequest},
	{"this model only supports one image", llm.InvalidRequest},
	{"does not support", llm.Unsupported}, // this model does not support embeddings
	{"missing data required for image input", llm.Unsupported},
}

// pullErrors are what the registry answers to the server, or why it does not.
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
