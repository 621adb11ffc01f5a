// Package tokens counts and encodes text in the tokens that models read, on
// this machine and without the network.
//
// [For] finds the encoding of an OpenAI model; [CL100kBase], [O200kBase] and
// [O200kHarmony] return one by name. Their vocabularies are part of a program
// only if it calls the function, and are loaded when it first does.
//
//	encoding, err := tokens.For("gpt-4o-mini")
//	n := encoding.Count(text)
//
// [Open] reads the vocabulary of any other model from its own file: GGUF,
// tokenizer.json or tokenizer.model.
//
// What [Encoding.Count] says of a text is what the model is given for that text
// alone. A request to a chat model has more tokens than its texts: [CountRequest]
// estimates how many.
package tokens
