// Package tool lets models call functions of a program.
//
// [New] makes a [Tool] from a Go function. [Loop] is middleware that runs the tools: it sends
// a request, runs the calls of the answer, sends the results, and repeats this until the
// model answers without calls.
//
//	type Query struct {
//		City string `json:"city" desc:"the city, in English"`
//	}
//
//	weather, err := tool.New("weather", "The weather in a city, now.",
//		func(ctx context.Context, in Query) (Forecast, error) { … })
//
//	model = model.With(llm.WithOuterMiddleware(&tool.Loop{Tools: []*tool.Tool{weather}}))
//	resp, err := model.Generate(ctx, llm.Prompt("Do I need an umbrella in Oslo?"))
//	history = append(history, resp.Messages...)
//
// All steps are events of one stream. The response has all messages of all steps, and the
// sum of their usage.
//
// # Arguments
//
// The JSON Schema of the arguments follows from the Go type. Fields can have these tags:
//
//	desc:"the city, in English"   description
//	enum:"celsius,fahrenheit"     allowed values, separated by commas
//	min:"1" max:"10"              bounds of a number, or the length of a text, list or map
//	pattern:"^[a-z]+$"            regular expression for a text
//	format:"email"                format of a text
//	default:"celsius"             value if the model omits the field; makes the field optional
//	required:"true"               makes a pointer or an omitempty field required
//
// A field that is a pointer, or has the option omitempty or omitzero, is optional. A
// [time.Duration] is text such as "1h30m". A type with a method Enum() []T has these values
// only.
//
// Arguments are validated before a tool runs. Arguments that are no JSON or do not match the
// schema are never corrected by guess: the model gets an error result with every problem.
//
// # Results
//
// The result of a function is sent as JSON, or as it is if it is a string, an [llm.Part], a
// slice of them, or an [llm.ToolResult]. The text of an error made by [Error] reaches the
// model. Any other error and a panic reach it in fixed words, because they may contain
// secrets. The program receives everything in the event [llm.EventToolEnd].
//
// # Approval
//
// A tool made with [NeedsApproval] does not run until somebody has decided. Without
// [Loop.Approve], the stream ends, and [llm.Response.OpenCalls] returns the calls that wait.
// The history is the whole state: store it, and continue in any process by appending an
// [llm.Decision] for each call:
//
//	for _, call := range resp.OpenCalls() {
//		decisions = append(decisions, call.Approve())
//	}
//	history = append(history, llm.Decisions(decisions...))
//
// Security: an approval is no authorization. A tool must still check that the user may do
// what it does.
package tool
