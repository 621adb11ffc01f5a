// Package config reads models from a config file, in YAML or JSON:
//
//	models:
//	  fast: {model: groq/openai/gpt-oss-20b, middleware: [retry, rate_limit: {requests: 30}]}
//	  local: ollama/llama3.2
//	groups:
//	  careful: {kind: fallback, models: [fast, local]}
//
// [Load] reads a file, and [Default] selects a file or a model from the environment. The
// format is described in docs/config.md, and [Schema] returns its JSON Schema.
//
// A file can use the providers that the program imports; package providers/all imports every
// provider of this module. The middleware of package llm/middleware needs no import.
// Telemetry and Redis are added by importing providers/config/otel and providers/config/redis.
// A program adds its own parts with [RegisterMiddleware] and [RegisterStore].
//
// Security: anybody can have written parley.yaml in the working directory. [Default] lists the
// restrictions for such a file.
package config
