// Package texts makes and finds texts for tokenizers to disagree about.
package texts
