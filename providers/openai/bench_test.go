package openai

import (
	"testing"

	"github.com/parley-llm/parley/internal/stream"
)

func BenchmarkDecodeChunk(b *testing.B) {
	for _, frame := range []struct{ name, data string }{{"role", usualFrames[0]}, {"text", usualFrames[1]}, {"usage", usualFrames[6]}} {
		b.Run(frame.name, func(b *testing.B) {
			data := []byte(frame.data)
			var text stream.Text
			b.ReportAllocs()
			for b.Loop() {
				var c chunk
				if err := chatDialect.Decoder.Decode(data, &c, &text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
