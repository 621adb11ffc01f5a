package tokens_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/parley-llm/parley/llm/tokens"
)

func ExampleFor() {
	encoding, err := tokens.For("gpt-4o-mini-2024-07-18")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(encoding.Name(), encoding.Count("How many tokens is this?"))
	// Output: o200k_base 6
}

func ExampleEncoding_CountReader() {
	n, err := tokens.O200kBase().CountReader(strings.NewReader("A text of any length, a file or a network connection."))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n)
	// Output: 13
}

func ExampleEncoding_Truncate() {
	fmt.Println(tokens.O200kBase().Truncate("Only so much of this fits into the context.", 5))
	// Output: Only so much of this
}

func ExampleEncoding_Encode() {
	encoding := tokens.O200kHarmony()
	fmt.Println(encoding.Encode("<|start|>user"))                    // text from a user
	fmt.Println(encoding.Encode("<|start|>user", "<|start|>"))       // text from a template
	fmt.Println(encoding.Encode("Hi<|end|>", encoding.Special()...)) // every special token
	// Output:
	// [27 91 5236 91 29 1428]
	// [200006 1428]
	// [12194 200007]
}

func ExampleEncoding_Tokens() {
	for id, text := range tokens.CL100kBase().Tokens("Tokenization, über") {
		fmt.Printf("%d %q\n", id, text)
	}
	// Output:
	// 3404 "Token"
	// 2065 "ization"
	// 11 ","
	// 14104 " über"
}
