package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-llm/parley/llm"
)

func TestSaveAndLoad(t *testing.T) {
	t.Chdir(t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/hello")
		s.typing("/system Be kind. 🦙")
		s.typing("one")
		same(t, "the screen", "saved 3 messages to talk.json\n", s.typing("/save talk.json"))
		s.typing("two")
		same(t, "the screen", "saved 5 messages to talk.json\n", s.typing("/save talk.json"))
		s.leave()

		s = converse(t, "scripted/echo")
		s.typing("another conversation")
		same(t, "the screen", "loaded 5 messages from talk.json\n", s.typing("/load talk.json"))
		same(t, "the screen", `system "Be kind. 🦙", user "one", assistant "Hello there.", user "two", assistant "Hello there.", user "three"`+stats,
			s.typing("three"))
		s.leave()
	})
	data, err := os.ReadFile("talk.json")
	if err != nil {
		t.Fatal(err)
	}
	var got []llm.Message
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	answer := llm.Message{Role: llm.RoleAssistant, Parts: []llm.Part{llm.Reasoning{Text: "Greet them."}, llm.Text{Text: "Hello there."}}}
	want := []llm.Message{llm.System("Be kind. 🦙"), llm.User("one"), answer, llm.User("two"), answer}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the file's messages differ (-want +got):\n%s", d)
	}
	files, err := filepath.Glob("*")
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(".*")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"talk.json"}, append(files, hidden...)); d != "" {
		t.Errorf("the folder's files differ (-want +got):\n%s", d)
	}
	if runtime.GOOS == "windows" {
		return // it has no such permissions
	}
	info, err := os.Stat("talk.json")
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the file's mode is %v, want a file that only the owner can read", info.Mode())
	}
}

func TestEmptyConversationIsSavedAndLoaded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "talk.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // an empty file may be replaced
		t.Fatal(err)
	}
	if err := new(conversation).save(path); err != nil {
		t.Fatal(err)
	}
	c, err := loadConversation(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.messages) != 0 || c.system != "" {
		t.Errorf("an empty conversation came back as %v", c)
	}
}

func TestSaveDoesNotReplaceOtherFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	const content = "package main\n"
	if err := os.WriteFile("main.go", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := converse(t, "scripted/echo")
		same(t, "the screen", "error: main.go exists and is not a conversation: choose another name: invalid character 'p' looking for beginning of value\n",
			s.typing("/save main.go"))
		s.leave()
	})
	data, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the file", content, string(data))
}

func TestLoadErrors(t *testing.T) {
	for _, test := range []struct{ name, content, message string }{
		{"not JSON", "{", "bad.json is not a conversation: unexpected end of JSON input"},
		{"a role that does not exist", `[{"role":"king","parts":[]}]`,
			"bad.json is not a conversation: " + message((&llm.Request{Messages: []llm.Message{{Role: "king"}}}).Validate())},
		{"a part without type", `[{"role":"user","parts":[{}]}]`, `bad.json is not a conversation: part 0 of the message: it has no "type"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.WriteFile("bad.json", []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				s := converse(t, "scripted/echo")
				s.typing("one")
				same(t, "the screen", "error: "+test.message+"\n", s.typing("/load bad.json"))
				same(t, "the screen", `user "one", assistant "user \"one\"", user "two"`+stats, s.typing("two"))
				s.leave()
			})
		})
	}
}

func TestExpand(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home) // the same on Windows
	for path, want := range map[string]string{
		"~/a/b":  filepath.Join(home, "a", "b"),
		"a/~/b":  "a/~/b",
		"~other": "~other",
	} {
		got, err := expand(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("expand(%q) = %q, want %q", path, got, want)
		}
	}
}
