// Package texts generates and finds texts for comparing tokenizers.
package texts
