package httpcall

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-llm/parley/internal/seconds"
	"github.com/parley-llm/parley/llm"
)

// limitField is a field of [llm.RateLimits].
type limitField uint8

const (
	requestLimit limitField = iota
	requestsLeft
	requestReset
	tokenLimit
	tokensLeft
	tokenReset
	limitFields
)

// limitHeader is the meaning of a header. If a reply has several headers for a field, the one
// with the lowest rank is used: limits per minute come before limits per day.
type limitHeader struct {
	field limitField
	rank  uint8
}

// limitHeaders has the names of all vendors.
//
//   - OpenAI, Azure, Groq, xAI: https://platform.openai.com/docs/guides/rate-limits
//   - Mistral: mistralai/client-ts#169
//   - Cerebras: https://inference-docs.cerebras.ai/support/rate-limits
//   - Anthropic: https://docs.claude.com/en/api/rate-limits#response-headers
//   - Fireworks: https://docs.fireworks.ai/guides/quotas_usage/rate-limits
//   - Together: https://docs.together.ai/docs/rate-limits
//   - OpenRouter, GitHub: X-RateLimit-Limit, Gitlawb/openclaude#936
//   - IETF: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ (version 07)
var limitHeaders = map[string]limitHeader{
	"X-Ratelimit-Limit-Requests":     {requestLimit, 0},
	"X-Ratelimit-Remaining-Requests": {requestsLeft, 0},
	"X-Ratelimit-Reset-Requests":     {requestReset, 0},
	"X-Ratelimit-Limit-Tokens":       {tokenLimit, 0},
	"X-Ratelimit-Remaining-Tokens":   {tokensLeft, 0},
	"X-Ratelimit-Reset-Tokens":       {tokenReset, 0},

	"X-Ratelimit-Limit-Req-Minute":        {requestLimit, 1},
	"X-Ratelimit-Remaining-Req-Minute":    {requestsLeft, 1},
	"X-Ratelimit-Limit-Tokens-Minute":     {tokenLimit, 1}, // also Cerebras
	"X-Ratelimit-Remaining-Tokens-Minute": {tokensLeft, 1},
	"X-Ratelimit-Reset-Tokens-Minute":     {tokenReset, 1},
	"Ratelimitbysize-Limit":               {tokenLimit, 4}, // Mistral, older
	"Ratelimitbysize-Remaining":           {tokensLeft, 4},
	"Ratelimitbysize-Reset":               {tokenReset, 4},

	"X-Ratelimit-Limit-Requests-Minute":     {requestLimit, 1},
	"X-Ratelimit-Remaining-Requests-Minute": {requestsLeft, 1},
	"X-Ratelimit-Reset-Requests-Minute":     {requestReset, 1},
	"X-Ratelimit-Limit-Requests-Day":        {requestLimit, 2},
	"X-Ratelimit-Remaining-Requests-Day":    {requestsLeft, 2},
	"X-Ratelimit-Reset-Requests-Day":        {requestReset, 2},

	"Anthropic-Ratelimit-Requests-Limit":         {requestLimit, 0},
	"Anthropic-Ratelimit-Requests-Remaining":     {requestsLeft, 0},
	"Anthropic-Ratelimit-Requests-Reset":         {requestReset, 0},
	"Anthropic-Ratelimit-Tokens-Limit":           {tokenLimit, 0},
	"Anthropic-Ratelimit-Tokens-Remaining":       {tokensLeft, 0},
	"Anthropic-Ratelimit-Tokens-Reset":           {tokenReset, 0},
	"Anthropic-Ratelimit-Input-Tokens-Limit":     {tokenLimit, 2},
	"Anthropic-Ratelimit-Input-Tokens-Remaining": {tokensLeft, 2},
	"Anthropic-Ratelimit-Input-Tokens-Reset":     {tokenReset, 2},

	"X-Ratelimit-Limit-Tokens-Prompt":     {tokenLimit, 2},
	"X-Ratelimit-Remaining-Tokens-Prompt": {tokensLeft, 2},

	"X-Tokenlimit-Limit":     {tokenLimit, 3},
	"X-Tokenlimit-Remaining": {tokensLeft, 3},

	"X-Ratelimit-Limit":     {requestLimit, 3},
	"X-Ratelimit-Remaining": {requestsLeft, 3},
	"X-Ratelimit-Reset":     {requestReset, 3},
	"Ratelimit-Limit":       {requestLimit, 4},
	"Ratelimit-Remaining":   {requestsLeft, 4},
	"Ratelimit-Reset":       {requestReset, 4},
}

// ofGateway precedes the names of the headers that LiteLLM passes on from the provider.
const ofGateway = "Llm_provider-"

// rateLimits reads the rate limit headers among the explanatory headers of a reply. It
// returns nil if there are none.
func rateLimits(h http.Header, now time.Time) *llm.RateLimits {
	var values [limitFields]time.Duration
	var ranks [limitFields]uint8
	found := false
	for name, texts := range h {
		short, passedOn := strings.CutPrefix(name, ofGateway)
		row, ok := limitHeaders[short]
		if !ok || len(texts) == 0 {
			continue
		}
		rank := row.rank + 1 // 0 means that the field is not set
		if passedOn {
			rank += 10
		}
		if ranks[row.field] != 0 && ranks[row.field] <= rank {
			continue
		}
		value, ok := time.Duration(0), false
		if row.field == requestReset || row.field == tokenReset {
			value, ok = resetIn(texts[0], now)
		} else {
			value, ok = limitNumber(texts[0])
		}
		if ok {
			values[row.field], ranks[row.field], found = value, rank, true
		}
	}
	if !found {
		return nil
	}
	for field, rank := range ranks {
		if rank == 0 {
			values[field] = -1
		}
	}
	return &llm.RateLimits{
		RequestLimit: int(values[requestLimit]), RequestsLeft: int(values[requestsLeft]), RequestReset: values[requestReset],
		TokenLimit: int(values[tokenLimit]), TokensLeft: int(values[tokensLeft]), TokenReset: values[tokenReset],
	}
}

// limitNumber reads a number. Some servers add the window: "100, 100;w=60".
func limitNumber(text string) (time.Duration, bool) {
	if i := strings.IndexAny(text, ",;"); i >= 0 {
		text = text[:i]
	}
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return time.Duration(n), err == nil && n >= 0
}

// Numbers from which on a reset is a Unix time in seconds or milliseconds.
const (
	unixSeconds = 1e9
	unixMillis  = 1e12
)

// resetIn reads the time until a limit is reset: a duration ("1m30s"), a number of seconds, a
// Unix time in seconds or milliseconds, or a time of RFC 3339.
func resetIn(text string, now time.Time) (time.Duration, bool) {
	text = strings.TrimSpace(text)
	if d, err := time.ParseDuration(text); err == nil {
		return d, d >= 0 && d < seconds.Max
	}
	var at time.Time
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		if at, err = time.Parse(time.RFC3339, text); err != nil {
			return 0, false
		}
	case n >= unixMillis && n < 1e15:
		at = time.UnixMilli(int64(n))
	case n >= unixSeconds && n < unixMillis:
		at = time.Unix(int64(n), 0)
	default:
		return seconds.Parse(text, time.Second)
	}
	d := max(at.Sub(now), 0)
	return d, d < seconds.Max
}
