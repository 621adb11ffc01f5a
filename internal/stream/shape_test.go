package stream

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// checkMatch compares what Match says of a frame, if it says anything, with
// encoding/json.
func checkMatch(t testing.TB, s *Shapes[proto], frame []byte) (matched bool) {
	t.Helper()
	before := string(frame)
	got, text, ok := s.Match(frame)
	if string(frame) != before {
		t.Errorf("Match changed the frame %q to %q", before, frame)
	}
	if !ok {
		return false
	}
	want, delta, err := read(frame)
	if err != nil || string(text) != delta || got != want {
		t.Errorf("matched %q\ngot  %q, %+v\nwant %q, %+v, error %v", frame, text, got, delta, want, err)
	}
	return true
}

func TestShapesAfterTwoFrames(t *testing.T) {
	const at = "2026-11-23T16:44:04.005944351Z"
	first, second := openAIChunk("Hi", "abc"), openAIChunk(" there", "def12345")
	replace := func(old, new string) string {
		if !strings.Contains(first, old) {
			t.Fatalf("%q is not in the frame", old)
		}
		return strings.Replace(first, old, new, 1)
	}
	for _, c := range []struct {
		name  string
		frame string
		want  bool
	}{
		{"other text", openAIChunk("x", "y"), true},
		{"long text", openAIChunk(strings.Repeat("long ", 1000), ""), true},
		{"no obfuscation", openAIChunk("x", ""), true},
		{"escapes", openAIChunk(`\"\\\/\b\f\n\r\t\u00e9\ud83e\udd99`, `\"`), true},
		{"lone surrogates", openAIChunk(`\ud83e \udd99`, ""), true},
		{"UTF-8", openAIChunk("Olá 🦙", "é"), true},
		{"invalid UTF-8", openAIChunk("a\xffb\xf0\x9f", "\xff"), true},
		{"braces in the text", openAIChunk(`},{\"content\":\"x\"}]`, ""), true},
		{"other time", replace("1782321890", "5"), true},

		{"empty text", openAIChunk("", "abc"), false},
		{"raw newline in the text", openAIChunk("a\nb", ""), false},
		{"raw tab in an ignored string", openAIChunk("a", "\t"), false},
		{"bad escape in the text", openAIChunk(`a\x`, ""), false},
		{"bad escape in an ignored string", openAIChunk("a", `\u12`), false},
		{"quote in the text", openAIChunk(`a"b`, ""), false},
		{"two texts", openAIChunk(`a","content":"b`, ""), false},
		{"white space after", first + " ", false},
		{"white space before", " " + first, false},
		{"two frames", first + second, false},
		{"cut", first[:len(first)-1], false},
		{"nothing", "", false},
		{"other model", replace("gpt-4o", "gpt-4"), false},
		{"other index", replace(`"index":0`, `"index":1`), false},
		{"finished", replace(`"finish_reason":null`, `"finish_reason":"stop"`), false},
		{"with usage", replace(`"usage":null`, `"usage":{"prompt_tokens":1}`), false},
		{"null text", replace(`"Hi"`, `null`), false},
		{"number as text", replace(`"Hi"`, `1`), false},
		{"array as text", replace(`"Hi"`, `["a"]`), false},
		{"reasoning", replace(`"content"`, `"reasoning_content"`), false},
		{"with a role", replace(`"delta":{`, `"delta":{"role":"assistant",`), false},
		{"time as a string", replace("1782321890", `"1782321890"`), false},
		{"time with a sign", replace("1782321890", "-1782321890"), false},
		{"time with a fraction", replace("1782321890", "1782321890.5"), false},
		{"time with an exponent", replace("1782321890", "1e9"), false},
		{"time with a leading zero", replace("1782321890", "01"), false},
		{"time without digits", replace("1782321890", ""), false},
		{"time too long", replace("1782321890", "17823218901"), false},
		{"other dialect", ollamaChunk("a", at), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Shapes[proto]{Spec: openAISpec}
			learnBoth(t, s, first, second)
			if got := checkMatch(t, s, []byte(c.frame)); got != c.want {
				t.Errorf("matched is %v, want %v: %s", got, c.want, c.frame)
			}
		})
	}
}

