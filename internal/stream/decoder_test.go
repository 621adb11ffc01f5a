package stream

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// record has a field of each type that a Decoder knows.
type record struct {
	base
	Name    string            `json:"name"`
	ID      Scalar            `json:"id"`
	Count   *int              `json:"count"`
	Small   int8              `json:"small"`
	Codes   []uint16          `json:"codes"`
	Score   float64           `json:"score"`
	Done    bool              `json:"done"`
	Image   []byte            `json:"image"`
	Raw     json.RawMessage   `json:"raw"`
	Any     any               `json:"any"`
	Labels  map[string]string `json:"labels"`
	Flag    customFlag        `json:"flag"`
	Content TextOr[[]piece]   `json:"content"`
	Inner   *inner            `json:"inner"`
	Value   inner             `json:"value"`
	List    []inner           `json:"list"`
}

type base struct {
	Failure json.RawMessage `json:"failure"`
}

type inner struct {
	Text  string  `json:"text"`
	Next  *inner  `json:"next"`
	More  []inner `json:"more"`
	Whole Source  `json:"-"`
}

type piece struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

type customFlag bool

func (f *customFlag) UnmarshalJSON(data []byte) error {
	*f = string(data) == `"on"`
	return nil
}

var recordDecoder = NewDecoder[record]()

func decodeRecord(t testing.TB, data string) record {
	t.Helper()
	var r record
	var text Text
	if err := recordDecoder.Decode([]byte(data), &r, &text); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return r
}

// sameRecord compares records by their meaning. Sources are compared elsewhere.
var sameRecord = cmp.Options{
	cmp.AllowUnexported(record{}),
	cmpopts.IgnoreTypes(Source{}),
	cmp.FilterValues(func(a, b []inner) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b []piece) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b []uint16) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore()),
	cmpopts.EquateNaNs(),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return isNull(a) && isNull(b) }, cmp.Ignore()),
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// plainRecords are decoded as encoding/json decodes them.
var plainRecords = []string{
	`{}`, ` { } `, `null`, `{"name":"x","unknown":{"a":[1,{"b":null}]},"done":true}`, `{"name":"h\u00e9 \ud83e\udd99 \ud83e \n"}`,
	"{\"name\":\"\xff\xfe\"}", `{"count":7,"small":-128,"codes":[0,65535],"score":-2.5e-3}`, `{"count":null,"inner":null,"raw":null,"list":null,"any":null}`,
	`{"id":"x","flag":"on","raw":{"a":[1, 2]},"any":{"a":[1,"x",null]},"labels":{"a":"b"}}`, `{"image":"aGVsbG8="}`, `{"image":""}`, `{"failure":{"message":"x"}}`,
	`{"inner":{"text":"a","next":{"text":"b","next":{"more":[{"text":"c"},{},null]}}},"value":{"text":"d"},"list":[{"text":"e"},null,{"next":{}}]}`,
	`{"list":[],"codes":[]}`, `{"content":"x"}`, `{"content":[{"kind":"text","text":"x"},{}]}`, `{"content":null}`, `{"NAME":"x","Done":true}`, `{"\u006eame":"x"}`,
	`{"i\u017fs":1,"li\u017ft":[{"text":"x"}]}`, "{\"li\u017ft\":[{\"text\":\"x\"}]}", `{"ignored":"x","Ignored":"x","base":1}`,
}

func TestDecoderAgreesWithEncodingJSON(t *testing.T) {
	for _, data := range plainRecords {
		t.Run(data, func(t *testing.T) {
			var want record
			if err := json.Unmarshal([]byte(data), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, decodeRecord(t, data), sameRecord); diff != "" {
				t.Errorf("(-encoding/json +decoder)\n%s", diff)
			}
		})
	}
}

func TestDecoderTreatsOddMembersAsAbsent(t *testing.T) {
	odd := []string{`7`, `-1.5`, `"x"`, `""`, `true`, `false`, `{}`, `[]`, `{"a":1}`, `["x"]`, `[7,null]`, `1e999`, `99999999999999999999`}
	allowed := map[string]string{ // the forms that fit each member, separated by blanks
		"name": `"x" ""`, "id": `7 -1.5 "x" "" true false 1e999 99999999999999999999`, "count": `7`, "small": `7`, "codes": `[] ["x"] [7,null]`,
		"score": `7 -1.5 99999999999999999999`, "done": `true false`, "inner": `{} {"a":1}`, "value": `{} {"a":1}`, "list": `[] ["x"] [7,null]`,
		"labels": `{}`,
	}
	for member, forms := range allowed {
		for _, value := range odd {
			if strings.Contains(" "+forms+" ", " "+value+" ") {
				continue
			}
			got := decodeRecord(t, `{"`+member+`":`+value+`,"failure":"x"}`)
			want := record{base: base{json.RawMessage(`"x"`)}}
			if diff := cmp.Diff(want, got, sameRecord); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", member, value, diff)
			}
		}
	}
}

