// Package otel makes package llm/otel available to config files, as the middleware
// "telemetry":
//
//	models:
//	  fast:
//	    model: openai/gpt-6-luna
//	    middleware:
//	      - telemetry              # a span for each call
//	      - chain: {log: {}, retry: {}}
//	      - telemetry              # and one for each attempt
//
// Import it for this effect only:
//
//	import _ "github.com/parley-llm/parley/providers/config/otel"
//
// Package providers/all imports it. It links the interfaces of OpenTelemetry, not its SDK,
// which is the program's choice.
package otel

import (
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/otel"
	"github.com/parley-llm/parley/providers/config"
)

func init() {
	config.RegisterMiddleware("telemetry", config.Middleware{New: func() llm.Middleware { return new(otel.Telemetry) }})
}
