package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanner reads JSON from a string. A tokenizer.json has a million small values, and
// encoding/json takes a second for them. So the scanner reads the large parts and passes
// the small ones to encoding/json.
type scanner struct {
	data  string
	at    int
	depth int
}

var errJSON = errors.New("the file is not well-formed JSON")

// maxDepth is the maximum nesting of values.
const maxDepth = 64

func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek returns the first byte of the next value, or 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// take consumes a byte if it comes next, and reports whether it did.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// object calls member with the key of each value of an object. member must read the
// value.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		key, err := s.text()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return errJSON
		}
		return member(key)
	})
}

// array calls element at each value of an array. element must read the value.
func (s *scanner) array(element func() error) error { return s.list('[', ']', element) }

func (s *scanner) list(open, end byte, item func() error) error {
	if !s.take(open) || s.depth == maxDepth {
		return errJSON
	}
	s.depth++
	defer func() { s.depth-- }()
	if s.take(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if s.take(end) {
			return nil
		}
		if !s.take(',') {
			return errJSON
		}
	}
}

// text reads a string. The result may share the memory of the data.
func (s *scanner) text() (string, error) {
	if !s.take('"') {
		return "", errJSON
	}
	begin := s.at
	plain := true
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			raw := s.data[begin:s.at]
			s.at++
			if !utf8.ValidString(raw) {
				return "", errJSON
			}
			if plain {
				return raw, nil
			}
			var text string
			err := json.Unmarshal([]byte(s.data[begin-1:s.at]), &text)
			return text, err
		case c == '\\':
			plain = false
			s.at = min(s.at+2, len(s.data))
		case c < ' ':
			return "", errJSON
		default:
			s.at++
		}
	}
	return "", errJSON
}

// number reads a number and returns it unparsed.
func (s *scanner) number() (string, error) {
	s.space()
	begin := s.at
	for s.at < len(s.data) && strings.IndexByte("+-.0123456789eE", s.data[s.at]) >= 0 {
		s.at++
	}
	if s.at == begin {
		return "", errJSON
	}
	return s.data[begin:s.at], nil
}

func (s *scanner) int() (int, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%.80s is not a token id", text)
	}
	return int(n), nil
}

// float reads a number exactly as Hugging Face's tokenizers do. The result is not always
// the nearest float64: serde_json rounds the digits to a float64, and then rounds the
// quotient by the power of ten. These bits matter, because they decide between two
// tokenizations with equal scores.
// https://github.com/serde-rs/json/blob/master/src/de.rs, f64_from_parts
func (s *scanner) float() (float64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return 0, errJSON
	}
	digits, power, _ := strings.Cut(strings.ToLower(text), "e")
	digits, negative := strings.CutPrefix(digits, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	exponent, _ := strconv.Atoi(power) // at most three digits, because ParseFloat accepted it
	exponent -= len(fraction)
	significand := uint64(0)
	for i, c := range []byte(whole + fraction) {
		d := uint64(c - '0')
		if significand > (math.MaxUint64-d)/10 {
			exponent += len(whole) + len(fraction) - i // further digits are dropped
			break
		}
		significand = significand*10 + d
	}
	f := float64(significand)
	for ; exponent < -308; exponent += 308 {
		f /= 1e308
	}
	if exponent < 0 {
		f /= math.Pow10(-exponent)
	} else {
		f *= math.Pow10(exponent)
	}
	if negative {
		f = -f
	}
	return f, nil
}

// raw reads any value and returns it unparsed. Only its brackets and strings are checked.
func (s *scanner) raw() (string, error) {
	s.space()
	begin := s.at
	var err error
	switch s.peek() {
	case '{':
		err = s.object(func(string) error { _, err := s.raw(); return err })
	case '[':
		err = s.array(func() error { _, err := s.raw(); return err })
	case '"':
		_, err = s.text()
	default:
		for s.at < len(s.data) && strings.IndexByte(",]} \t\r\n", s.data[s.at]) < 0 {
			s.at++
		}
		if s.at == begin {
			err = errJSON
		}
	}
	return s.data[begin:s.at], err
}

// value reads any value and decodes it.
func (s *scanner) value(to any) error {
	raw, err := s.raw()
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(raw), to)
}

// maxSmall limits the number of values in the small parts of a file. A decoded value can
// take hundreds of times the memory of its text.
const maxSmall = 1 << 12

// small is like value, for a part that has few values in every valid file.
func (s *scanner) small(to any) error {
	raw, err := s.raw()
	if err != nil {
		return err
	}
	if strings.Count(raw, ",") >= maxSmall {
		return fmt.Errorf("a part of the file has more than %d values", maxSmall)
	}
	return json.Unmarshal([]byte(raw), to)
}
