// Command models prints the model catalog: limits, prices and status.
//
//	go run ./examples/models                           # all models that are not retired
//	go run ./examples/models -provider gemini -can tools -takes image
//	go run ./examples/models "LLaMA 2"                 # the details of one model
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/parley-llm/parley/llm"
	_ "github.com/parley-llm/parley/providers/all"
	"github.com/parley-llm/parley/providers/catalog"
	"github.com/parley-llm/parley/providers/config"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, args []string) error {
	flags := flag.NewFlagSet("models", flag.ExitOnError)
	provider := flags.String("provider", "", "only models of this `provider`")
	can := flags.String("can", "", "only models with this `capability`: tools, reasoning, json_schema, streaming, prompt_cache")
	takes := flags.String("takes", "", "only models with this input `modality`: text, image, audio, video, file")
	all := flags.Bool("all", false, "include retired models and historical systems")
	file := flags.String("config", "", "include the models of this config `file`")
	_ = flags.Parse(args) // exits the program after an error
	models := catalog.All()
	if *file != "" {
		cfg, err := config.Load(*file, nil)
		if err != nil {
			return err
		}
		defer cfg.Close()
		for _, name := range cfg.Names() { // a model of the file replaces that of the catalog
			if own, ok := cfg.Info(name); ok {
				models = slices.DeleteFunc(models, func(e catalog.Model) bool { return e.String() == own.String() })
				models = append(models, own)
			}
		}
	}
	if name := strings.Join(flags.Args(), " "); name != "" {
		return describe(w, models, name)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MODEL\tCONTEXT\tOUTPUT\tTAKES\tCAN\t$/M IN, OUT\tSTATUS")
	for _, e := range models {
		switch {
		case !*all && (e.Status == llm.StatusRetired || e.Provider == ""):
		case *provider != "" && e.Provider != *provider:
		case *can != "" && !slices.Contains(e.Capabilities, llm.Capability(*can)):
		case *takes != "" && !slices.Contains(e.Input, llm.Modality(*takes)):
		default:
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				e, count(e.ContextWindow), count(e.MaxOutput), list(e.Input), list(e.Capabilities), prices(e), status(e))
		}
	}
	return table.Flush()
}

func describe(w io.Writer, models []catalog.Model, name string) error {
	i := slices.IndexFunc(models, func(e catalog.Model) bool {
		return strings.EqualFold(e.String(), name) || slices.Contains(e.Aliases, name)
	})
	if i < 0 {
		return fmt.Errorf("model %q is not in the catalog of %s: run without arguments to list the models", name, catalog.Date().Format(time.DateOnly))
	}
	e := models[i]
	for _, fact := range [][2]string{
		{"Model", e.String()}, {"Owner", e.OwnedBy}, {"Sizes", strings.Join(e.Sizes, ", ")}, {"License", e.License},
		{"Context", count(e.ContextWindow)}, {"Output", count(e.MaxOutput)}, {"Takes", list(e.Input)}, {"Can", list(e.Capabilities)},
		{"Prices", prices(e)}, {"Status", status(e)}, {"Access", e.Access}, {"Sources", strings.Join(e.Sources, ", ")}, {"As of", catalog.Date().Format(time.DateOnly)},
	} {
		if fact[1] != "" && fact[1] != "-" {
			fmt.Fprintf(w, "%-10s %s\n", fact[0], fact[1])
		}
	}
	return nil
}

func status(e catalog.Model) string {
	text := string(e.Status)
	if !e.RetiresAt.IsZero() {
		text += " " + e.RetiresAt.Format(time.DateOnly)
	}
	if e.Successor != "" {
		text += ", then " + e.Successor
	}
	return text
}

func prices(e catalog.Model) string {
	if e.Prices == nil {
		return "-"
	}
	return fmt.Sprintf("%v, %v", e.Prices.Input, e.Prices.Output)
}

func count(n int) string { return cmp.Or(strings.TrimPrefix(fmt.Sprint(n), "0"), "-") }

func list[T ~string](items []T) string {
	text := ""
	for _, item := range items {
		text += "," + string(item)
	}
	return strings.TrimPrefix(text, ",")
}
