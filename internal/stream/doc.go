// Package stream reads the body of a model server's reply. It runs once per chunk of every
// stream, so it is written for speed.
//
// It has three parts:
//
//   - [SSE] and [NDJSON] split the body into frames: an event stream, or one JSON value per
//     line. Both implement [Frames]. They read through one buffer, which has a limit and is
//     reused, and they return a frame as soon as its last byte has been read.
//   - [Decoder] decodes a frame into the wire struct of a dialect, by its json tags. It is
//     tolerant: a member of the wrong type counts as absent.
//   - [Shapes] recognizes frames that differ only in their text. Most frames of a stream
//     are equal except for the text and some scalars that nobody uses. Two decoded frames
//     make a template: fixed bytes with holes. Then Match compares the fixed bytes and cuts
//     the text out of its hole, which costs a small part of decoding. A frame that differs
//     in any other byte does not match, and is decoded.
//
// The loop that uses them is [github.com/parley-llm/parley/internal/provider.ReadChat]. It
// first tries MatchPrefix on the buffered bytes, because most frames of a fast stream have
// a known shape, and then their end need not be searched:
//
//	rest, text, size := shapes.MatchPrefix(frames.Buffered())
//	if frames.Advance(size) {
//		// the frame has the meaning rest, with this text
//	} else {
//		frame, err := frames.Next() // then Match, Decode and Learn
//	}
//
// [Text] makes strings of many small pieces of text with few allocations.
//
// A [Decoder] is safe for concurrent use. Everything else belongs to one stream and one
// goroutine.
package stream
