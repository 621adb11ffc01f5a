package builtin_test

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/parley-llm/parley/internal/gguf"
	"github.com/parley-llm/parley/internal/llama"
	"github.com/parley-llm/parley/llm/tokens"
)

// chat is a conversation with the model in model.gguf, at temperature 0.
type chat struct {
	t        testing.TB
	encoding *tokens.Encoding
	session  *llama.Session
	ids      []int

	begin, end, user, assistant int
}

// maxAnswer is the longest answer in tokens.
const maxAnswer = 120

// openChat loads the model until the end of the test.
func openChat(t testing.TB) *chat {
	t.Helper()
	file, err := gguf.Open("model.gguf")
	if err != nil {
		t.Fatal(err)
	}
	m, err := llama.Load(file, llama.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	encoding, err := tokens.FromMetadata("builtin", file.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	c := &chat{t: t, encoding: encoding, session: m.NewSession(0)}
	for name, id := range map[string]*int{"<s>": &c.begin, "</s>": &c.end, "<|user|>": &c.user, "<|assistant|>": &c.assistant} {
		var ok bool
		if *id, ok = encoding.SpecialID(name); !ok {
			t.Fatalf("the model has no token %s", name)
		}
	}
	return c
}

// ask returns the answer to the last of these turns of one conversation.
func (c *chat) ask(turns ...string) string {
	c.t.Helper()
	c.ids = []int{c.begin}
	var answer string
	for _, turn := range turns {
		answer = c.next(turn)
	}
	return answer
}

// next continues the conversation.
func (c *chat) next(question string) string {
	c.t.Helper()
	c.ids = append(c.ids, c.user)
	c.ids = append(c.ids, c.encoding.Encode(" "+question)...)
	c.ids = append(c.ids, c.assistant)
	return c.answer()
}

// answer generates the answer after the ids so far.
func (c *chat) answer() string {
	c.t.Helper()
	begin := len(c.ids)
	logits, err := c.session.Prompt(c.t.Context(), c.ids, nil)
	for {
		if err != nil {
			c.t.Fatal(err)
		}
		id := slices.Index(logits, slices.Max(logits))
		c.ids = append(c.ids, id)
		if id == c.end || len(c.ids) == begin+maxAnswer {
			break
		}
		logits, err = c.session.Next(c.t.Context(), id)
	}
	text, err := c.encoding.Decode(c.ids[begin : len(c.ids)-1])
	if err != nil {
		c.t.Fatal(err)
	}
	return text
}

// table returns the rows of a file with a tab between two columns.
func table(t testing.TB, name string) (rows [][2]string) {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		first, second, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			t.Fatalf("%s: no tab in %q", name, lines.Text())
		}
		rows = append(rows, [2]string{first, second})
	}
	return rows
}

// rules returns the regular expressions that answers must match, by topic or by question.
func rules(t testing.TB) map[string]*regexp.Regexp {
	t.Helper()
	m := make(map[string]*regexp.Regexp)
	for _, row := range table(t, "testdata/rules.tsv") {
		m[row[0]] = regexp.MustCompile(row[1])
	}
	return m
}

// refusals are the topics that the model is not made for.
var refusals = []string{"unknown", "task", "gibberish", "weather", "time", "noname", "asknoname"}

func TestScore(t *testing.T) {
	for _, set := range sets {
		t.Run(set.file, func(t *testing.T) {
			c, rules := openChat(t), rules(t)
			right, inScope, rightInScope, total := 0, 0, 0, 0
			for _, row := range table(t, "testdata/"+set.file) {
				topic, question := row[0], row[1]
				rule := rules[question]
				if rule == nil {
					rule = rules[topic]
				}
				if rule == nil {
					t.Fatalf("no rule for %q", question)
				}
				answer := c.ask(strings.Split(question, " || ")...)
				total++
				if !slices.Contains(refusals, topic) {
					inScope++
				}
				if !rule.MatchString(answer) {
					t.Logf("%s: %q: %q", topic, question, answer)
					continue
				}
				right++
				if !slices.Contains(refusals, topic) {
					rightInScope++
				}
			}
			t.Logf("%d of %d right (%.1f %%), in scope %d of %d (%.1f %%)", right, total, 100*float64(right)/float64(total),
				rightInScope, inScope, 100*float64(rightInScope)/float64(inScope))
			if right < set.min {
				t.Errorf("%d of %d are right, want at least %d", right, total, set.min)
			}
		})
	}
}

// names are words of an answer that look like code, a variable, a file or a model.
var names = regexp.MustCompile(`\w[\w.:/#-]*[./_:#][\w.:/#-]*\w`)

// The pages of docs that README.md links count as parts of it.
func TestAnswersNameOnlyWhatTheReadmeHas(t *testing.T) {
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range regexp.MustCompile(`\]\((docs/\w+\.md)`).FindAllSubmatch(readme, -1) {
		page, err := os.ReadFile("../../../" + string(link[1]))
		if err != nil {
			t.Fatal(err)
		}
		if string(link[1]) != "docs/builtin.md" { // it has the answers
			readme = append(readme, page...)
		}
	}
	answers, err := os.ReadFile("train/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(answers)) {
		_, answer, ok := strings.Cut(line, ": ")
		if !ok || line[0] == '#' {
			continue
		}
		for _, name := range names.FindAllString(answer, -1) {
			found++
			if strings.ContainsFunc(name, unicode.IsLetter) && !strings.Contains(string(readme), name) {
				t.Errorf("README.md does not have %q, which the model names: %s", name, answer)
			}
		}
	}
	if found < 50 {
		t.Errorf("%d names are in the answers, want at least 50: the pattern finds too few", found)
	}
}

