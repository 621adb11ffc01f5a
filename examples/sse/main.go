// Command sse streams answers to browsers, as server-sent events.
//
//	go run ./examples/sse &
//	curl -N 'http://127.0.0.1:8787/ask?q=Why+is+the+sky+blue'
//
// Each piece of the answer is a "message" event whose data is a JSON text. The
// last event is "done", with the usage, or "failed": by then the status has been sent,
// so an error has to be an event as well. If the browser leaves, so does the call.
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
)

func main() {
	result, err := config.Default(context.Background(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer result.Model.Close()
	log.Printf("http://127.0.0.1:8787/ask asks %s", result)
	server := &http.Server{Addr: "127.0.0.1:8787", Handler: handler(result.Model), ReadHeaderTimeout: 5 * time.Second}
	log.Print(server.ListenAndServe())
}

func handler(model *llm.Model) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ask", func(w http.ResponseWriter, r *http.Request) {
		question := r.URL.Query().Get("q")
		if question == "" {
			http.Error(w, "ask something: /ask?q=…", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		answer := model.Stream(r.Context(), llm.Prompt(question))
		for text, err := range answer.Text() {
			if err != nil {
				log.Print(err)
				send(w, "failed", llm.KindOf(err)) // the rest is for the log: it may name what the public should not know
				return
			}
			if send(w, "message", text) != nil {
				return // the browser has left, and leaving the loop ends the call
			}
		}
		usage := answer.Response().Usage
		_ = send(w, "done", usage.String()) // nothing comes after it
	})
	return mux
}

// send writes one event and sees that it leaves at once.
func send(w http.ResponseWriter, event string, data any) error {
	encoded, err := json.Marshal(data) // which has no line breaks, as the format wants
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, encoded); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
