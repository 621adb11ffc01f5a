// Package modeltext reads the text of a local model: its reasoning, its tool calls, and the rest.
// Servers do this for their clients; a model in the process writes all of it as one text.
//
// The format follows from the model's chat template.
package modeltext

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Calls is the form in which a model writes tool calls.
type Calls int

// The forms of tool calls.
const (
	NoCalls Calls = iota
	// Tagged is <tool_call>{"name": …, "arguments": {…}}</tool_call>, of Hermes and Qwen. The
	// body can also be <function=NAME><parameter=KEY>VALUE</parameter></function>.
	Tagged
	// Bare is {"name": …, "parameters": {…}} as the whole answer, of Llama 3.
	Bare
	// Listed is [TOOL_CALLS][{"name": …, "arguments": {…}}], or [TOOL_CALLS]NAME[ARGS]{…}, of
	// Mistral.
	Listed
)

// Format describes the text of a model.
type Format struct {
	Calls Calls
	// Thinks is true if the model can write its reasoning between <think> and </think>.
	Thinks bool
	// Switch is true if the template has the variable enable_thinking.
	Switch bool
}

// Markers of the forms.
const (
	ThinkOpen  = "<think>"
	ThinkClose = "</think>"
	CallOpen   = "<tool_call>"
	CallClose  = "</tool_call>"
	pythonTag  = "<|python_tag|>"
	listOpen   = "[TOOL_CALLS]"
	listArgs   = "[ARGS]"
	listID     = "[CALL_ID]"
)

// Markers are the names of control tokens that belong to the text.
var Markers = []string{ThinkOpen, ThinkClose, CallOpen, CallClose, pythonTag, listOpen, listArgs, listID, "[THINK]", "[/THINK]"}

// Detect returns the format of the models with this chat template.
func Detect(template string) Format {
	f := Format{
		Thinks: strings.Contains(template, ThinkClose) || strings.Contains(template, ThinkOpen),
		Switch: strings.Contains(template, "enable_thinking"),
	}
	switch {
	case strings.Contains(template, CallOpen):
		f.Calls = Tagged
	case strings.Contains(template, listOpen):
		f.Calls = Listed
	case strings.Contains(template, "<|eot_id|>") && strings.Contains(template, "tools"):
		f.Calls = Bare
	}
	return f
}

// Kind is the kind of a piece of an answer.
type Kind int

// The kinds of pieces.
const (
	Text Kind = iota
	Reasoning
	Call // a complete tool call
	Cut  // a tool call that the end of the answer has cut
)

// Piece is a part of an answer.
type Piece struct {
	Kind      Kind
	Text      string // for Text and Reasoning
	Name      string // for calls
	Arguments string // JSON
}

// state is the position in an answer.
type state int

const (
	atStart state = iota
	inReasoning
	afterReasoning // white space before the answer
	inText
	inCall
	afterCall
)

// Reader divides the text of one answer into pieces. It must not be used by several goroutines
// at once.
type Reader struct {
	format  Format
	types   func(tool, parameter string) string
	state   state
	begun   bool // there has been reasoning
	pending string
}

// NewReader returns a reader. It looks for tool calls only if calls is true. types returns the
// JSON type of a tool's parameter, or "", for the form that writes values without quotes.
func NewReader(f Format, calls bool, types func(tool, parameter string) string) *Reader {
	if !calls {
		f.Calls = NoCalls
	}
	return &Reader{format: f, types: types}
}

// Reason tells the reader that the prompt ends inside the reasoning.
func (r *Reader) Reason() { r.state = inReasoning }

// Reasoning reports whether the text so far ends inside the reasoning.
func (r *Reader) Reasoning() bool { return r.state == inReasoning }

// CallOpened reports whether the text so far ends inside a tool call, and returns the part of
// the call that has been read.
func (r *Reader) CallOpened() (text string, ok bool) { return r.pending, r.state == inCall }

// Add adds text and returns the pieces that are complete.
func (r *Reader) Add(text string) []Piece {
	r.pending += text
	var pieces []Piece
	for {
		before, n := r.state, len(r.pending)
		pieces = append(pieces, r.next()...)
		if r.state == before && len(r.pending) == n {
			return pieces
		}
	}
}

// next takes the next piece off the pending text, if it is complete.
func (r *Reader) next() []Piece {
	switch r.state {
	case atStart:
		return r.start()
	case inReasoning:
		return r.reasoning()
	case afterReasoning:
		if r.pending = strings.TrimLeft(r.pending, " \n\r\t"); r.pending != "" {
			r.state = atStart
			r.format.Thinks = false
		}
	case inText:
		return r.text()
	case inCall:
		return r.call()
	case afterCall:
		rest := strings.TrimLeft(r.pending, " \n\r\t;,")
		if rest != "" {
			r.pending, r.state = rest, inText
			if r.format.Calls == Bare {
				r.state = atStart
			}
		}
	}
	return nil
}

