// Command agent answers a question with the help of three tools. One of them has effects, so
// the program asks before it runs.
//
//	go run ./examples/agent "Pack for a weekend in Oslo, and book a table."
//	go run ./examples/agent -model openai/gpt-6-luna "…"    # needs OPENAI_API_KEY
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/tool"
	"github.com/parley-llm/parley/providers"
	"github.com/parley-llm/parley/providers/config"
)

type place struct {
	City string `json:"city" desc:"in English"`
	Unit string `json:"unit" enum:"celsius,fahrenheit" default:"celsius"`
}

type forecast struct{ Degrees int }

type table struct {
	City    string    `json:"city"`
	Persons int       `json:"persons" min:"1" max:"12"`
	At      time.Time `json:"at"`
}

var (
	weather = tool.Must(tool.New("weather", "The weather in a city, now.",
		func(_ context.Context, in place) (forecast, error) {
			if in.City == "" { // the model gets the text of this error
				return forecast{}, tool.Error("The city is empty. Ask the user for it.")
			}
			return forecast{Degrees: 3 * len(in.City)}, nil
		}, tool.ReadOnly()))
	clock = tool.Must(tool.New("clock", "The current time.",
		func(context.Context, struct{}) (time.Time, error) { return time.Now(), nil }, tool.ReadOnly()))
	book = tool.Must(tool.New("book", "Books a table in a restaurant.",
		func(_ context.Context, in table) (string, error) {
			return fmt.Sprintf("booked for %d in %s", in.Persons, in.City), nil
		}, tool.NeedsApproval(), tool.CallTimeout(10*time.Second)))
)

func main() {
	name := flag.String("model", "", "the model; the default is the one that is configured")
	flag.Parse()
	ctx := context.Background()
	model, err := choose(ctx, *name)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	err = answer(ctx, model, strings.Join(flag.Args(), " "), os.Stdin, os.Stdout)
	if err != nil {
		log.Fatal(err)
	}
}

// answer prints the answer to a question, and what the tools do on the way.
func answer(ctx context.Context, model *llm.Model, question string, in io.Reader, out io.Writer) error {
	user := bufio.NewScanner(in)
	loop := &tool.Loop{
		Tools:    []*tool.Tool{weather, clock, book},
		MaxSteps: 6,
		Approve: func(_ context.Context, call llm.ToolCall) (llm.Decision, bool) {
			fmt.Fprintf(out, "\n%s %s? [y/N] ", call.Name, call.Arguments)
			if user.Scan() && user.Text() == "y" {
				return call.Approve(), true
			}
			return call.Deny("The user said no."), true
		},
	}
	s := model.With(llm.WithOuterMiddleware(loop)).Stream(ctx, llm.Prompt(question))
	for ev, err := range s.Events() {
		if err != nil {
			return err
		}
		switch ev.Type {
		case llm.EventText:
			fmt.Fprint(out, ev.Text)
		case llm.EventToolEnd:
			end := ev.Detail.(*llm.ToolEnd)
			fmt.Fprintf(out, "\n[%s %s: %s]\n", end.Call.Name, end.Call.Arguments, end.Result.Content)
		}
	}
	fmt.Fprintf(out, "\n%s\n", s.Response().Usage)
	return nil
}

// choose returns the named model, or otherwise the model that is configured.
func choose(ctx context.Context, name string) (*llm.Model, error) {
	if name != "" {
		return providers.Open(name)
	}
	result, err := config.Default(ctx, nil)
	if err != nil {
		return nil, err
	}
	return result.Model, nil
}
