package reports_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/internal/reports"
	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
	"github.com/parley-llm/parley/llm/middleware"
	"github.com/parley-llm/parley/providers"
	_ "github.com/parley-llm/parley/providers/all"
)

func TestReports(t *testing.T) {
	files, err := filepath.Glob("*/report.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no reports: %v", err)
	}
	for _, file := range files {
		folder := filepath.Dir(file)
		t.Run(folder, func(t *testing.T) {
			report, err := reports.Load(folder)
			if err != nil {
				t.Fatal(err)
			}
			checkForm(t, folder, report)
			for i := range report.Cases {
				c := &report.Cases[i]
				t.Run(c.Name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { run(t, folder, c) })
				})
			}
		})
	}
}

// TestRefusalsAreMany checks that the table of package apierror is held to at least 200
// different errors of servers, each with its kind and the decision to retry.
func TestRefusalsAreMany(t *testing.T) {
	files, err := filepath.Glob("*/report.json")
	if err != nil {
		t.Fatal(err)
	}
	bodies := map[string]bool{}
	for _, file := range files {
		folder := filepath.Dir(file)
		report, err := reports.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range report.Cases {
			if c.Want.Error == nil || c.Want.Error.Retry == nil {
				continue
			}
			_, body, err := c.Reply.Content(folder, false)
			if err != nil {
				t.Fatal(err)
			}
			bodies[fmt.Sprint(c.Reply.Status, " ", string(body))] = true
		}
	}
	if len(bodies) < 200 {
		t.Errorf("there are %d different errors, want at least 200", len(bodies))
	}
	t.Logf("%d different errors", len(bodies))
}

// cited finds an address, or an issue in the form owner/name#1.
var cited = regexp.MustCompile(`https?://|[\w.-]+/[\w.-]+#\d+`)

// checkForm checks that the report cites its source and has a sibling.
func checkForm(t *testing.T, folder string, report *reports.Report) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Error(err)
	} else if !cited.Match(readme) {
		t.Error("README.md cites no public source")
	}
	siblings := 0
	for _, c := range report.Cases {
		if c.Name == "" {
			t.Error("a case has no name")
		}
		if c.Sibling {
			siblings++
		}
	}
	if siblings == 0 {
		t.Error("the report has no sibling")
	}
}