// start decides how the answer begins.
func (r *Reader) start() []Piece {
	rest := strings.TrimLeft(r.pending, " \n\r\t")
	switch {
	case rest == "":
		return nil
	case r.format.Thinks && strings.HasPrefix(rest, ThinkOpen):
		r.pending, r.state = rest[len(ThinkOpen):], inReasoning
	case r.format.Thinks && strings.HasPrefix(ThinkOpen, rest):
	case r.format.Calls == Bare && strings.HasPrefix(rest, pythonTag):
		r.pending, r.state = rest[len(pythonTag):], inCall
	case r.format.Calls == Bare && strings.HasPrefix(pythonTag, rest):
	case r.format.Calls == Bare && strings.HasPrefix(rest, "{"):
		r.pending, r.state = rest, inCall
	default:
		r.state = inText
	}
	return nil
}

// reasoning takes reasoning up to its end, without new lines around it.
func (r *Reader) reasoning() []Piece {
	text, found := r.until(ThinkClose)
	if !r.begun {
		text = strings.TrimLeft(text, "\n")
		r.begun = text != ""
	}
	kept := strings.TrimRight(text, "\n")
	if found {
		r.state = afterReasoning
	} else {
		r.pending = text[len(kept):] + r.pending
	}
	return piece(Reasoning, kept)
}

// text takes text up to the next tool call.
func (r *Reader) text() []Piece {
	open := ""
	switch r.format.Calls {
	case Tagged:
		open = CallOpen
	case Listed:
		open = listOpen
	default:
		text := r.pending
		r.pending = ""
		return piece(Text, text)
	}
	text, found := r.until(open)
	if found {
		r.state = inCall
		text = strings.TrimRight(text, " \n\r\t")
	} else if kept := strings.TrimRight(text, " \n\r\t"); len(kept) < len(text) {
		r.pending, text = text[len(kept):]+r.pending, kept // white space before a call is dropped
	}
	return piece(Text, text)
}

// until takes the text before a marker. If the marker is not there, it leaves the text that may
// be its beginning.
func (r *Reader) until(marker string) (text string, found bool) {
	if i := strings.Index(r.pending, marker); i >= 0 {
		text, r.pending = r.pending[:i], r.pending[i+len(marker):]
		return text, true
	}
	n := len(r.pending)
	for i := max(0, n-len(marker)+1); i < n; i++ {
		if strings.HasPrefix(marker, r.pending[i:]) {
			n = i
			break
		}
	}
	text, r.pending = r.pending[:n], r.pending[n:]
	return text, false
}

func piece(kind Kind, text string) []Piece {
	if text == "" {
		return nil
	}
	return []Piece{{Kind: kind, Text: text}}
}

// call takes a complete tool call.
func (r *Reader) call() []Piece {
	switch r.format.Calls {
	case Tagged:
		body, rest, found := strings.Cut(r.pending, CallClose)
		if !found {
			return nil
		}
		r.pending, r.state = rest, afterCall
		if list := r.parse(body); list != nil {
			return list
		}
		return piece(Text, CallOpen+body+CallClose) // not a call that can be run
	case Listed:
		return r.listed()
	}
	n := valueLen(r.pending)
	if n <= 0 {
		if n < 0 {
			r.state = inText
			r.format.Calls = NoCalls
		}
		return nil
	}
	if list := r.parse(r.pending[:n]); list != nil {
		r.pending, r.state = r.pending[n:], afterCall
		return list
	}
	r.state, r.format.Calls = inText, NoCalls // an answer in JSON
	return nil
}

// listed takes Mistral's calls.
func (r *Reader) listed() []Piece {
	body := strings.TrimLeft(r.pending, " \n\r\t")
	if body == "" {
		return nil
	}
	if body[0] == '[' && !strings.HasPrefix(body, "[{") && len(body) > 1 && strings.TrimSpace(body[1:]) != "" && strings.TrimLeft(body[1:], " \n\r\t")[0] != '{' {
		r.state = afterCall
		return nil
	}
	name := ""
	if body[0] != '[' && body[0] != '{' {
		at := strings.IndexAny(body, "[{")
		if at < 0 {
			return nil
		}
		name = strings.TrimSpace(body[:at])
		body = body[at:]
		if strings.HasPrefix(body, listID) { // an id, which is not needed
			at = strings.Index(body, listArgs)
			if at < 0 {
				return nil
			}
			body = body[at:]
		}
		if strings.HasPrefix(listArgs, body) {
			return nil
		}
		body = strings.TrimLeft(strings.TrimPrefix(body, listArgs), " \n\r\t")
	}
	n := valueLen(body)
	if n <= 0 {
		return nil
	}
	value := body[:n]
	r.pending, r.state = body[n:], afterCall
	if name != "" {
		return []Piece{{Kind: Call, Name: name, Arguments: value}}
	}
	if list := r.parse(value); list != nil {
		return list
	}
	return piece(Text, listOpen+value)
}

