package palm_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/palm"
)

// Without a base URL, every call fails because PaLM is retired.
func Example() {
	p, err := palm.New(palm.Config{})
	if err != nil {
		panic(err)
	}
	defer p.Close()
	_, err = llm.New(p, "chat-bison-001").Generate(context.Background(), llm.Prompt("Why is the sky blue?"))
	fmt.Println(errors.Is(err, llm.Retired))
	// Output: true
}