func TestShapesAreLearntOnlyWhereProven(t *testing.T) {
	with := func(fields string) string { return `{` + fields + `,"done":false}` }
	text := func(s string) string { return with(`"message":{"content":"` + s + `"}`) }
	for _, c := range []struct {
		name          string
		first, second string
		want          bool // that second's shape is known afterwards
	}{
		{"another text", text("a"), text("b"), true},
		{"texts with escapes", text(`\u003c`), text(`\n`), true},
		{"the same text proves nothing", text("a"), text("a"), false},
		{"another value that is not ignored", with(`"id":"x","message":{"content":"a"}`), with(`"id":"y","message":{"content":"b"}`), false},
		{"another value that is ignored", with(`"created_at":"x","message":{"content":"a"}`), with(`"created_at":"y","message":{"content":"b"}`), true},
		{"an ignored value of another kind", with(`"created_at":"x","message":{"content":"a"}`), with(`"created_at":1,"message":{"content":"b"}`), false},
		{"an ignored value that is missing", with(`"created":1,"message":{"content":"a"}`), with(`"message":{"content":"b"}`), false},
		{"an ignored fraction", with(`"created_at":"","x":1.5,"message":{"content":"a"}`), with(`"created_at":"","x":2,"message":{"content":"b"}`), true},
		{"an ignored negative number", with(`"x":-1,"message":{"content":"a"}`), with(`"x":-2,"message":{"content":"b"}`), false},
		{"an ignored literal that varies", with(`"x":true,"message":{"content":"a"}`), with(`"x":false,"message":{"content":"b"}`), false},
		{"a number beyond int64 to be", with(`"x":1234567890123456789,"message":{"content":"a"}`), with(`"x":1234567890123456788,"message":{"content":"b"}`), false},
		{"another order", with(`"x":1,"message":{"content":"a"}`), with(`"message":{"content":"b"},"x":1`), false},
		{"another spacing", text("a"), strings.Replace(text("b"), ":", ": ", 1), false},
		{"duplicate text", with(`"message":{"content":"x","content":"a"}`), with(`"message":{"content":"x","content":"b"}`), false},
		{"text under a key of another case", with(`"message":{"Content":"a"}`), with(`"message":{"Content":"b"}`), false},
		{"text under a key with an escape", with(`"message":{"\u0063ontent":"a"}`), with(`"message":{"\u0063ontent":"b"}`), false},
		{"a path that case hides", with(`"message":{"content":"a","Content":"a"}`), with(`"message":{"content":"b","Content":"b"}`), false},
		{"another delta path, empty", with(`"message":{"content":"","thinking":"a"}`), with(`"message":{"content":"","thinking":"b"}`), true},
		{"text, then reasoning", with(`"message":{"content":"a"}`), with(`"message":{"thinking":"a"}`), false},
		{"a path not listed", with(`"choices":[{"delta":{}},{"delta":{"content":"a"}}]`), with(`"choices":[{"delta":{}},{"delta":{"content":"b"}}]`), false},
		{"an object in place of the array", with(`"message":{"content":"a"},"c":{"0":"x"}`), with(`"message":{"content":"b"},"c":["x"]`), false},
		{"too large", with(`"id":"` + strings.Repeat("x", maxLearn) + `","message":{"content":"a"}`), with(`"id":"` + strings.Repeat("x", maxLearn) + `","message":{"content":"b"}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &Shapes[proto]{Spec: &Spec{
				Delta:  append(ollamaSpec.Delta, openAISpec.Delta...),
				Ignore: []string{"created", "created_at", "x"},
			}}
			learnBoth(t, s, c.first)
			if checkMatch(t, s, []byte(c.first)) {
				t.Error("matched after one frame")
			}
			learnBoth(t, s, c.second)
			if got := checkMatch(t, s, []byte(c.second)); got != c.want {
				t.Errorf("matched is %v, want %v", got, c.want)
			}
		})
	}
}

func TestShapesTrustNoWrongText(t *testing.T) {
	s := &Shapes[int]{Spec: ollamaSpec}
	frame := func(text string) []byte { return []byte(ollamaChunk(text, "now")) }
	expect := func(why string, want bool) {
		t.Helper()
		if _, _, ok := s.Match(frame("x")); ok != want {
			t.Errorf("%s: matched is %v, want %v", why, ok, want)
		}
	}
	s.Learn(frame("a"), "b", 1)
	s.Learn(frame("c"), "d", 1)
	expect("texts that are not in the frames", false)
	s.Learn(frame("a"), "a", 1)
	s.Learn(frame("b"), "c", 1)
	expect("a second text that is not in the frame", false)
	s.Learn(frame("a"), "a", 1)
	s.Learn(frame("b"), "b", 2)
	expect("another meaning", false)
	s.Learn(frame(""), "", 1)
	s.Learn(frame(""), "", 1)
	expect("empty texts", false)
	s.Learn([]byte(`{"message":{"content":"a","thinking":"a"}}`), "a", 1)
	s.Learn([]byte(`{"message":{"content":"b","thinking":"b"}}`), "b", 1)
	expect("texts in two places", false)
	s.Learn(frame("a"), "a", 1)
	s.Learn(frame("b"), "b", 1)
	expect("two good frames", true)
}

func TestShapesCopyTheFrames(t *testing.T) {
	s := &Shapes[int]{Spec: ollamaSpec}
	for _, text := range []string{"a", "b"} {
		frame := []byte(ollamaChunk(text, "now"))
		s.Learn(frame, text, 7)
		clear(frame)
	}
	p, text, ok := s.Match([]byte(ollamaChunk("c", "then")))
	if !ok || p != 7 || string(text) != "c" {
		t.Errorf("got %d, %q, %v, want 7, c", p, text, ok)
	}
}

func TestShapesGiveTextWithoutCopyingWhereTheyCan(t *testing.T) {
	s := &Shapes[proto]{Spec: ollamaSpec}
	learnBoth(t, s, ollamaChunk("a", ""), ollamaChunk("b", ""))
	for text, inFrame := range map[string]bool{"Olá 🦙": true, "plain": true, `a\n`: false, "\xff": false} {
		frame := []byte(ollamaChunk(text, ""))
		_, got, ok := s.Match(frame)
		if !ok {
			t.Fatalf("%q did not match", text)
		}
		at := strings.Index(string(frame), text)
		if isIn := &got[0] == &frame[at]; isIn != inFrame {
			t.Errorf("%q: in the frame is %v, want %v", text, isIn, inFrame)
		}
		if n := testing.AllocsPerRun(100, func() { s.Match(frame) }); n != 0 {
			t.Errorf("%q: %v allocations a match, want none", text, n)
		}
	}
}

func TestShapesKeepTheTwoInUse(t *testing.T) {
	s := &Shapes[proto]{Spec: openAISpec}
	frame := func(kind, text string) string {
		return strings.Replace(openAIChunk(text, ""), `"content"`, `"`+kind+`"`, 1)
	}
	arguments := func(text string) string {
		return strings.Replace(openAIChunk("@", ""), `"content":"@"`, `"tool_calls":[{"index":0,"function":{"arguments":"`+text+`"}}]`, 1)
	}
	expect := func(frame string, want bool) {
		t.Helper()
		if got := checkMatch(t, s, []byte(frame)); got != want {
			t.Errorf("matched is %v, want %v: %s", got, want, frame)
		}
	}
	learnBoth(t, s, frame("reasoning_content", "a"), frame("content", "a"), frame("reasoning_content", "b"), frame("content", "b"))
	expect(frame("reasoning_content", "c"), true)
	expect(frame("content", "c"), true)
	learnBoth(t, s, arguments(`{\"a`), arguments(`\":1}`))
	expect(arguments("x"), true)
	expect(frame("content", "d"), true)
	expect(frame("reasoning_content", "d"), false)
	if len(s.templates) != maxTemplates {
		t.Errorf("%d templates, want %d", len(s.templates), maxTemplates)
	}
}

func TestShapesStopLearning(t *testing.T) {
	s := &Shapes[proto]{Spec: ollamaSpec}
	for i := range maxAttempts {
		learnBoth(t, s, strings.Replace(ollamaChunk("a", ""), "tiny", strings.Repeat("x", i+1), 1))
		if len(s.candidates) > maxCandidates {
			t.Fatalf("%d candidates, want at most %d", len(s.candidates), maxCandidates)
		}
	}
	learnBoth(t, s, ollamaChunk("a", ""), ollamaChunk("b", ""))
	if checkMatch(t, s, []byte(ollamaChunk("c", ""))) {
		t.Errorf("learnt after %d attempts", maxAttempts)
	}
	frame := []byte(ollamaChunk("d", ""))
	if n := testing.AllocsPerRun(100, func() { s.Learn(frame, "d", proto{}) }); n != 0 {
		t.Errorf("%v allocations for a frame that is not learnt, want none", n)
	}
}

// streams are what two servers send, in the order they send it.
var streams = []struct {
	name   string
	spec   *Spec
	frames []string
}{
	{"OpenAI", openAISpec, []string{
		strings.Replace(openAIChunk("", "dcng047mBvo6Hy"), `"content":""`, `"role":"assistant","content":"","refusal":null`, 1),
		strings.Replace(openAIChunk("Hm", "a"), `"content"`, `"reasoning_content"`, 1),
		strings.Replace(openAIChunk("…", "b"), `"content"`, `"reasoning_content"`, 1),
		strings.Replace(openAIChunk("so", "c"), `"content"`, `"reasoning_content"`, 1),
		openAIChunk("Olá", "kGEVHK9STFy0L"),
		openAIChunk("!", "nNNmq0sYCNnlt4e"),
		openAIChunk(` \"q\"\n`, "x"),
		openAIChunk(`\ud83e\udd99`, ""),
		openAIChunk("🦙", "yz"),
		strings.Replace(openAIChunk("@", ""), `"content":"@"`, `"tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":""}}]`, 1),
		strings.Replace(openAIChunk("@", ""), `"content":"@"`, `"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]`, 1),
		strings.Replace(openAIChunk("@", ""), `"content":"@"`, `"tool_calls":[{"index":0,"function":{"arguments":"\":"}}]`, 1),
		strings.Replace(openAIChunk("@", ""), `"content":"@"`, `"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]`, 1),
		strings.Replace(openAIChunk("@", "EkBNlqIgr3"), `{"content":"@"},"logprobs":null,"finish_reason":null`, `{},"logprobs":null,"finish_reason":"stop"`, 1),
		`{"id":"chatcmpl-DuLd","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":2},"obfuscation":""}`,
		`[DONE]`,
	}},
	{"Ollama", ollamaSpec, []string{
		strings.Replace(ollamaChunk("Hm", "2026-11-23T16:44:04.005944351Z"), `"content"`, `"content":"","thinking"`, 1),
		strings.Replace(ollamaChunk(" so", "2026-11-23T16:44:04.015944351Z"), `"content"`, `"content":"","thinking"`, 1),
		ollamaChunk("G", "2026-11-23T16:44:04.024388108Z"),
		ollamaChunk("leeps", "2026-11-23T16:44:04.024388108Z"),
		ollamaChunk(`\u003cb\u003e`, "2026-11-23T16:44:04.07790507Z"),
		ollamaChunk("", "2026-11-23T16:44:04.1Z"),
		ollamaChunk("é🦙", "2026-11-23T16:44:04.143824676Z"),
		ollamaChunk(" France?", "2026-11-23T16:44:04.143824676Z"),
		`{"error":"an error was encountered while running the model: unexpected EOF"}`,
		`{"model":"tiny","created_at":"2026-11-23T16:44:05Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":20,"eval_count":7}`,
	}},
}

func TestShapesMatchMostOfAStream(t *testing.T) {
	for _, stream := range streams {
		s := &Shapes[proto]{Spec: stream.spec}
		matched := 0
		for range 10 {
			for _, frame := range stream.frames {
				matched += readWith(t, s, []byte(frame))
			}
		}
		if least := 10 * len(stream.frames) / 4; matched < least {
			t.Errorf("%s: %d of %d frames matched, want %d or more", stream.name, matched, 10*len(stream.frames), least)
		}
	}
}

// readWith reads a frame as a dialect would, and counts 1 if it was matched.
func readWith(t testing.TB, s *Shapes[proto], frame []byte) int {
	t.Helper()
	if checkMatch(t, s, frame) {
		return 1
	}
	if p, delta, err := read(frame); err == nil && delta != "" {
		s.Learn(frame, delta, p)
	}
	return 0
}

// TestShapesOnMutants: whatever a server sends, in whatever order, reading it
// with Shapes equals reading it with encoding/json alone.
func TestShapesOnMutants(t *testing.T) {
	const runs = 1500
	rng := rand.New(rand.NewPCG(1, 2))
	mutants, matched, matchedMutants := 0, 0, 0
	for range runs {
		stream := streams[rng.IntN(len(streams))]
		s := &Shapes[proto]{Spec: stream.spec}
		for _, original := range slices.Repeat(stream.frames, 3) {
			frame := []byte(original)
			isMutant := rng.IntN(3) == 0
			if isMutant {
				mutants++
				frame = mutate(rng, frame)
			}
			n := readWith(t, s, frame)
			matched += n
			if isMutant {
				matchedMutants += n
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d mutants, %d frames matched, of which %d mutants", mutants, matched, matchedMutants)
	if mutants < 10000 || matched < 5000 || matchedMutants < 500 {
		t.Errorf("%d mutants, %d frames matched, of which %d mutants: too few to prove anything", mutants, matched, matchedMutants)
	}
}

// mutate changes a frame in one to three places, most often where it hurts.
func mutate(rng *rand.Rand, b []byte) []byte {
	pieces := []string{`"`, `\`, `\"`, `\n`, `\u00`, `\u00e9`, `\ud83e`, `\udd99`, "\n", "\x00", "\xff", "é", "{", "}", "[", "]", ",", ":",
		"0", "1", "-", ".", "e5", "null", "true", " ", `"content":"x",`, `"Content":"x",`, `"created":1,`, `"created_at":"x",`, "a"}
	for range 1 + rng.IntN(3) {
		at := rng.IntN(len(b) + 1)
		if rng.IntN(2) == 0 { // near a delta or an ignored value
			if i := strings.Index(string(b), []string{`content":`, `created`, `obfuscation":"`, `arguments":"`, `_at":"`}[rng.IntN(5)]); i >= 0 {
				at = min(i+rng.IntN(30), len(b))
			}
		}
		to := min(at+rng.IntN(4), len(b))
		piece := pieces[rng.IntN(len(pieces))]
		switch rng.IntN(4) {
		case 0:
			piece = "" // delete
		case 1:
			to = at // insert
		case 2: // move a part of the frame here
			from := rng.IntN(len(b) + 1)
			piece = string(b[from:min(from+rng.IntN(40), len(b))])
		}
		b = append(append(append([]byte{}, b[:at]...), piece...), b[to:]...)
	}
	return b
}

func FuzzShapes(f *testing.F) {
	for _, stream := range streams {
		for i := range stream.frames[2:] {
			f.Add([]byte(stream.frames[i]), []byte(stream.frames[i+1]), []byte(stream.frames[i+2]))
		}
	}
	a, b := openAIChunk("a", "x"), openAIChunk("b", "y")
	for _, text := range stringBodies {
		f.Add([]byte(a), []byte(b), []byte(openAIChunk(text, text)))
	}
	f.Add([]byte(`{"message":{"content":"x","content":"a"}}`), []byte(`{"message":{"content":"x","content":"b"}}`), []byte(`{"message":{"content":"x","content":"c"}}`))
	f.Add([]byte(`{"message":{"content":"a","Content":"x"}}`), []byte(`{"message":{"content":"b","Content":"x"}}`), []byte(`{"message":{"content":"c","Content":"x"}}`))
	f.Add([]byte(`{"message":{"content":"a"},"x":{"y":[[{"z":"}"}]]}}`), []byte(`{"message":{"content":"b"},"x":{"y":[[{"z":"}"}]]}}`), []byte(`{"message":{"content":"c"},"x":{"y":[[{"z":"]"}]]}}`))
	f.Add([]byte(`{"created":1.5,"message":{"content":"a"}}`), []byte(`{"created":2,"message":{"content":"b"}}`), []byte(`{"created":1e400,"message":{"content":"c"}}`))
	spec := &Spec{
		Delta:  append(append([]string{}, openAISpec.Delta...), ollamaSpec.Delta...),
		Ignore: []string{"created", "created_at", "obfuscation", "ignored.value"},
	}
	f.Fuzz(func(t *testing.T, first, second, third []byte) {
		s := &Shapes[proto]{Spec: spec}
		readWith(t, s, first)
		readWith(t, s, second)
		if !checkMatch(t, s, third) {
			return
		}
		// Fields that the dialect does not decode are equal as well.
		if got, want := others(t, third), others(t, second); got != want {
			t.Errorf("matched %q\nhas   %s\nlearnt %s", third, got, want)
		}
	})
}

// others decodes a frame to anything, without its delta and what is ignored.
func others(t *testing.T, frame []byte) string {
	var v map[string]any
	if err := json.Unmarshal(frame, &v); err != nil {
		t.Fatalf("a frame that matched does not decode: %v", err)
	}
	delete(v, "created")
	delete(v, "created_at")
	delete(v, "obfuscation")
	drop := func(of any, key string) {
		if m, ok := of.(map[string]any); ok && m[key] != "" {
			delete(m, key)
		}
	}
	drop(v["ignored"], "value")
	drop(v["message"], "content")
	drop(v["message"], "thinking")
	if choices, ok := v["choices"].([]any); ok && len(choices) > 0 {
		choice, _ := choices[0].(map[string]any)
		drop(choice["delta"], "content")
		drop(choice["delta"], "reasoning_content")
		delta, _ := choice["delta"].(map[string]any)
		if calls, ok := delta["tool_calls"].([]any); ok && len(calls) > 0 {
			call, _ := calls[0].(map[string]any)
			drop(call["function"], "arguments")
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
