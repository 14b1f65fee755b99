package seatplan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/boxoffice/boxoffice"
	"github.com/boxoffice/boxoffice/seatplan"
	"github.com/stretchr/testify/require"
)

// text is the plan that tests spoil.
func text(t testing.TB) string {
	t.Helper()
	canonical, err := arena().Canonical()
	require.NoError(t, err)
	return string(canonical)
}

func TestParse_NamesWhatHasNoFormWithItsPlace(t *testing.T) {
	t.Parallel()
	const seat = `{"category":"Tier","number":1,"x":600,"y":1100}`
	for _, c := range []struct{ name, old, new, place, message string }{
		{"unknown", `{"categories"`, `{"colour":"red","categories"`, "colour", "not known"},
		{"unknown in a seat", seat, `{"category":"Tier","number":1,"x":600,"y":1100,"price":5}`, "sections[1].rows[0].seats[0].price", "not known"},
		{"another case", `"width":2000`, `"Width":2000`, "Width", "not known"},
		{"an odd name", `{"categories"`, `{"a.b\n":[[{}]],"categories"`, `"a.b\n"`, "not known"},
		{"missing", `,"width":2000`, ``, "width", "missing"},
		{"missing in a seat", seat, `{"category":"Tier","number":1,"x":600}`, "sections[1].rows[0].seats[0].y", "missing"},
		{"missing in a corner", `{"x":500,"y":400}`, `{"x":500}`, "sections[0].standing.outline[0].y", "missing"},
		{"twice", `"width":2000`, `"width":2000,"width":[{}]`, "width", "twice"},
		{"a fraction", `"width":2000`, `"width":2000.5`, "width", "whole number"},
		{"an exponent", `"width":2000`, `"width":2e3`, "width", "whole number"},
		{"far too large", `"width":2000`, `"width":20000000000000000000000`, "width", "whole number"},
		{"text for a number", `"width":2000`, `"width":"2000"`, "width", "whole number"},
		{"null for a number", `"width":2000`, `"width":null`, "width", "whole number"},
		{"a list for a number", `"width":2000`, `"width":[2000,[1]]`, "width", "whole number"},
		{"a number for text", `"name":"Test Arena"`, `"name":5`, "name", "text"},
		{"an object for text", `"name":"Test Arena"`, `"name":{"de":["x"]}`, "name", "text"},
		{"an object for a list", `"categories":["Floor","Tier"]`, `"categories":{"Floor":1}`, "categories", "list"},
		{"text for a list", `"categories":["Floor","Tier"]`, `"categories":"Floor"`, "categories", "list"},
		{"a list for an object", seat, `[1,{"x":[]}]`, "sections[1].rows[0].seats[0]", "object"},
		{"a word for yes", seat, `{"category":"Tier","number":1,"restricted":"true","x":600,"y":1100}`, "sections[1].rows[0].seats[0].restricted", "true or false"},
		{"null for no", seat, `{"category":"Tier","number":1,"restricted":null,"x":600,"y":1100}`, "sections[1].rows[0].seats[0].restricted", "true or false"},
		{"null for a standing area", `{"name":"Floor",`, `{"name":"Floor","standing":null,`, "sections[0].standing", "object"},
		{"a number among categories", `["Floor","Tier"]`, `["Floor","Tier",7]`, "categories[2]", "text"},
		{"an empty section", seat, seat + `]}]},{"name":"Tier 2","rows":[]},{"name":"Tier 3","rows":[{"label":"1","seats":[` + seat, "sections[2]", "rows or a standing area"},
		{"brackets in text", `{"categories"`, `{"c":["]}\"]}",{"d":"}\\"}],"categories"`, "c", "not known"},
		{"too many entries", `"categories":[`, `"categories":[` + strings.Repeat(`"Tier",`, 250_000), "categories", "too many entries"},
		{"another format", `"format":1`, `"format":2`, "format", "The format is 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, text(t), c.old)
			_, err := seatplan.Parse([]byte(strings.Replace(text(t), c.old, c.new, 1)))
			for _, problem := range problemsOf(t, err) {
				if problem.Field == c.place && strings.Contains(problem.Message, c.message) {
					return
				}
			}
			require.Failf(t, "not reported", "%s (%s): %v", c.place, c.message, problemsOf(t, err))
		})
	}
}

// A seat that says that its view is not restricted is as one that says nothing: the plan is the same.
func TestParse_RestrictedView(t *testing.T) {
	t.Parallel()
	const seat = `{"category":"Tier","number":1,"x":600,"y":1100}`
	hashes := map[string]string{}
	for said, want := range map[string]bool{"": false, `"restricted":false,`: false, `"restricted":true,`: true} {
		plan, err := seatplan.Parse([]byte(strings.Replace(text(t), seat, `{"category":"Tier","number":1,`+said+`"x":600,"y":1100}`, 1)))
		require.NoError(t, err, said)
		require.Equal(t, want, plan.Sections[1].Rows[0].Seats[0].Restricted, said)
		if want {
			require.Equal(t, 1, plan.Counts().Restricted)
		}
		hashes[said], err = plan.Hash()
		require.NoError(t, err)
	}
	require.Equal(t, hashes[""], hashes[`"restricted":false,`])
	require.NotEqual(t, hashes[""], hashes[`"restricted":true,`])
}

