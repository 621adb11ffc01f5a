package llm_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/parley-llm/parley/llm"
)

// item returns data as a dialect emits it.
func item(data string, change ...func(*llm.ProviderData)) *llm.ProviderData {
	d := &llm.ProviderData{Provider: "acme", Format: "acme", Data: []byte(data)}
	for _, c := range change {
		c(d)
	}
	return d
}

// collected returns the message of an answer with items of all kinds, as a program gets it:
// two texts that show one item, a signed call, and an opaque item.
func collected(t *testing.T, reasoning *llm.ProviderData) llm.Message {
	t.Helper()
	two := item("message")
	two.Covers = 1
	resp, err := llm.Collect(script(
		text("pre"), llm.Event{Type: llm.EventText, Detail: new(llm.ProviderData)},
		llm.Event{Type: llm.EventReasoning, Text: "hm", Detail: reasoning},
		text("a"), llm.Event{Type: llm.EventText, Detail: new(llm.ProviderData)},
		llm.Event{Type: llm.EventText, Text: "b", Detail: two},
		llm.Event{Type: llm.EventToolCallEnd, Detail: &llm.ToolCall{ID: "c", Name: "f", Arguments: "{}", ProviderData: item("call")}},
		llm.Event{Type: llm.EventMedia, Detail: &llm.Media{Part: llm.Opaque{Kind: "search", ProviderData: item("search")}}},
		done(),
	))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(resp.Messages[0]) // the bindings survive storage
	if err != nil {
		t.Fatal(err)
	}
	var m llm.Message
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// itemsOf returns the data of each group of parts, or "-" for a group without data.
func itemsOf(m llm.Message) (all []string) {
	for parts, data := range m.Items() {
		s := "-"
		if data != nil {
			s = string(data.Data)
		}
		for range parts[1:] {
			s += "+"
		}
		all = append(all, s)
	}
	return all
}

func TestTakeBack(t *testing.T) {
	const (
		state   = "state_omitted: signatures or reasoning of an earlier answer were omitted: "
		part    = "unsupported: a part of type llm.Opaque of an earlier answer was omitted: "
		foreign = "only acme accepts its data"
		format  = `this API does not accept data in the format "acme"`
		changed = state + "the part has been changed"
		history = state + "messages before it have been changed or removed"
	)
	before := []llm.Message{llm.System("s"), llm.User("u", llm.Image{Data: []byte("png")})}
	bound := func(d *llm.ProviderData) { d.Model, d.HistoryDigest = "m1", llm.HistoryDigest(before) }
	own := llm.TakeBack{Provider: "acme", Formats: []string{"acme"}, Model: "m1"}
	whole := []string{"-", "think", "message+", "call", "search"}
	for _, test := range []struct {
		name string
		to   llm.TakeBack
		edit func(history []llm.Message) []llm.Message
		want []string
		warn []string
	}{
		{name: "to its own model", to: own, want: whole},
		{name: "to another provider", to: llm.TakeBack{Provider: "other", Formats: []string{"acme"}, Model: "m1"},
			want: []string{"-", "-", "-", "-", "-"}, warn: []string{state + foreign, part + foreign}},
		{name: "to another dialect of the provider", to: llm.TakeBack{Provider: "acme", Formats: []string{"", "b"}, Model: "m1"},
			want: []string{"-", "-", "-", "-", "-"},
			warn: []string{state + format, part + format}},
		{name: "to another model", to: llm.TakeBack{Provider: "acme", Formats: []string{"acme"}, Model: "m2"},
			want: []string{"-", "-", "message+", "call", "search"}, warn: []string{state + "data of the model m1 is not valid for another model"}},
		{name: "reasoning edited", to: own, edit: func(h []llm.Message) []llm.Message {
			r := h[2].Parts[1].(llm.Reasoning)
			r.Text += "!"
			h[2].Parts[1] = r
			return h
		}, want: []string{"-", "-", "message+", "call", "search"}, warn: []string{changed}},
		{name: "the first of two texts edited", to: own, edit: func(h []llm.Message) []llm.Message {
			h[2].Parts[2] = llm.Text{Text: "A"}
			return h
		}, want: []string{"-", "think", "-", "-", "call", "search"}, warn: []string{changed}},
		{name: "the first of two texts removed", to: own, edit: func(h []llm.Message) []llm.Message {
			h[2].Parts = slices.Delete(h[2].Parts, 2, 3)
			return h
		}, want: []string{"-", "think", "-", "call", "search"}, warn: []string{changed}},
		{name: "all parts before removed", to: own, edit: func(h []llm.Message) []llm.Message {
			h[2].Parts = h[2].Parts[3:]
			return h
		}, want: []string{"-", "call", "search"}, warn: []string{changed}},
		{name: "the arguments of a call edited", to: own, edit: func(h []llm.Message) []llm.Message {
			c := h[2].Parts[4].(llm.ToolCall)
			c.Arguments = `{"a":1}`
			h[2].Parts[4] = c
			return h
		}, want: []string{"-", "think", "message+", "-", "search"}, warn: []string{changed}},
		{name: "an earlier message trimmed", to: own, edit: func(h []llm.Message) []llm.Message { return h[1:] },
			want: []string{"-", "-", "message+", "call", "search"}, warn: []string{history}},
		{name: "an earlier image replaced", to: own, edit: func(h []llm.Message) []llm.Message {
			h[1] = llm.User("u", llm.Image{Data: []byte("gif")})
			return h
		}, want: []string{"-", "-", "message+", "call", "search"}, warn: []string{history}},
		{name: "messages added", to: own, edit: func(h []llm.Message) []llm.Message { return append(h, llm.User("more")) }, want: whole},
		{name: "data without bindings", to: own, edit: func(h []llm.Message) []llm.Message {
			return append(h[:2], llm.Assistant("edited since", llm.Reasoning{Text: "x", ProviderData: &llm.ProviderData{Provider: "acme", Format: "acme", Data: []byte("old")}}))
		}, want: []string{"-", "old"}},
		{name: "data of every provider of the dialect", to: own, edit: func(h []llm.Message) []llm.Message {
			return append(h[:2], llm.Assistant("", llm.Opaque{ProviderData: &llm.ProviderData{Format: "acme", Data: []byte("made")}}))
		}, want: []string{"made"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			messages := append(slices.Clone(before), collected(t, item("think", bound)))
			if test.edit != nil {
				messages = test.edit(messages)
			}
			given, _ := json.Marshal(messages)
			kept, warnings := test.to.Messages(messages)
			i := slices.IndexFunc(kept, func(m llm.Message) bool { return m.Role == llm.RoleAssistant })
			got := itemsOf(kept[i])
			check(t, "items", test.want, got)
			var texts []string
			for _, w := range warnings {
				texts = append(texts, string(w.Code)+": "+w.Message)
			}
			check(t, "warnings", test.warn, texts)
			after, _ := json.Marshal(messages)
			check(t, "the given messages, which must not change", string(given), string(after))
		})
	}
}

// Histories without provider data, and with data that is valid, are not copied.
func TestTakeBackOfOwnHistoryAllocatesNothing(t *testing.T) {
	messages := []llm.Message{llm.User("a"), llm.Assistant("b"), llm.User("c")}
	n := testing.AllocsPerRun(100, func() {
		kept, warnings := llm.TakeBack{Provider: "p"}.Messages(messages)
		if &kept[0] != &messages[0] || warnings != nil {
			t.Error("the history was changed")
		}
	})
	if n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
