package stream

import (
	"encoding/base64"
	"reflect"
	"strconv"
)

// scalar decodes a number, a boolean or base64. Each may be in a string.
func (p *parser) scalar(l *layout, v reflect.Value, depth int) result {
	start := p.at
	if p.skip(depth) == invalid {
		return invalid
	}
	raw := p.b[start:p.at]
	quoted := raw[0] == '"'
	if quoted {
		raw = raw[1 : len(raw)-1]
	}
	ok := false
	switch l.kind {
	case boolKind:
		if ok = string(raw) == "true" || string(raw) == "false"; ok {
			v.SetBool(raw[0] == 't')
		}
	case bytesKind:
		if quoted {
			ok = setBase64(v, raw)
		}
	default:
		ok = scanNumber(raw) == len(raw) && setNumber(l.kind, v, raw)
	}
	if ok {
		return fits
	}
	return absent
}

// maxExact is the largest n for which a float64 represents every integer up to n exactly.
const maxExact = 1 << 53

// setNumber sets v to a valid JSON number, if the type can hold it.
func setNumber(kind kind, v reflect.Value, raw []byte) bool {
	if kind == floatKind {
		f, err := strconv.ParseFloat(string(raw), v.Type().Bits())
		if err == nil {
			v.SetFloat(f)
		}
		return err == nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil { // with a fraction or an exponent, or too large
		f, err := strconv.ParseFloat(string(raw), 64)
		if n = int64(f); err != nil || f < -maxExact || f > maxExact || float64(n) != f {
			return false
		}
	}
	if kind == uintKind {
		if n < 0 || v.OverflowUint(uint64(n)) {
			return false
		}
		v.SetUint(uint64(n))
		return true
	}
	if v.OverflowInt(n) {
		return false
	}
	v.SetInt(n)
	return true
}

// setBase64 sets v to the bytes that a JSON string's body has in base64.
func setBase64(v reflect.Value, raw []byte) bool {
	if n := scanEscape(raw); n < len(raw) {
		raw = unescape(nil, raw)
	}
	for _, encoding := range [...]*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		data := make([]byte, encoding.DecodedLen(len(raw)))
		if n, err := encoding.Decode(data, raw); err == nil {
			v.SetBytes(data[:n])
			return true
		}
	}
	return false
}

// scanEscape returns the position of the first backslash in b; len(b) if there is none.
func scanEscape(b []byte) int { return find(b, 0, '\\') }
