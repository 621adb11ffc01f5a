// Package stream reads the body of a model server's reply: the part of the
// library that runs once per chunk of every stream.
//
// Two things happen here.
//
// First, the body is cut into frames. [SSE] reads an event stream, [NDJSON]
// one JSON value a line; both are a [Frames]. Each reads through one buffer,
// bounded and reused, and never waits for a byte that the frame at hand does not
// need. What a frame means is for the dialect, a provider's code, to say.
//
// Second, frames that repeat themselves are recognised. All but a few frames
// of a stream are equal but for the text they carry and some scalars that
// nobody reads. A dialect decodes a frame with encoding/json and, where it
// meant exactly one piece of text, reasoning or tool arguments, passes it to
// [Shapes.Learn]. Two such frames make a template: fixed bytes with holes.
// From then on [Shapes.Match] compares the fixed bytes and cuts the text out of
// its hole, which costs a small part of decoding. A frame that differs in any
// other byte does not match, and goes to encoding/json as before:
//
//	if proto, text, size := shapes.MatchPrefix(frames.Buffered()); frames.Advance(size) {
//		return deliver(proto, arena.Add(text))
//	}
//	frame, err := frames.Next()
//	...
//	if proto, text, ok := shapes.Match(frame.Data); ok {
//		return deliver(proto, arena.Add(text))
//	}
//	decode(frame.Data) // with encoding/json; may call shapes.Learn
//
// MatchPrefix takes a frame of a known shape from what has been read, without looking
// for its end first: most frames of a fast stream go that way.
//
// [Text] turns many small pieces of text into strings at few allocations.
//
// Nothing here may be used by two goroutines at once; each stream has its own.
package stream
