package gemini_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"google.golang.org/genai"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/providers/gemini"
)

// fake is a server for the examples. It sends the same reply to every chat.
func fake(frames ...string) *httptest.Server { return httptest.NewServer(streams(frames...)) }

func ExampleNew() {
	server := fake(parts(text("It scatters ")), parts(text("the light.")), stopped)
	defer server.Close()

	p, err := gemini.New(gemini.Config{APIKey: "AIza…", BaseURL: server.URL}) // omit BaseURL for Google's API
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	model := llm.New(p, "gemini-2.5-flash")
	for text, err := range model.Stream(context.Background(), llm.Prompt("Why is the sky blue?")).Text() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(text)
	}
	// Output: It scatters the light.
}

// Vertex AI needs a project and a location. By default it uses Google's application default
// credentials.
func ExampleNew_vertex() {
	p, err := gemini.New(gemini.Config{Server: gemini.Vertex, Project: "my-project", Location: "europe-west4"})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fmt.Println(p)
	// Output: vertex at https://europe-west4-aiplatform.googleapis.com/v1beta1
}

// Options contains the settings that only Gemini has. For other settings, Hook gives access
// to the vendor's type.
func ExampleOptions() {
	server := fake(parts(`{"text": "Rayleigh, I think.", "thought": true}`), parts(text("Scattering.")), stopped)
	defer server.Close()
	p, err := gemini.New(gemini.Config{APIKey: "AIza…", BaseURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	req := llm.Prompt("Why is the sky blue?")
	req.Options = []llm.Options{gemini.Options{
		ThinkingBudget: new(1024),
		SafetySettings: map[string]string{"HARM_CATEGORY_HARASSMENT": "BLOCK_ONLY_HIGH"},
		Hook: func(c *genai.GenerateContentConfig) {
			c.SpeechConfig = &genai.SpeechConfig{LanguageCode: "en-US"}
		},
	}}
	resp, err := llm.New(p, "gemini-2.5-flash").Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.Reasoning())
	fmt.Println(resp.Text())
	// Output:
	// Rayleigh, I think.
	// Scattering.
}

// Chunks gives access to data that events do not contain. The request must set KeepRaw.
func ExampleChunks() {
	server := fake(parts(text("It scatters.")),
		finished(`"finishReason": "STOP", "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}]`))
	defer server.Close()
	p, err := gemini.New(gemini.Config{APIKey: "AIza…", BaseURL: server.URL})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()

	req := llm.Prompt("Why is the sky blue?")
	req.KeepRaw = true
	resp, err := llm.New(p, "gemini-2.5-flash").Generate(context.Background(), req)
	if err != nil {
		log.Fatal(err)
	}
	chunks, err := gemini.Chunks(resp)
	if err != nil {
		log.Fatal(err)
	}
	for _, rating := range chunks[len(chunks)-1].Candidates[0].SafetyRatings {
		fmt.Println(rating.Category, rating.Probability)
	}
	// Output: HARM_CATEGORY_HARASSMENT NEGLIGIBLE
}

// Part creates parts that package llm does not have, for example a range of a video.
func ExamplePart() {
	clip, err := gemini.Part(&genai.Part{
		FileData:      &genai.FileData{FileURI: "gs://bucket/talk.mp4", MIMEType: "video/mp4"},
		VideoMetadata: &genai.VideoMetadata{StartOffset: time.Minute, EndOffset: 90 * time.Second},
	})
	if err != nil {
		log.Fatal(err)
	}
	question := llm.User("What is on the slide?", clip)
	fmt.Println(len(question.Parts), "parts")
	// Output: 2 parts
}
