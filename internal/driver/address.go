package driver

import (
	"strings"

	"github.com/parley-llm/parley/internal/httpcall"
	"github.com/parley-llm/parley/llm"
)

// location is the variable of Google's region. Without it, the address is the global one.
const location = "GOOGLE_CLOUD_LOCATION"

// Address returns the address of a server with each {NAME} of the template replaced by the
// environment variable. A missing variable is an error that names it and urlEnv.
//
// Security: a value that could change the host or the path of the address is an error.
func Address(provider, template, urlEnv string, env func(...string) string) (string, error) {
	address := template
	for {
		before, rest, found := strings.Cut(address, "{")
		if !found {
			return strings.Replace(address, "https://global-aiplatform", "https://aiplatform", 1), nil
		}
		name, after, _ := strings.Cut(rest, "}")
		value := env(name)
		if value == "" && name == location {
			value = "global"
		}
		switch {
		case value == "":
			return "", httpcall.UnsentErrorf(provider, nil, llm.InvalidRequest, "there is no address: set the environment variable %s, or Config.BaseURL, or the environment variable %s", name, urlEnv)
		case !isWord(value) || inHost(before) && strings.ContainsAny(value, ".:_"):
			return "", httpcall.UnsentErrorf(provider, nil, llm.InvalidRequest, "the environment variable %s is not part of an address: check its value", name)
		}
		address = before + value + after
	}
}

// inHost reports whether the text after the beginning of an address belongs to its host.
func inHost(before string) bool { return strings.Count(before, "/") < 3 }

// isWord reports whether a value can be put into an address.
func isWord(value string) bool {
	for i, c := range value {
		alphanumeric := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune(".:_-", c)) {
			return false
		}
	}
	return true
}
