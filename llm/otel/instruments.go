package otel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/semconv/v1.41.0/genaiconv"
)

// instruments are the metrics: the duration of calls, the number of tokens, and the times of
// the chunks of a stream.
type instruments struct {
	duration   metric.Float64Histogram
	tokens     metric.Int64Histogram
	firstChunk metric.Float64Histogram
	eachChunk  metric.Float64Histogram
}

// The bucket boundaries are those of the conventions:
// https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
var (
	durationBuckets = metric.WithExplicitBucketBoundaries(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
	chunkBuckets    = metric.WithExplicitBucketBoundaries(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
	tokenBuckets    = metric.WithExplicitBucketBoundaries(1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
)

func newInstruments(meter metric.Meter) (instruments, error) {
	duration, err1 := genaiconv.NewClientOperationDuration(meter, durationBuckets)
	tokens, err2 := genaiconv.NewClientTokenUsage(meter, tokenBuckets)
	first, err3 := genaiconv.NewClientOperationTimeToFirstChunk(meter, chunkBuckets)
	each, err4 := genaiconv.NewClientOperationTimePerOutputChunk(meter, chunkBuckets)
	return instruments{duration.Inst(), tokens.Inst(), first.Inst(), each.Inst()}, errors.Join(err1, err2, err3, err4)
}