func TestParse_ReportsAllAtOnceAndNothingTwice(t *testing.T) {
	t.Parallel()
	spoilt := text(t)
	for old, replacement := range map[string]string{
		`"width":2000`: `"colour":1`,
		`{"category":"Tier","number":1,"x":600,"y":1100}`: `{"category":"Teir","number":"one","x":600,"y":1100}`,
		`"kind":"companion"`:                              `"kind":"compagnon"`,
		`"capacity":300`:                                  `"capacity":0`,
	} {
		require.Contains(t, spoilt, old)
		spoilt = strings.Replace(spoilt, old, replacement, 1)
	}
	_, err := seatplan.Parse([]byte(spoilt))
	var places []string
	for _, problem := range problemsOf(t, err) {
		places = append(places, problem.Field)
	}
	require.ElementsMatch(t, []string{
		"colour", "width", "sections[1].rows[0].seats[0].number", "sections[1].rows[0].seats[0].category",
		"sections[1].rows[0].seats[1].kind", "sections[0].standing.capacity",
	}, places, "a number that could not be read is not also too small, nor is everything outside a map of no width")
}

func TestParse_ErrMalformedNamesTheLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ data, place, message string }{
		{"", "line 1, column 0", "unexpected end"},
		{"{\n  \"format\": 1,\n  \"name\"", "line 3, column 8", "unexpected end"},
		{"{\n  \"format\": 1,\n  }", "line 3, column 3", "'}'"},
		{"{\n\"format\": one}", "line 2, column 11", "'o'"},
		{"{} {}", "line 1, column 4", "after top-level value"},
		{strings.Repeat("[", 20_000), "line 1, column 10001", "depth"},
	} {
		_, err := seatplan.Parse([]byte(c.data))
		require.Equal(t, boxoffice.CodeMalformed, boxoffice.CodeOf(err), c.data)
		fields := fieldsOf(t, err)
		require.Equal(t, c.place, fields[0].Field, c.data)
		require.Contains(t, fields[0].Message, c.message, c.data)
	}
}

func TestParse_ErrTooLarge(t *testing.T) {
	t.Parallel()
	_, err := seatplan.Parse(make([]byte, seatplan.MaxBytes+1))
	require.Equal(t, boxoffice.CodeTooLarge, boxoffice.CodeOf(err))
}

// What a stranger sends costs little, however much it is: nobody looks at the seats of such a plan.
func TestParse_DoesNotLookAtTooMany(t *testing.T) {
	t.Parallel()
	const seat = `{"category":"Teir","number":1,"x":1,"y":1},`
	many := strings.Replace(text(t), `"seats":[`, `"seats":[`+strings.Repeat(seat, seatplan.MaxPlaces), 1)
	_, err := seatplan.Parse([]byte(many))
	require.Equal(t, []boxoffice.FieldError{
		{Field: "sections", Message: "The plan has 100304 places; at most 100000 are possible."},
	}, problemsOf(t, err))
}

func FuzzParse(f *testing.F) {
	canonical, err := seatplan.Cinema("Chico Grand Cinema").Canonical()
	require.NoError(f, err)
	f.Add(canonical)
	f.Add([]byte(text(f)))
	f.Add([]byte(strings.ReplaceAll(text(f), `"x"`, `"y"`)))
	f.Add([]byte(strings.ReplaceAll(text(f), "1", "-9223372036854775808")))
	f.Add([]byte(`{"sections":[{"standing":{"outline":[{}]},"rows":[{"seats":[{"number":null}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := seatplan.Parse(data)
		if err != nil {
			fields := fieldsOf(t, err)
			require.NotEmpty(t, fields)
			require.LessOrEqual(t, len(fields), seatplan.MaxProblems)
			_, err := json.Marshal(fields)
			require.NoError(t, err)
			return
		}
		require.True(t, json.Valid(data))
		require.NotEmpty(t, p.SVG())
		canonical, err := p.Canonical()
		require.NoError(t, err)
		again, err := seatplan.Parse(canonical)
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

func BenchmarkParse20000(b *testing.B) {
	canonical, err := seatplan.LargeArena("Test").Canonical()
	require.NoError(b, err)
	b.SetBytes(int64(len(canonical)))
	for b.Loop() {
		_, err := seatplan.Parse(canonical)
		require.NoError(b, err)
	}
}
