// Package providertest is what the tests of all providers share: comparisons,
// handlers and replies, recorded exchanges, places to cut a reply at, and streams
// that are left early. What holds for providers beyond this module is in package
// llm/llmtest.
package providertest
