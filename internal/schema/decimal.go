package schema

import (
	"math/big"
	"strconv"
	"strings"
)

// decimal is an exact number: ±0.digits × 10^exp. digits has neither leading nor trailing
// zeros, and is empty for zero, so equal numbers have equal decimals.
type decimal struct {
	negative bool
	digits   string
	exp      int64
}

// Numbers beyond these sizes are not compared. No common decoder can read them.
const (
	maxDigits   = 4096
	maxExponent = 1 << 30
)

// parseDecimal reads a JSON number. It returns false if the number is too long, or if its
// exponent is too large.
func parseDecimal(text string) (decimal, bool) {
	if len(text) > maxDigits {
		return decimal{}, false
	}
	var d decimal
	if strings.HasPrefix(text, "-") {
		d.negative, text = true, text[1:]
	}
	mantissa, exponent := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.exp = int64(len(whole))
	d.digits = whole
	if fraction != "" {
		d.digits = whole + fraction
	}
	trimmed := strings.TrimLeft(d.digits, "0")
	d.exp -= int64(len(d.digits) - len(trimmed))
	d.digits = strings.TrimRight(trimmed, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	if exponent != "" {
		e, err := strconv.ParseInt(exponent, 10, 64)
		if err != nil || e > maxExponent || e < -maxExponent {
			return decimal{}, false
		}
		d.exp += e
	}
	return d, true
}

// integer reports whether the number has no fraction. 1.0 is an integer in JSON Schema.
func (d decimal) integer() bool { return d.digits == "" || int64(len(d.digits)) <= d.exp }

// compare returns -1, 0 or 1.
func (d decimal) compare(other decimal) int {
	if d.sign() != other.sign() {
		if d.sign() < other.sign() {
			return -1
		}
		return 1
	}
	result := 0
	switch {
	case d.digits == "":
	case d.exp != other.exp:
		result = 1
		if d.exp < other.exp {
			result = -1
		}
	default:
		result = strings.Compare(d.digits, other.digits)
	}
	if d.negative {
		return -result
	}
	return result
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// multipleOf reports whether d is an integer times other. other must be positive.
func (d decimal) multipleOf(other decimal) bool {
	if d.digits == "" {
		return true
	}
	shift := (d.exp - int64(len(d.digits))) - (other.exp - int64(len(other.digits)))
	if shift < 0 { // digits has no trailing zero, so no power of ten divides it
		return false
	}
	n, _ := new(big.Int).SetString(d.digits, 10)
	m, _ := new(big.Int).SetString(other.digits, 10)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(shift), m)
	return power.Mul(power, n).Mod(power, m).Sign() == 0
}

// key returns a text that is equal for equal numbers.
func (d decimal) key() string {
	sign := ""
	if d.negative {
		sign = "-"
	}
	return sign + d.digits + "e" + strconv.FormatInt(d.exp, 10)
}
