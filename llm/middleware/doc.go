// Package middleware has what stands between a program and a provider: what
// makes a call again, bounds it, moves it to another model, remembers its
// answer, or tells of it. Each piece is one file and can be used alone:
//
//	retry, err := middleware.Retry{}.Middleware()
//	if err != nil {
//		return err
//	}
//	model, err := providers.Open("openai/gpt-6-luna", llm.WithMiddleware(retry))
//
// A piece is a struct of plain settings, so that a config file can hold it; the
// zero value means the defaults that its fields name, where there are any. Its
// Middleware method checks the settings and makes the [llm.Middleware]. Each
// middleware made keeps a state of its own, and may be shared by any number of
// models and goroutines.
//
// [Chain] puts all of them in the recommended order, and says why it is that one.
//
// # What all of them hold to
//
// A call is made anew until its commit point and never after it, but for
// [Resume], which says so: see [llmutil.ForwardAttempt]. A call whose context has ended is
// not made again. No middleware leaves a goroutine behind when the loop over its
// events has ended. None makes an error of its own without a kind, and none
// replaces an error of the provider's by one that says less.
package middleware
