// Package reports holds replies of real servers that this module once read wrongly, as its
// users and the users of other clients reported them.
//
// Each report is a folder: README.md describes the problem and cites the public source, and
// report.json has the input and the expected result, in the format of [Report]. The test of
// this package runs all of them through the public API, with an in-memory server.
//
// A report has one case for each reply that was reported, and at least one case with
// "sibling": true. A sibling has the same cause as the report, in another field, dialect or
// layer.
//
// This is a case for a server that rejects the request:
//
//	{"cases": [{
//	  "name": "bad key with the type api_error",
//	  "model": "openai/m",
//	  "reply": {"status": 401, "body": {"error": {"message": "Unauthorized", "type": "api_error"}}},
//	  "want": {"error": {"kind": "authentication_failed", "message": ["Unauthorized"], "retry": false}}
//	}]}
//
// This is a case for a streamed answer:
//
//	{"cases": [{
//	  "name": "limit in upper case",
//	  "model": "openrouter/m",
//	  "request": {"MaxTokens": 5},
//	  "reply": {"frames": [
//	    {"choices": [{"index": 0, "delta": {"content": "Hi"}}]},
//	    {"choices": [{"index": 0, "delta": {}, "finish_reason": "MAX_TOKENS"}]},
//	    "[DONE]"
//	  ]},
//	  "want": {"text": "Hi", "finish": "length"}
//	}]}
//
// Run one report with
//
//	go test ./internal/reports -run 'TestReports/NAME'
package reports
