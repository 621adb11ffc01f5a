// Command sse streams answers to browsers with server-sent events.
//
//	go run ./examples/sse &
//	curl -N 'http://127.0.0.1:8787/ask?q=Why+is+the+sky+blue'
//
// Each piece of the answer is a "message" event with a JSON string as its data. The last event
// is "done" with the usage, or "failed" with the kind of the error: the HTTP status is already
// sent at that time. If the browser closes the connection, the call to the model ends.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/config"
	_ "github.com/parley-llm/parley/providers/llama/builtin" // the model if nothing is configured
)

func main() {
	result, err := config.Default(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer result.Model.Close()
	log.Printf("serving %s at http://127.0.0.1:8787/ask", result)
	server := &http.Server{Addr: "127.0.0.1:8787", Handler: handler(result.Model), ReadHeaderTimeout: 5 * time.Second}
	log.Print(server.ListenAndServe())
}

func handler(model *llm.Model) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ask", func(w http.ResponseWriter, r *http.Request) {
		question := r.URL.Query().Get("q")
		if question == "" {
			http.Error(w, "missing parameter q: use /ask?q=…", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		answer := model.Stream(r.Context(), llm.Prompt(question))
		for text, err := range answer.Text() {
			if err != nil {
				log.Print(err)
				send(w, "failed", llm.KindOf(err)) // security: the error's text may contain internal details
				return
			}
			if send(w, "message", text) != nil {
				return // the browser closed the connection; leaving the loop ends the call
			}
		}
		usage := answer.Response().Usage
		_ = send(w, "done", usage.String()) // the last event: an error has no effect
	})
	return mux
}

// send writes one event and flushes it.
func send(w http.ResponseWriter, event string, data any) error {
	encoded, err := json.Marshal(data) // contains no line breaks, which would end the data field
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, encoded); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
