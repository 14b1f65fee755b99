package stripe

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseForm_Nests(t *testing.T) {
	t.Parallel()
	for encoded, want := range map[string]string{
		"":                              `{}`,
		"a=1":                           `{"a":"1",}`,
		"a=1&a=2":                       `{"a":"2",}`,
		"a":                             `{"a":"",}`,
		"a[b]=1&a[c][d]=2":              `{"a":{"b":"1","c":{"d":"2",},},}`,
		"a%5Bb%5D=x+y":                  `{"a":{"b":"x y",},}`,
		"a[]=1&a[]=2":                   `{"a":{"0":"1","1":"2",},}`,
		"a[10]=k&a[2]=c":                `{"a":{"2":"c","10":"k",},}`,
		"m[a.b]=1&&m[%C3%A9]=%E2%82%AC": `{"m":{"a.b":"1","é":"€",},}`,
	} {
		got, e := parseForm(encoded)
		require.Nil(t, e, encoded)
		require.Equal(t, want, got.canonical(), encoded)
	}
}

func TestParseForm_RefusesWhatHasNoMeaning(t *testing.T) {
	t.Parallel()
	for _, encoded := range []string{
		"a=1&a[b]=2", "a[b]=1&a=2", "[a]=1", "a[b=1", "a[b]c=1", "a[][b]=1", "%zz=1", "a=%zz",
		"a" + strings.Repeat("[b]", maxDepth) + "=1", strings.Repeat("a=1&", maxPairs+1), strings.Repeat("k", maxKeyLen+1) + "=1",
	} {
		_, e := parseForm(encoded)
		require.NotNil(t, e, encoded[:min(len(encoded), 40)])
		require.Equal(t, 400, e.status)
	}
}

// The order in which a client writes its parameters must not matter: idempotency compares them.
func TestParseForm_OrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,6}(\[[a-z0-9]{1,4}\]){0,3}`), 1, 12, rapid.ID[string]).Draw(t, "names")
		value := rapid.String()
		pairs := make([]string, len(names))
		for i, name := range names {
			pairs[i] = url.QueryEscape(name) + "=" + url.QueryEscape(value.Draw(t, "value"))
		}
		shuffled := rapid.Permutation(pairs).Draw(t, "shuffled")
		a, errA := parseForm(strings.Join(pairs, "&"))
		b, errB := parseForm(strings.Join(shuffled, "&"))
		if errA != nil || errB != nil {
			if (errA == nil) != (errB == nil) {
				t.Fatalf("one order is refused, the other not")
			}
			return
		}
		if a.canonical() != b.canonical() {
			t.Fatalf("%s\n%s", a.canonical(), b.canonical())
		}
	})
}

func TestParseForm_NeverPanics(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, e := parseForm(rapid.StringMatching(`[ab\[\]=&%0-9]{0,60}`).Draw(t, "encoded"))
		if e == nil {
			_ = n.canonical()
		}
	})
}

func TestMoney_IsWrittenForPeople(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		amount         int64
		currency, want string
	}{
		{4600, "usd", "$46.00"}, {5, "usd", "$0.05"}, {1234, "jpy", "¥1234"}, {2550, "chf", "CHF 25.50"}, {1500, "kwd", "KWD 1.500"}, {0, "eur", "€0.00"},
	} {
		require.Equal(t, tc.want, money(tc.amount, tc.currency))
	}
}