// run makes the call of a case and compares the result.
func run(t *testing.T, folder string, c *reports.Case) {
	provider, _, _ := strings.Cut(c.Model, "/")
	header, body, err := c.Reply.Content(folder, provider == "ollama")
	if err != nil {
		t.Fatal(err)
	}
	reply := llmtest.HTTPReply{Status: c.Reply.Status, Header: header, Body: body}
	server := llmtest.NewServer(t, reply)
	config := providers.Config{
		BaseURL: server.URL + c.BasePath, APIKey: "test-key", HTTPClient: server.Client(),
		Getenv: func(name string) string { return c.Env[name] }, Settings: settings(t, provider, c.Settings),
	}
	if provider == "vertex" { // a key excludes a project
		config.APIKey, config.TokenSource = "", func(context.Context) (string, error) { return "test-token", nil }
	}
	model, err := config.Open(c.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	got, err := call(t, model, provider, c)
	if c.Want.Error != nil {
		checkError(t, c.Want.Error, err)
		if want := c.Want.Error.Retry; want != nil {
			server.Add(reply, reply)
			n := len(server.Requests())
			_, err := call(t, model.With(llm.WithMiddleware(&middleware.Retry{MaxRetries: 1})), provider, c)
			if retried := len(server.Requests())-n > 1; retried != *want {
				t.Errorf("retried = %v, want %v: %v", retried, *want, err)
			}
		}
	} else if err != nil {
		t.Errorf("the call failed: %v", err)
	} else {
		checkResponse(t, &c.Want, got)
	}
	if n := len(server.Requests()); c.Want.SendsNothing != (n == 0) {
		t.Errorf("%d requests were sent; sends_nothing is %v", n, c.Want.SendsNothing)
	}
	if len(server.Requests()) == 0 {
		return
	}
	first := server.Requests()[0]
	equal(t, "path", c.Want.SentPath, first.Path)
	checkSent(t, c.Want.Sent, first)
	if c.Want.Next != nil && err == nil {
		server.Add(reply)
		if _, err := model.Generate(context.Background(), next(t, c, got)); err != nil {
			t.Errorf("the next call failed: %v", err)
		}
		checkSent(t, c.Want.Next, server.Requests()[len(server.Requests())-1])
	}
}

// next returns the request that follows an answer.
func next(t *testing.T, c *reports.Case, answer *llm.Response) *llm.Request {
	t.Helper()
	req, err := c.Chat()
	if err != nil {
		t.Fatal(err)
	}
	req.Messages = append(req.Messages, answer.Messages...)
	var results []llm.ToolResult
	for _, call := range answer.ToolCalls() {
		results = append(results, llm.ToolResult{CallID: call.ID, Name: call.Name, Content: "ok"})
	}
	if results == nil {
		req.Messages = append(req.Messages, llm.User("go on"))
	} else {
		req.Messages = append(req.Messages, llm.ToolResults(results...))
	}
	return req
}

// call makes the call of a case.
func call(t *testing.T, model *llm.Model, provider string, c *reports.Case) (*llm.Response, error) {
	t.Helper()
	options := providerOptions(t, provider, c.Options)
	switch c.Op {
	case llm.OpEmbed:
		inputs := c.Inputs
		if len(inputs) == 0 {
			inputs = []string{"hi"}
		}
		got, err := model.Embed(context.Background(), &llm.EmbedRequest{Inputs: inputs, Options: options})
		if err != nil {
			return nil, err
		}
		return &llm.Response{Embed: got, Usage: got.Usage, Warnings: got.Warnings}, nil
	case llm.OpListModels:
		got, err := model.ListModels(context.Background())
		return &llm.Response{Models: got}, err
	case "", llm.OpChat:
		req, err := c.Chat()
		if err != nil {
			t.Fatal(err)
		}
		req.Options = options
		return model.Generate(context.Background(), req)
	}
	t.Fatalf("unknown op %q", c.Op)
	return nil, nil
}

// providerOptions decodes the options of a provider into a value of its type.
func providerOptions(t *testing.T, provider string, data json.RawMessage) []llm.Options {
	t.Helper()
	if len(data) == 0 {
		return nil
	}
	driver, ok := providers.Lookup(provider)
	if !ok || driver.Options == nil {
		t.Fatalf("%s has no options", provider)
	}
	value := reflect.New(reflect.TypeOf(driver.Options))
	if err := json.Unmarshal(data, value.Interface()); err != nil {
		t.Fatal(err)
	}
	return []llm.Options{value.Elem().Interface().(llm.Options)}
}

// settings decodes the settings of a provider into a value of its type, or nil.
func settings(t *testing.T, provider string, data json.RawMessage) any {
	t.Helper()
	if len(data) == 0 {
		return nil
	}
	driver, ok := providers.Lookup(provider)
	if !ok || driver.Settings == nil {
		t.Fatalf("%s has no settings", provider)
	}
	value := reflect.New(reflect.TypeOf(driver.Settings))
	if err := json.Unmarshal(data, value.Interface()); err != nil {
		t.Fatal(err)
	}
	return value.Elem().Interface()
}

func checkError(t *testing.T, want *reports.Error, err error) {
	t.Helper()
	e, ok := errors.AsType[*llm.Error](err)
	if !ok {
		t.Fatalf("got %v, want an *llm.Error", err)
	}
	if e.Kind != want.Kind {
		t.Errorf("the kind is %q, want %q: %v", e.Kind, want.Kind, err)
	}
	for _, part := range want.Message {
		if !strings.Contains(e.Message, part) {
			t.Errorf("the message %q does not contain %q", e.Message, part)
		}
	}
	for _, part := range want.Without {
		if strings.Contains(e.Message, part) {
			t.Errorf("the message %q contains %q", e.Message, part)
		}
	}
	equal(t, "code", want.Code, e.Code)
	equal(t, "status", want.Status, e.Status)
	equal(t, "text before the error", want.Partial, e.Partial.Text())
	if want.RetryAfter != "" && e.RetryAfter.String() != want.RetryAfter {
		t.Errorf("RetryAfter is %v, want %v", e.RetryAfter, want.RetryAfter)
	}
}

func checkResponse(t *testing.T, want *reports.Want, got *llm.Response) {
	t.Helper()
	equal(t, "text", want.Text, got.Text())
	equal(t, "reasoning", want.Reasoning, got.Reasoning())
	equal(t, "refusal", want.Refusal, got.Refusal())
	equal(t, "finish reason", want.Finish, got.FinishReason)
	equal(t, "raw finish reason", want.RawFinish, got.RawFinishReason)
	equal(t, "usage", want.Usage, got.Usage)
	equal(t, "service tier", want.Tier, got.ServiceTier)
	equal(t, "id", want.ID, got.ID)
	equal(t, "model", want.Answered, got.Model)
	if want.Calls != nil {
		equal(t, "calls", &want.Calls, calls(got.ToolCalls()))
	}
	if want.Incomplete != nil {
		equal(t, "incomplete calls", &want.Incomplete, calls(got.IncompleteCalls))
	}
	if want.Sources != nil {
		equal(t, "sources", &want.Sources, append([]llm.Source{}, got.Sources...))
	}
	if want.RateLimits != nil {
		equal(t, "rate limits", &want.RateLimits, got.RateLimits)
	}
	if want.Vectors != nil {
		equal(t, "vectors", &want.Vectors, got.Embed.Vectors)
	}
	if want.Models != nil {
		names := []string{}
		for _, m := range got.Models {
			names = append(names, m.Name)
		}
		equal(t, "models", &want.Models, names)
	}
	if want.Windows != nil {
		windows := []int{}
		for _, m := range got.Models {
			windows = append(windows, m.ContextWindow)
		}
		equal(t, "context windows", &want.Windows, windows)
	}
	if want.Ends != nil {
		ends := []string{}
		for _, m := range got.Models {
			end := ""
			if !m.RetiresAt.IsZero() {
				end = m.RetiresAt.Format(time.DateOnly) + map[bool]string{false: " but " + string(m.Status)}[m.Status == llm.StatusDeprecated]
			}
			ends = append(ends, end)
		}
		equal(t, "ends", &want.Ends, ends)
	}
	if want.Warnings != nil {
		checkWarnings(t, want.Warnings, got.Warnings)
	}
}

// equal compares a value, unless none is expected.
func equal[T any](t *testing.T, name string, want *T, got T) {
	t.Helper()
	if want == nil {
		return
	}
	if diff := cmp.Diff(*want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func calls(list []llm.ToolCall) []reports.Call {
	out := []reports.Call{}
	for _, c := range list {
		out = append(out, reports.Call{ID: c.ID, Name: c.Name, Arguments: string(c.Arguments)})
	}
	return out
}

func checkWarnings(t *testing.T, want []string, got []llm.Warning) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("the warnings are %v, want %q", got, want)
		return
	}
	for i, part := range want {
		if !strings.Contains(got[i].String(), part) {
			t.Errorf("the warning %q does not contain %q", got[i], part)
		}
	}
}

func checkSent(t *testing.T, want json.RawMessage, got *llmtest.Request) {
	t.Helper()
	if want == nil {
		return
	}
	var part, whole any
	if err := json.Unmarshal(want, &part); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got.Body, &whole); err != nil {
		t.Fatal(err)
	}
	if problem := missing("", part, whole); problem != "" {
		t.Errorf("%s in the request %s", problem, got.Body)
	}
}

// missing describes the first difference between the expected part of a JSON value and the
// value. Objects may have more members than expected, and lists may not.
func missing(path string, part, whole any) string {
	switch part := part.(type) {
	case map[string]any:
		object, ok := whole.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want an object", path, whole)
		}
		for name, value := range part {
			if problem := missing(path+"."+name, value, object[name]); problem != "" {
				return problem
			}
		}
		return ""
	case []any:
		list, ok := whole.([]any)
		if !ok || len(list) != len(part) {
			return fmt.Sprintf("%s is %v, want %d elements", path, whole, len(part))
		}
		for i, value := range part {
			if problem := missing(fmt.Sprintf("%s[%d]", path, i), value, list[i]); problem != "" {
				return problem
			}
		}
		return ""
	}
	if !cmp.Equal(part, whole) {
		return fmt.Sprintf("%s is %v, want %v", path, whole, part)
	}
	return ""
}