// written is a tool call as models write it.
type written struct {
	Name       string          `json:"name"`
	Function   json.RawMessage `json:"function"`
	Arguments  json.RawMessage `json:"arguments"`
	Parameters json.RawMessage `json:"parameters"`
}

// parse returns the tool calls of a text, or nil if it is none.
func (r *Reader) parse(body string) []Piece {
	body = strings.TrimSpace(body)
	if strings.HasPrefix(body, "<function=") {
		return r.parseTags(body)
	}
	var list []written
	if strings.HasPrefix(body, "[") {
		if json.Unmarshal([]byte(body), &list) != nil {
			return nil
		}
	} else {
		var one written
		if json.Unmarshal([]byte(body), &one) != nil {
			return nil
		}
		list = append(list, one)
	}
	var pieces []Piece
	for _, w := range list {
		if w.Name == "" {
			_ = json.Unmarshal(w.Function, &w.Name) // a name in another member
		}
		if w.Name == "" {
			return nil
		}
		arguments := w.Arguments
		if arguments == nil {
			arguments = w.Parameters
		}
		text := ""
		if json.Unmarshal(arguments, &text) != nil { // some models write a string of JSON
			text = string(arguments)
		}
		if text == "" {
			text = "{}"
		}
		pieces = append(pieces, Piece{Kind: Call, Name: w.Name, Arguments: text})
	}
	return pieces
}

var (
	functionTag  = regexp.MustCompile(`(?s)^<function=([^>\s]+)>(.*?)(?:</function>\s*)?$`)
	parameterTag = regexp.MustCompile(`(?s)<parameter=([^>\s]+)>\n?(.*?)\n?</parameter>`)
)

// parseTags returns the call of <function=NAME><parameter=KEY>VALUE</parameter></function>.
func (r *Reader) parseTags(body string) []Piece {
	m := functionTag.FindStringSubmatch(body)
	if m == nil {
		return nil
	}
	var b strings.Builder
	for i, p := range parameterTag.FindAllStringSubmatch(m[2], -1) {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(quote(p[1]) + ":")
		kind := ""
		if r.types != nil {
			kind = r.types(m[1], p[1])
		}
		if value := strings.TrimSpace(p[2]); kind != "string" && kind != "" && json.Valid([]byte(value)) {
			b.WriteString(value)
		} else {
			b.WriteString(quote(p[2]))
		}
	}
	if b.Len() == 0 {
		b.WriteByte('{')
	}
	return []Piece{{Kind: Call, Name: m[1], Arguments: b.String() + "}"}}
}

func quote(text string) string {
	data, _ := json.Marshal(text) // a string always has JSON
	return string(data)
}

// valueLen returns the length of the JSON value that text begins with. It returns 0 if the
// value is not complete, and -1 if it is no JSON.
func valueLen(text string) int {
	d := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	switch err := d.Decode(&raw); {
	case err == nil:
		return int(d.InputOffset())
	case strings.Contains(err.Error(), "EOF"):
		return 0
	}
	return -1
}

var nameMember = regexp.MustCompile(`"name"\s*:\s*"([^"\\]+)"`)
var argumentsMember = regexp.MustCompile(`(?s)"(?:arguments|parameters)"\s*:\s*(.*)$`)

// End returns the pieces that have been held back, at the end of the answer. complete says that
// the model ended it: a call without its closing tag is then still a call.
func (r *Reader) End(complete bool) []Piece {
	text := r.pending
	r.pending = ""
	switch {
	case r.state == inReasoning:
		return piece(Reasoning, text)
	case r.state == inCall:
		if complete {
			if list := r.parse(text); list != nil {
				return list
			}
		}
		if m := nameMember.FindStringSubmatch(text); m != nil {
			p := Piece{Kind: Cut, Name: m[1]}
			if a := argumentsMember.FindStringSubmatch(text); a != nil {
				p.Arguments = a[1]
			}
			return []Piece{p}
		}
		open := map[Calls]string{Tagged: CallOpen, Listed: listOpen}[r.format.Calls]
		return piece(Text, open+text)
	case r.state == afterCall || r.state == afterReasoning:
		return piece(Text, strings.TrimSpace(text))
	}
	return piece(Text, text)
}
