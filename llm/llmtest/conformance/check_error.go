package conformance

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-llm/parley/llm"
	"github.com/parley-llm/parley/llm/llmtest"
)

// statusKinds are the kinds of error replies that have only a status code.
var statusKinds = [...]struct {
	status int
	kind   llm.Kind
}{
	{400, llm.InvalidRequest}, {401, llm.Auth}, {402, llm.Quota}, {403, llm.Permission}, {404, llm.NotFound},
	{405, llm.InvalidRequest}, {408, llm.Timeout}, {409, llm.InvalidRequest}, {413, llm.InvalidRequest},
	{422, llm.InvalidRequest}, {429, llm.RateLimited}, {500, llm.Server}, {502, llm.Server}, {503, llm.Overloaded},
	{504, llm.Server}, {529, llm.Overloaded},
}

func errorChecks(s *Suite) []check {
	var checks []check
	for _, sk := range statusKinds {
		checks = append(checks, check{fmt.Sprintf("refusal/%d", sk.status), "", func(t testing.TB, s *Suite) {
			checkRefusal(t, s, sk.status, sk.kind)
		}})
	}
	for _, r := range retryHints() {
		checks = append(checks, check{"refusal/retry after " + r.name, "", func(t testing.TB, s *Suite) {
			e := s.setup(t, s.Dialect.ErrorReply(&llm.Error{Status: 429, Message: "slow down"}).WithHeader("Retry-After", r.value))
			_, err := e.mustFail(e.chat(), llm.RateLimited)
			if err.RetryAfter < r.least || err.RetryAfter > r.most {
				t.Errorf("after the header Retry-After: %s, the error's RetryAfter is %v, want %s", r.value, err.RetryAfter, r.want())
			}
		}})
	}
	crash := &llm.Error{Status: 200, Message: "the engine has stalled"}
	for _, frame := range s.Dialect.ErrorFrames(crash) {
		checks = append(checks, errorFrameChecks(s, frame, crash)...)
	}
	return append(checks, notTheAPI()...)
}

// checkRefusal checks error replies of the dialect, error replies without a body, and plain text
// as gateways send it.
func checkRefusal(t testing.TB, s *Suite, status int, kind llm.Kind) {
	const reason = "the reason is in the small print"
	said := s.Dialect.ErrorReply(&llm.Error{Status: status, Message: reason}).WithHeader("X-Request-Id", "req-7")
	e := s.setup(t, said, llmtest.Empty(status), llmtest.HTTP(status, "text/plain", "upstream says no"), llmtest.HTTP(status, "text/html", badGateway))
	_, err := e.mustFail(e.chat(), kind)
	if !strings.Contains(err.Message, reason) {
		t.Errorf("the server's reason %q is not in the error's message: %q", reason, err.Message)
	}
	e.wantStatus(err, status)
	for _, what := range []string{"without a body", "with a plain text", "with a web page"} {
		_, err := e.ask(e.chat())
		if err == nil || err.Kind != kind {
			t.Errorf("the status %d %s gives the error %v, want one of kind %q", status, what, err, kind)
			continue
		}
		e.wantStatus(err, status)
	}
}

const badGateway = "<html><head><title>Bad gateway</title></head><body>Try again later.</body></html>"

func (e *env) wantStatus(err *llm.Error, status int) {
	e.Helper()
	if err.Status != status {
		e.Errorf("the error's status is %d, want %d: %v", err.Status, status, err)
	}
}

// retryHint is a Retry-After header and its expected value.
type retryHint struct {
	name, value string
	least, most time.Duration
}

func (r retryHint) want() string {
	if r.least == r.most {
		return r.least.String()
	}
	return fmt.Sprintf("%v to %v", r.least, r.most)
}

