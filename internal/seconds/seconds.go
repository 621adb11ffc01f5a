// Package seconds reads the durations in HTTP headers.
package seconds

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Max is the limit from which a duration is considered invalid.
const Max = 366 * 24 * time.Hour

// Parse reads a decimal number of units. It reports false for a value that is not a number,
// is negative, or is not below [Max].
func Parse(text string, unit time.Duration) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*float64(unit) >= float64(Max) {
		return 0, false
	}
	return time.Duration(n * float64(unit)), true
}
