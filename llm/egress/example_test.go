package egress_test

import (
	"fmt"

	"github.com/parley-llm/parley/llm/egress"
)

func ExampleList_Client() {
	list, err := egress.Allow("llm.office.example", "10.20.0.0/16")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := list.Client(egress.Config{}) // for the HTTPClient of a provider's Config
	_, err = client.Get("https://api.openai.com/v1/models")
	fmt.Println(err)
	// Output:
	// Get "https://api.openai.com/v1/models": parley: permission denied: refused before sending: the host api.openai.com:443 is not on the allow-list
}
