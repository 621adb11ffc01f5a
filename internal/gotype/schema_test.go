//lint:file-ignore SA5008 odd tags are the subject of the tests
//lint:file-ignore U1000 unexported fields are too

package gotype_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/internal/gotype"
	"github.com/parley-llm/parley/internal/schema"
)

type (
	Base    struct{ ID int }
	secret  struct{ Visible string }
	Flat    struct{ Base }
	NamedIn struct {
		Base `json:"base"`
	}
	PtrIn    struct{ *Base }
	Promoted struct{ secret }
	HiddenIn struct{ *secret }
	Shadow   struct {
		Base
		ID string
	}
	Other     struct{ ID string }
	Ambiguous struct {
		Base
		Other
		Kept bool
	}
	TagWins struct {
		Base
		TaggedID
	}
	TaggedID struct {
		X string `json:"ID"`
	}
	Dashes struct {
		Gone string `json:"-"`
		Dash string `json:"-,"`
	}
	Private struct {
		a int
		B int
	}
	Page[T any] struct{ Items []T }
	Line        struct{ SKU string }
	Optional    struct {
		A string  `json:"a,omitempty"`
		B *int    `json:"b"`
		C Line    `json:"c,omitzero"`
		D *string `json:"d" required:"true"`
		E []int   `json:"e"`
	}
	Quoted struct {
		I int64   `json:",string"`
		U uint    `json:",string"`
		F float64 `json:",string"`
		B bool    `json:",string"`
	}
	OddNames struct {
		A string `json:"a b"`
		B string `json:"q\"x"`
		C string `json:"größe"`
	}
	Node struct {
		Value string
		Next  *Node
	}
	Tree    []Tree
	Forest  map[string]Forest
	Mutual  struct{ Back *MutualB }
	MutualB struct{ Forth []Mutual }
	Holder  struct{ Root Node }
	Twice   struct{ A, B Line }
	Unit    string
	Level   int
	Color   string
	Wrapped struct{ U *Unit }
	Ints    struct {
		A int8
		B uint16
		C uint
	}
	Tags struct {
		City  string   `json:"city" desc:"in English"`
		Unit  string   `json:"unit" enum:"celsius, fahrenheit"`
		Size  int      `json:"size" min:"1" max:"10"`
		Name  string   `json:"name" min:"2" max:"5" pattern:"^[a-z]+$"`
		List  []string `json:"list" max:"3" enum:"a,b" desc:"letters"`
		Mail  string   `json:"mail" format:"email"`
		Shade string   `json:"shade" default:"red"`
		N     float64  `json:"n" default:"0.5" jsonschema:"a number"`
		Line  Line     `json:"line" desc:"the line"`
	}
	Money   struct{ cents int }
	Point   struct{ X, Y int }
	Strong  struct{ v int }
	NumEnum struct {
		N int `enum:"1,2,3"`
	}
)

func (Unit) Enum() []Unit                     { return []Unit{"m", "ft"} }
func (Level) Enum() []Level                   { return []Level{1, 2} }
func (c Color) MarshalText() ([]byte, error)  { return []byte(c), nil }
func (c *Color) UnmarshalText(b []byte) error { *c = Color(b); return nil }
func (Color) Enum() []Color                   { return []Color{"red"} }
func (Money) MarshalJSON() ([]byte, error)    { return []byte(`"1.00"`), nil }
func (Money) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":"string","pattern":"^[0-9.]+$"}`)
}
func (Strong) MarshalJSON() ([]byte, error) { return []byte(`1`), nil }

const closed = `,"additionalProperties":false}`