func TestDecoderReadsMembersInEveryForm(t *testing.T) {
	for data, want := range map[string]record{
		`{"count":5.0}`:                   {Count: new(5)},
		`{"count":"5"}`:                   {Count: new(5)},
		`{"count":"5.0","small":"-3"}`:    {Count: new(5), Small: -3},
		`{"count":1e3}`:                   {Count: new(1000)},
		`{"count":1.5}`:                   {},
		`{"count":" 5"}`:                  {},
		`{"small":128}`:                   {},
		`{"codes":[1,-1,"2",65536,{},3]}`: {Codes: []uint16{1, 2, 3}},
		`{"score":"0.5","done":"true"}`:   {Score: 0.5, Done: true},
		`{"score":"NaN"}`:                 {},
		`{"id":7}`:                        {ID: "7"},
		`{"id":1.50}`:                     {ID: "1.50"},
		`{"id":{}}`:                       {},
		`{"image":"_-8"}`:                 {Image: []byte{0xff, 0xef}},
		`{"image":"\u0061GVsbG8="}`:       {Image: []byte("hello")},
		`{"image":"!"}`:                   {},
		`{"content":7}`:                   {Content: TextOr[[]piece]{Raw: json.RawMessage(`7`)}},
		`{"content":{"a": 1}}`:            {Content: TextOr[[]piece]{Raw: json.RawMessage(`{"a": 1}`)}},
		`{"content":["x",{"text":"y"}]}`:  {Content: TextOr[[]piece]{Value: []piece{{Text: "y"}}}},
		`{"list":[{},7,null,"x",{}]}`:     {List: []inner{{}, {}, {}}},
	} {
		if diff := cmp.Diff(want, decodeRecord(t, data), sameRecord); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
}

func TestDecoderKeepsAValueThatIsRepeatedEmpty(t *testing.T) {
	want := record{Inner: &inner{Text: "a"}, Count: new(7), List: []inner{{Text: "b"}}, Raw: json.RawMessage(`1`), Done: true, Name: "c"}
	got := decodeRecord(t, `{"inner":{"text":"a"},"count":7,"list":[{"text":"b"}],"raw":1,"done":true,"name":"c",`+
		`"inner":null,"inner":{},"count":null,"list":null,"list":[],"raw":null,"done":null,"name":null,"inner":7,"count":"x"}`)
	if diff := cmp.Diff(want, got, sameRecord); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDecoderKeepsTheSourceOfAnObject(t *testing.T) {
	got := decodeRecord(t, `{"inner": {"text": "a", "odd":[1] } ,"list":[{ },{"next":{"x":1}}]}`)
	for _, tt := range []struct{ got, want string }{
		{string(got.Inner.Whole), `{"text": "a", "odd":[1] }`}, {string(got.List[0].Whole), `{ }`},
		{string(got.List[1].Whole), `{"next":{"x":1}}`}, {string(got.List[1].Next.Whole), `{"x":1}`},
	} {
		if tt.got != tt.want {
			t.Errorf("the source is %s, want %s", tt.got, tt.want)
		}
	}
}

func TestFrameDecoderReusesMemory(t *testing.T) {
	var text Text
	frames := recordDecoder.Frames(&text)
	defer frames.Close()
	data := []byte(`{"name":"abc","count":7,"inner":{"next":{"text":"b"}},"list":[{"text":"e"}],"content":[{"text":"f"}]}`)
	if allocs := testing.AllocsPerRun(100, func() {
		if r, err := frames.Decode(data); err != nil || r.Inner.Next.Text != "b" || *r.Count != 7 || r.List[0].Text != "e" {
			t.Fatal(r, err)
		}
	}); allocs > 1 {
		t.Errorf("%v allocations a frame, want at most those of the text", allocs)
	}
	r, err := frames.Decode([]byte(`{"inner":{},"list":[{}]}`))
	if diff := cmp.Diff(record{Inner: &inner{}, List: []inner{{}}}, *r, sameRecord); diff != "" || err != nil {
		t.Errorf("the frame before shows, error %v (-want +got):\n%s", err, diff)
	}
}

func TestDecoderRefusesWhatIsNoObject(t *testing.T) {
	for data, want := range map[string]string{
		`7`: "expected an object, found a number", `"x"`: "found a string", `[{}]`: "found an array", `true`: "found a boolean",
		``: "unexpected end of JSON input", `{"name":"x"`: "unexpected end", `{"name":"x"}}`: "invalid character", `{"a":01}`: "invalid character",
		`{"list":[{}}`: "invalid character", `{"x":[1,]}`: "invalid character", "{\"name\":\"\n\"}": "invalid character", `{name:1}`: "invalid character",
		`{"x":` + strings.Repeat("[", 20000):                                                "exceeded max depth",
		`{"inner":` + strings.Repeat(`{"next":`, 20000) + `{}` + strings.Repeat(`}`, 20001): "exceeded max depth",
	} {
		var r record
		err := recordDecoder.Decode([]byte(data), &r, new(Text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want %q", data, err, want)
		}
	}
}

func TestDecoderNeedsSomeMembers(t *testing.T) {
	type reply struct {
		List  []inner `json:"list" stream:"needed"`
		Inner *inner  `json:"inner" stream:"needed"`
		Other inner   `json:"other"`
	}
	decoder := NewDecoder[reply]()
	for data, want := range map[string]string{
		`{"list":"none"}`:           "list: expected an array, found a string",
		`{"list":[],"inner":7}`:     "inner: expected an object, found a number",
		`{"list":{"a":[]}}`:         "list: expected an array, found an object",
		`{"list":[7,"x"]}`:          "", // elements are dropped
		`{"list":{},"inner":""}`:    "",
		`{"list":null,"inner":[]}`:  "",
		`{"list":false,"inner":0}`:  "",
		`{"other":"x","unknown":7}`: "",
	} {
		err := decoder.Decode([]byte(data), new(reply), new(Text))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%s: error %v, want %q", data, err, want)
		}
	}
}

// hasDuplicates reports whether an object has a key twice, or keys that differ in case
// alone: there the rules of the decoder are its own.
func hasDuplicates(data []byte) bool {
	var w Walker
	return !w.Walk(data, func(*Value) bool { return true })
}

func FuzzDecoder(f *testing.F) {
	for i, data := range plainRecords {
		f.Add([]byte(plainRecords[(i+1)%len(plainRecords)]), []byte(data))
	}
	for _, data := range []string{`{"codes":[1,-1,"2"],"count":5.0}`, `{"name":7,"list":{},"inner":[]}`, `{"content":["x",7,{"text":1}]}`, `{"image":[1,2]}`, `[]`} {
		f.Add([]byte(data), []byte(data))
	}
	f.Fuzz(func(t *testing.T, first, data []byte) {
		frames := recordDecoder.Frames(new(Text))
		defer frames.Close()
		_, _ = frames.Decode(first) // must leave nothing behind
		before := string(data)
		var want record
		result, err := frames.Decode(data)
		got := *result
		var fresh record
		if freshErr := recordDecoder.Decode(data, &fresh, new(Text)); fmt.Sprint(freshErr) != fmt.Sprint(err) || err == nil && !cmp.Equal(got, fresh, sameRecord) {
			t.Fatalf("%q is %+v, error %v, and alone %+v, error %v", data, got, err, fresh, freshErr)
		}
		if string(data) != before {
			t.Fatalf("decoding changed %q into %q", before, data)
		}
		if isObject := json.Valid(data) && strings.ContainsAny(strings.TrimLeft(before, " \t\r\n")[:1], "{n"); isObject != (err == nil) {
			t.Fatalf("%q: error %v", data, err)
		}
		if err != nil || hasDuplicates(data) || got.Image != nil || strings.Contains(before, "image") {
			return
		}
		if json.Unmarshal(data, &want) != nil || strings.HasPrefix(string(want.Content.Raw), "[") {
			return // an odd member, or one in a list of parts
		}
		if diff := cmp.Diff(want, got, sameRecord); diff != "" {
			t.Fatalf("%q (-encoding/json +decoder)\n%s", data, diff)
		}
	})
}

func BenchmarkDecoder(b *testing.B) {
	frame := []byte(openAIChunk("Hi", "abc"))
	decoder := NewDecoder[frameFields]()
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	var text Text
	for b.Loop() {
		var f frameFields
		if err := decoder.Decode(frame, &f, &text); err != nil || f.Choices[0].Delta.Content != "Hi" {
			b.Fatal(err)
		}
	}
}
