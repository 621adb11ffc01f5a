// Package register makes package llm/otel available to config files, as the
// middleware "telemetry":
//
//	models:
//	  fast:
//	    model: openai/gpt-6-luna
//	    middleware:
//	      - telemetry              # a span for each call
//	      - chain: {log: {}, retry: {}}
//	      - telemetry              # and one for each attempt, inside of it
//
// It is imported for that alone, as package providers/all does. It links OpenTelemetry's
// interfaces, which the sign-in of Google's clouds links anyway, and not its SDK: that is the program's.
package register

import (
	"github.com/parley-llm/parley/llm/otel"
	"github.com/parley-llm/parley/providers"
)

func init() { providers.RegisterMiddleware[otel.Telemetry]("telemetry") }