// Every type is one that inference of schemas has got wrong somewhere. The value, written by
// encoding/json, must match the schema.
func TestSchemaOfAwkwardTypesIsThatOfTheirJSON(t *testing.T) {
	markedName := "B" // the field of OddNames whose tag has a quotation mark
	if written, err := json.Marshal(OddNames{}); err != nil || bytes.Contains(written, []byte(`"q"`)) {
		markedName = "q" // since Go 1.27
	}
	one := 1
	text := "x"
	for name, test := range map[string]struct {
		value any
		want  string
	}{
		"bool":                    {true, `{"type":"boolean"}`},
		"string":                  {"x", `{"type":"string"}`},
		"float":                   {1.5, `{"type":"number"}`},
		"pointer at the top":      {&one, `{"type":"integer"}`},
		"sized integers":          {Ints{}, `{"type":"object","properties":{"A":{"type":"integer","minimum":-128,"maximum":127},"B":{"type":"integer","minimum":0,"maximum":65535},"C":{"type":"integer","minimum":0}},"required":["A","B","C"]` + closed},
		"slice":                   {[]string{"a"}, `{"type":"array","items":{"type":"string"}}`},
		"slice of pointers":       {[]*int{&one}, `{"type":"array","items":{"type":"integer"}}`},
		"array":                   {[2]int{}, `{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":2}`},
		"bytes":                   {[]byte("hi"), `{"type":"string","contentEncoding":"base64"}`},
		"array of bytes":          {[2]byte{}, `{"type":"array","items":{"type":"integer","minimum":0,"maximum":255},"minItems":2,"maxItems":2}`},
		"map":                     {map[string]int{"a": 1}, `{"type":"object","additionalProperties":{"type":"integer"}}`},
		"map by integers":         {map[int]bool{-1: true}, `{"type":"object","additionalProperties":{"type":"boolean"},"propertyNames":{"pattern":"^(0|-?[1-9][0-9]*)$"}}`},
		"map by texts":            {map[netip.Addr]int{netip.MustParseAddr("::1"): 1}, `{"type":"object","additionalProperties":{"type":"integer"}}`},
		"map of structs":          {map[string]Line{"a": {}}, `{"type":"object","additionalProperties":{"type":"object","properties":{"SKU":{"type":"string"}},"required":["SKU"],"additionalProperties":false}}`},
		"any":                     {struct{ A any }{3}, `{"type":"object","properties":{"A":{}},"required":["A"]` + closed},
		"raw message":             {json.RawMessage(`[1]`), `{}`},
		"number":                  {json.Number("1.5"), `{"type":"number"}`},
		"big integer":             {big.NewInt(7), `{"type":"integer"}`},
		"time":                    {time.Unix(0, 0).UTC(), `{"type":"string","format":"date-time"}`},
		"pointer to time":         {struct{ T *time.Time }{new(time.Unix(0, 0).UTC())}, `{"type":"object","properties":{"T":{"type":"string","format":"date-time"}}` + closed},
		"text marshaler":          {netip.MustParseAddr("127.0.0.1"), `{"type":"string"}`},
		"marshaler with a schema": {Money{}, `{"type":"string","pattern":"^[0-9.]+$"}`},
		"embedded":                {Flat{}, `{"type":"object","properties":{"ID":{"type":"integer"}},"required":["ID"]` + closed},
		"embedded with a name":    {NamedIn{}, `{"type":"object","properties":{"base":{"type":"object","properties":{"ID":{"type":"integer"}},"required":["ID"],"additionalProperties":false}},"required":["base"]` + closed},
		"embedded pointer":        {PtrIn{}, `{"type":"object","properties":{"ID":{"type":"integer"}}` + closed},
		"embedded unexported":     {Promoted{}, `{"type":"object","properties":{"Visible":{"type":"string"}},"required":["Visible"]` + closed},
		"shadowed":                {Shadow{}, `{"type":"object","properties":{"ID":{"type":"string"}},"required":["ID"]` + closed},
		"ambiguous":               {Ambiguous{}, `{"type":"object","properties":{"Kept":{"type":"boolean"}},"required":["Kept"]` + closed},
		"tag wins":                {TagWins{}, `{"type":"object","properties":{"ID":{"type":"string"}},"required":["ID"]` + closed},
		"dashes":                  {Dashes{}, `{"type":"object","properties":{"-":{"type":"string"}},"required":["-"]` + closed},
		"unexported":              {Private{a: 1}, `{"type":"object","properties":{"B":{"type":"integer"}},"required":["B"]` + closed},
		"empty struct":            {struct{}{}, `{"type":"object","properties":{}` + closed},
		"generic":                 {Page[Line]{[]Line{{}}}, `{"type":"object","properties":{"Items":{"type":"array","items":{"type":"object","properties":{"SKU":{"type":"string"}},"required":["SKU"],"additionalProperties":false}}},"required":["Items"]` + closed},
		"anonymous":               {struct{ P struct{ X int } }{}, `{"type":"object","properties":{"P":{"type":"object","properties":{"X":{"type":"integer"}},"required":["X"],"additionalProperties":false}},"required":["P"]` + closed},
		"optional":                {Optional{D: &text, B: &one, E: []int{}}, `{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"},"c":{"type":"object","properties":{"SKU":{"type":"string"}},"required":["SKU"],"additionalProperties":false},"d":{"type":"string"},"e":{"type":"array","items":{"type":"integer"}}},"required":["d","e"]` + closed},
		"option string":           {Quoted{F: 1.5}, `{"type":"object","properties":{"I":{"type":"string","pattern":"^(0|-?[1-9][0-9]*)$"},"U":{"type":"string","pattern":"^(0|[1-9][0-9]*)$"},"F":{"type":"string","pattern":"^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$"},"B":{"type":"string","pattern":"^(true|false)$"}},"required":["I","U","F","B"]` + closed},
		"odd names":               {OddNames{}, `{"type":"object","properties":{"a b":{"type":"string"},"` + markedName + `":{"type":"string"},"größe":{"type":"string"}},"required":["a b","` + markedName + `","größe"]` + closed},
		"recursive":               {Node{}, `{"type":"object","properties":{"Value":{"type":"string"},"Next":{"$ref":"#"}},"required":["Value"]` + closed},
		"recursive below":         {Holder{}, `{"type":"object","properties":{"Root":{"$ref":"#/$defs/Node"}},"required":["Root"],"additionalProperties":false,"$defs":{"Node":{"type":"object","properties":{"Value":{"type":"string"},"Next":{"$ref":"#/$defs/Node"}},"required":["Value"],"additionalProperties":false}}}`},
		"recursive list":          {Tree{{}}, `{"type":"array","items":{"$ref":"#"}}`},
		"recursive map":           {Forest{"a": {}}, `{"type":"object","additionalProperties":{"$ref":"#"}}`},
		"mutual":                  {Mutual{}, `{"type":"object","properties":{"Back":{"type":"object","properties":{"Forth":{"type":"array","items":{"$ref":"#"}}},"required":["Forth"],"additionalProperties":false}}` + closed},
		"used twice":              {Twice{}, `{"type":"object","properties":{"A":{"$ref":"#/$defs/Line"},"B":{"$ref":"#/$defs/Line"}},"required":["A","B"],"additionalProperties":false,"$defs":{"Line":{"type":"object","properties":{"SKU":{"type":"string"}},"required":["SKU"],"additionalProperties":false}}}`},
		"enum":                    {Unit("m"), `{"type":"string","enum":["m","ft"]}`},
		"enum of numbers":         {Level(1), `{"type":"integer","enum":[1,2]}`},
		"enum of texts":           {Color("red"), `{"type":"string","enum":["red"]}`},
		"pointer to an enum":      {Wrapped{new(Unit("m"))}, `{"type":"object","properties":{"U":{"type":"string","enum":["m","ft"]}}` + closed},
		"enum tag of numbers":     {NumEnum{2}, `{"type":"object","properties":{"N":{"type":"integer","enum":[1,2,3]}},"required":["N"]` + closed},
		"tags":                    {Tags{Unit: "celsius", Size: 2, Name: "abc", List: []string{"a"}, Mail: "ada@example.com", Shade: "red"}, `{"type":"object","properties":{"city":{"type":"string","description":"in English"},"unit":{"type":"string","enum":["celsius","fahrenheit"]},"size":{"type":"integer","minimum":1,"maximum":10},"name":{"type":"string","pattern":"^[a-z]+$","minLength":2,"maxLength":5},"list":{"type":"array","items":{"type":"string","enum":["a","b"]},"description":"letters","maxItems":3},"mail":{"type":"string","format":"email"},"shade":{"type":"string","default":"red"},"n":{"type":"number","description":"a number","default":0.5},"line":{"type":"object","properties":{"SKU":{"type":"string"}},"required":["SKU"],"additionalProperties":false,"description":"the line"}},"required":["city","unit","size","name","list","mail","line"]` + closed},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := gotype.Schema(reflect.TypeOf(test.value))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			parsed, err := schema.Parse(got, schema.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			data, err := json.Marshal(test.value)
			if err != nil {
				t.Fatal(err)
			}
			theirs, ours := reflect.New(reflect.TypeOf(test.value)), reflect.New(reflect.TypeOf(test.value))
			if err := json.Unmarshal(data, theirs.Interface()); err != nil && name != "marshaler with a schema" {
				t.Fatal(err)
			}
			if err := gotype.Decode(string(data), ours.Interface()); err != nil && name != "marshaler with a schema" {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(ours.Interface(), theirs.Interface()) {
				t.Errorf("%s is decoded as %#v, encoding/json: %#v", data, ours.Elem(), theirs.Elem())
			}
			if strings.Contains(string(data), ":null") {
				return // nil pointers and slices are absent in the answers of models
			}
			if report := parsed.Validator(schema.Options{Formats: true}).Validate(data); !report.Valid() {
				t.Errorf("encoding/json writes %s, which does not match: %s", data, report)
			}
		})
	}
}

