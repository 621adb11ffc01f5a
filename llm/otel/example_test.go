package otel_test

import (
	"context"
	"fmt"
	"log"

	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/otel"
)

func ExampleTelemetry() {
	exporter := tracetest.NewInMemoryExporter() // a program uses one that exports
	telemetry := &otel.Telemetry{
		TracerProvider: trace.NewTracerProvider(trace.WithSyncer(exporter)),
	}

	model := llmtest.New(llmtest.Text("Sunny.").Usage(12, 2)).Model(llm.WithMiddleware(telemetry))
	if _, err := model.Generate(context.Background(), llm.Prompt("What is the weather?")); err != nil {
		log.Fatal(err)
	}

	for _, span := range exporter.GetSpans() {
		fmt.Println(span.Name)
		for _, attr := range span.Attributes {
			fmt.Println("\t", attr.Key, attr.Value.AsInterface())
		}
	}
	// Output:
	// chat scripted
	// 	 gen_ai.operation.name chat
	// 	 gen_ai.provider.name llmtest
	// 	 gen_ai.request.model scripted
	// 	 gen_ai.request.stream false
	// 	 gen_ai.response.id reply_1
	// 	 gen_ai.response.model scripted
	// 	 gen_ai.response.finish_reasons [stop]
	// 	 gen_ai.usage.input_tokens 12
	// 	 gen_ai.usage.output_tokens 2
}