// sets are the held-out questions, with the least number of right answers.
var sets = []struct {
	file string
	min  int
}{
	{"heldout.tsv", 198},
	{"otherwords.tsv", 51},
}

// TestConversations prints conversations. With PARLEY_UPDATE=1 it writes them into
// docs/builtin.md.
func TestConversations(t *testing.T) {
	content, err := os.ReadFile("testdata/conversations.txt")
	if err != nil {
		t.Fatal(err)
	}
	c := openChat(t)
	var b strings.Builder
	conversations := strings.Split(strings.TrimSpace(string(content)), "\n\n")
	for i, text := range conversations {
		fmt.Fprintf(&b, "%d.\n\n```text\n", i+1)
		c.ids = []int{c.begin}
		for question := range strings.Lines(text) {
			question = strings.TrimSpace(question)
			answer := c.next(question)
			if answer == "" {
				t.Errorf("no answer to %q", question)
			}
			fmt.Fprintf(&b, "> %s\n%s\n", question, answer)
		}
		b.WriteString("```\n\n")
	}
	t.Log("\n" + b.String())
	if len(conversations) != 20 {
		t.Errorf("%d conversations, want 20", len(conversations))
	}
	if os.Getenv("PARLEY_UPDATE") == "" {
		return
	}
	const path, begin = "../../../docs/builtin.md", "<!-- conversations: PARLEY_UPDATE=1 go test -run Conversations ./providers/llama/builtin -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, ok := strings.Cut(string(page), begin)
	if !ok {
		t.Fatalf("%s has no line %q", path, begin)
	}
	if err := os.WriteFile(path, []byte(before+begin+"\n"+strings.TrimSpace(b.String())+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestCallsTools asks questions with tools in the prompt, as the chat template shows them, and
// passes a result for the call that is right.
func TestCallsTools(t *testing.T) {
	c := openChat(t)
	tools, ok := c.encoding.SpecialID("<|tools|>")
	result, ok2 := c.encoding.SpecialID("<|tool|>")
	if !ok || !ok2 {
		t.Fatal("the model has no tokens for tools")
	}
	right := 0
	for _, tt := range toolCases {
		c.ids = append([]int{c.begin, tools}, c.encoding.Encode(tt.tools)...)
		answer := c.next(tt.question)
		if want := "<tool_call>" + tt.call + "</tool_call>"; answer != want {
			t.Logf("%q: %q, want %q", tt.question, answer, want)
			continue
		}
		c.ids = append(c.ids, result)
		c.ids = append(c.ids, c.encoding.Encode(" "+tt.result)...)
		c.ids = append(c.ids, c.assistant)
		if answer, want := c.answer(), "The tool says: "+tt.result; answer != want {
			t.Logf("%q: %q, want %q", tt.question, answer, want)
			continue
		}
		right++
	}
	t.Logf("%d of %d tool calls right, with the report of the result", right, len(toolCases))
	if right < minTools {
		t.Errorf("%d of %d are right, want at least %d", right, len(toolCases), minTools)
	}
}

const (
	weatherTool = `{"name": "weather", "arguments": {"city": ""}}`
	addTool     = `{"name": "add", "arguments": {"a": 0, "b": 0}}`
	searchTool  = `{"name": "search", "arguments": {"query": ""}}`
)

var toolCases = []struct{ tools, question, call, result string }{
	{weatherTool, "What is the weather in Paris?", `{"name": "weather", "arguments": {"city": "Paris"}}`, "It is sunny."},
	{weatherTool, "How is the weather in Lisbon today?", `{"name": "weather", "arguments": {"city": "Lisbon"}}`, "Rain, 14 degrees"},
	{weatherTool, "Is it cold in Oslo?", `{"name": "weather", "arguments": {"city": "Oslo"}}`, "-3"},
	{weatherTool, "Weather in Ulaanbaatar", `{"name": "weather", "arguments": {"city": "Ulaanbaatar"}}`, "cold"},
	{`{"name": "get_weather", "arguments": {"location": ""}}`, "will it rain in Madrid?", `{"name": "get_weather", "arguments": {"location": "Madrid"}}`, `{"rain": 1}`},
	{addTool, "What is 17 plus 5?", `{"name": "add", "arguments": {"a": 17, "b": 5}}`, "22"},
	{weatherTool + addTool, "add 3 and 44", `{"name": "add", "arguments": {"a": 3, "b": 44}}`, "47"},
	{weatherTool + searchTool, "search for llamas", `{"name": "search", "arguments": {"query": "llamas"}}`, "Llamas are animals."},
	{weatherTool + searchTool, "Do I need an umbrella in Berlin?", `{"name": "weather", "arguments": {"city": "Berlin"}}`, "It is dry in Berlin."},
	{`{"name": "get_time", "arguments": {"city": ""}}`, "What time is it in Tokyo?", `{"name": "get_time", "arguments": {"city": "Tokyo"}}`, "12:30"},
}

// minTools is the least number of right tool calls.
const minTools = 5