func TestSchemaOfDurationIsText(t *testing.T) {
	got, err := gotype.Schema(reflect.TypeFor[time.Duration]())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := schema.Parse(got, schema.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	validator := parsed.Validator(schema.Options{})
	for _, valid := range []string{`"1h30m"`, `"250ms"`, `"0"`, `"1.5s"`, `"-2m"`} {
		if report := validator.Validate([]byte(valid)); !report.Valid() {
			t.Errorf("%s is refused: %s", valid, report)
		}
	}
	for _, invalid := range []string{`"90 minutes"`, `5400`, `""`} {
		if validator.Validate([]byte(invalid)).Valid() {
			t.Errorf("%s is accepted", invalid)
		}
	}
}

func TestTypeWithoutJSONIsAnErrorThatNamesTheField(t *testing.T) {
	type Inner struct{ Do func() }
	type Order struct{ Lines []Inner }
	type loop *loop
	for name, test := range map[string]struct {
		typ  reflect.Type
		want string
	}{
		"function":            {reflect.TypeFor[Order](), `Order.Lines[].Do (func()): the type has no JSON: use another type, or exclude the field with the tag json:"-"`},
		"channel":             {reflect.TypeFor[struct{ C chan int }](), `.C (chan int): the type has no JSON`},
		"complex":             {reflect.TypeFor[map[string]complex128](), `map[string]complex128[] (complex128): the type has no JSON`},
		"interface":           {reflect.TypeFor[struct{ E error }](), `.E (error): an interface has no schema: use a struct type, or "any" for any JSON value`},
		"map by floats":       {reflect.TypeFor[struct{ M map[float64]int }](), `.M (map[float64]int): a map with keys of type float64 has no JSON`},
		"own JSON":            {reflect.TypeFor[struct{ S Strong }](), `.S (gotype_test.Strong): the type writes its own JSON: give it a method JSONSchema() json.RawMessage`},
		"embedded unexported": {reflect.TypeFor[HiddenIn](), `HiddenIn.secret.Visible (gotype_test.secret): encoding/json cannot set`},
		"circle of pointers":  {reflect.TypeFor[loop](), `leads to itself`},
		"enum tag": {reflect.TypeFor[struct {
			N int `enum:"1,x"`
		}](), `.N (int): the enum value "x" is no value of the type`},
		"default tag": {reflect.TypeFor[struct {
			N bool `default:"yes"`
		}](), `.N (bool): the default "yes" is no value of the type`},
		"min tag": {reflect.TypeFor[struct {
			N bool `min:"1"`
		}](), `.N (bool): the type has no bounds`},
		"max tag": {reflect.TypeFor[struct {
			N string `max:"-1"`
		}](), `.N (string): the bound "-1" is no number`},
		"pattern tag": {reflect.TypeFor[struct {
			N string `pattern:"("`
		}](), `.N (string): the pattern is invalid`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := gotype.Schema(test.typ)
			failed, ok := errors.AsType[*gotype.Error](err)
			if !ok || !strings.Contains(failed.Error(), test.want) {
				t.Errorf("got %v, want …%s…", err, test.want)
			}
		})
	}
}

// All profiles must express the schemas of ordinary types, and translate answers back.
func TestSchemasOfTypesTranslateToEveryProfile(t *testing.T) {
	for _, value := range []any{
		Flat{}, NamedIn{}, PtrIn{}, Shadow{}, Page[Line]{}, Optional{}, Quoted{}, Holder{}, Twice{}, Wrapped{}, Ints{}, Tags{},
		[]string{}, map[string]int{}, map[string]Line{}, Unit(""), 3, [2]int{}, Node{}, Tree{}, Mutual{},
	} {
		raw, err := gotype.Schema(reflect.TypeOf(value))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := schema.Parse(raw, schema.Limits{})
		if err != nil {
			t.Fatalf("%T: %v", value, err)
		}
		for _, profile := range schema.Profiles() {
			if _, err := parsed.For(profile); err != nil && !strings.Contains(string(raw), `"$ref":"#`) {
				t.Errorf("%T for %s: %v", value, profile.Name, err)
			}
		}
	}
}
