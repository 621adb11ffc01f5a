// Package providertest contains helpers for the tests of all providers: comparisons,
// handlers and replies, recorded exchanges, positions at which a reply is cut, and
// streams that are left early. Tests for providers of other modules are in package
// llm/llmtest.
package providertest
