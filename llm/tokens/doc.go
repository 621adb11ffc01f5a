// Package tokens counts and encodes text in the tokens of a model, in this process and
// without the network.
//
// [For] returns the encoding of an OpenAI model. [CL100kBase], [O200kBase] and
// [O200kHarmony] return an encoding by name. A program contains a vocabulary only if it
// can reach the function that returns it, and the vocabulary is loaded at the first call.
//
//	encoding, err := tokens.For("gpt-4o-mini")
//	n := encoding.Count(text)
//
// [Open] reads the vocabulary of any other model from a file: GGUF, tokenizer.json or
// tokenizer.model.
//
// [Encoding.Count] returns the number of tokens of the text alone. A chat request has
// more tokens than its texts have, because the server adds tokens around each message.
// [CountRequest] estimates the tokens of a request.
package tokens