func retryHints() []retryHint {
	future := time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat)
	return []retryHint{
		{"20 seconds", "20", 20 * time.Second, 20 * time.Second},
		{"half a second", "0.5", 500 * time.Millisecond, 500 * time.Millisecond},
		{"121 seconds", "121", 121 * time.Second, 121 * time.Second},
		{"a date to come", future, time.Minute, 10 * time.Minute},
		{"a date gone by", "Wed, 21 Oct 2015 07:28:00 GMT", 0, 0},
		{"a negative number", "-1", 0, 0},
		{"nan", "nan", 0, 0},
		{"inf", "inf", 0, 0},
		{"1e100", "1e100", 0, 0},
		{"300 digits", strings.Repeat("9", 300), 0, 0},
		{"a word", "soon", 0, 0},
	}
}

// errorFrameChecks check errors inside a stream in all forms of the dialect, at the start and
// after text.
func errorFrameChecks(s *Suite, frame NamedFrame, said *llm.Error) []check {
	verify := func(t testing.TB, s *Suite, w llmtest.HTTPReply, text string) {
		e := s.setup(t, w)
		resp, err := e.mustFail(e.chat(), llm.Server)
		if !strings.Contains(err.Message, said.Message) {
			t.Errorf("the server said %q, and this is not in the error's message: %q", said.Message, err.Message)
		}
		e.wantStatus(err, http.StatusOK)
		if got := resp.Text(); got != text {
			t.Errorf("the text before the error is %q, want %q", got, text)
		}
	}
	begun := s.Dialect.Stream(llmtest.Text("Hello", " wor").Fail(nil))
	alone := begun
	alone.Body = []byte(frame.Data)
	return []check{
		{"error in the stream/at once/" + frame.Name, "", func(t testing.TB, s *Suite) {
			verify(t, s, alone, "")
		}},
		{"error in the stream/after text/" + frame.Name, "", func(t testing.TB, s *Suite) {
			verify(t, s, begun.Insert(len(begun.Body), frame.Data), "Hello wor")
		}},
	}
}

// notTheAPI are replies that no server of the dialect sends.
func notTheAPI() []check {
	fails := func(name string, wire func(s *Suite) llmtest.HTTPReply, kinds ...llm.Kind) check {
		return check{"not the API/" + name, "", func(t testing.TB, s *Suite) {
			e := s.setup(t, wire(s))
			e.mustFail(e.chat(), kinds...)
		}}
	}
	return []check{
		fails("web page with status 200", func(*Suite) llmtest.HTTPReply { return llmtest.WebPage() }, llm.Protocol),
		fails("empty reply with status 200", func(*Suite) llmtest.HTTPReply { return llmtest.Empty(200) }, llm.Protocol, llm.Incomplete),
		fails("empty stream", func(s *Suite) llmtest.HTTPReply { return s.Dialect.Stream(llmtest.Text("Hello")).CutClean(0) }, llm.Protocol, llm.Incomplete),
		fails("empty JSON object", func(*Suite) llmtest.HTTPReply { return llmtest.JSON(200, "{}") }, llm.Protocol, llm.Incomplete),
		fails("another protocol", func(*Suite) llmtest.HTTPReply { return llmtest.NotHTTP("220 mail.test ESMTP\r\n") }, llm.Network, llm.Protocol),
		fails("no reply", func(*Suite) llmtest.HTTPReply { return llmtest.HangUp() }, llm.Network),
		fails("broken frame", func(s *Suite) llmtest.HTTPReply {
			return breakFrame(s.Dialect.Stream(llmtest.Text("Hello", " wor", "ld")))
		}, llm.Protocol),
	}
}

// breakFrame removes the last brace from the JSON of the third frame.
func breakFrame(w llmtest.HTTPReply) llmtest.HTTPReply {
	frames := w.Frames()
	frame := frames[min(2, len(frames)-1)]
	if at := bytes.LastIndexByte(frame, '}'); at >= 0 {
		offset := bytes.Index(w.Body, frame) + at
		w.Body = append(bytes.Clone(w.Body[:offset]), w.Body[offset+1:]...)
	}
	return w
}
