module github.com/parley-llm/parley/internal/interop

go 1.26

replace github.com/parley-llm/parley => ../..

require (
	github.com/google/go-cmp v0.7.0
	github.com/parley-llm/parley v0.0.0-00010101000000-000000000000
)
