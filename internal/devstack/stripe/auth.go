package stripe

import (
	"net/http"
	"strings"
)

const (
	authHelp = " See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."
	noKey    = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth " +
		"(e.g. 'Authorization: Bearer YOUR_SECRET_KEY')." + authHelp
)

// authenticate takes any test key, as a bearer token or as the user name of basic authentication, and nothing else.
func authenticate(r *http.Request) *apiError {
	key, _, ok := r.BasicAuth()
	if !ok {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return invalid(http.StatusUnauthorized, "", "", noKey)
		}
		key = strings.TrimSpace(token)
	}
	switch {
	case key == "":
		return invalid(http.StatusUnauthorized, "", "", noKey)
	case strings.HasPrefix(key, "sk_live_"):
		return invalid(http.StatusUnauthorized, "", "", "Invalid API Key provided: %s. This is a simulator: it takes test keys only.", masked(key))
	case !strings.HasPrefix(key, "sk_test_") || len(key) == len("sk_test_"):
		return invalid(http.StatusUnauthorized, "", "", "Invalid API Key provided: %s", masked(key))
	}
	return nil
}

// masked hides all of a key but its kind and its last four characters.
func masked(key string) string {
	const kind, tail = 8, 4
	if len(key) <= kind+tail {
		return strings.Repeat("*", len(key))
	}
	return key[:kind] + strings.Repeat("*", len(key)-kind-tail) + key[len(key)-tail:]
}
